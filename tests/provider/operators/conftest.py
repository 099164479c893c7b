"""The lab whose wells are shell scripts."""

from tests.lab import aws, lab

__all__ = ["aws", "lab"]
