"""The lab whose wells are shell scripts."""

import pytest
from tests.lab import aws, lab

from platerunner.batch import submit

__all__ = ["aws", "lab"]


@pytest.fixture(autouse=True)
def settling(monkeypatch):
    """ListJobs of the embedded cloud lags behind only where a test says so, by less than this."""
    monkeypatch.setattr(submit, "SETTLE_S", 1.0)
