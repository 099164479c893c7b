"""What tests of several rooms share: the real CellProfiler."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def cellprofiler() -> str:
    """The real program; where it is missing the test is skipped, but fails in CI."""
    own = CHECKOUT / ".cellprofiler" / "bin" / "cellprofiler"
    candidates = (os.environ.get("PLATERUNNER_CELLPROFILER"), str(own), "cellprofiler")
    for candidate in candidates:
        if candidate and shutil.which(candidate):
            return candidate
    reason = "no CellProfiler: run `make cellprofiler`, or set PLATERUNNER_CELLPROFILER"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
