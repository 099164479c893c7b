"""Lines of a manifest that are alike: padded to one length, and with the step file as an attribute of their object."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import IO, Optional

STEP_ATTRIBUTE = "platerunner-step"
_MOST_STEP = 1900
"""The longest step file, in bytes: S3 keeps 2 KB of attributes with an object, names included."""
_MOST_PADDING = 0.25
"""The most padding, as a share of the lines' own length."""


def common_length(lengths: Sequence[int]) -> Optional[int]:
    """The length that lines are padded to; None if they differ too much, or there is none."""
    longest = max(lengths, default=0)
    return longest if 0 < longest * len(lengths) <= (1 + _MOST_PADDING) * sum(lengths) else None


def pad(lines: IO[bytes], padded: IO[bytes], length: int) -> None:
    """Copy lines, with blanks at their ends.

    :param length: with the newline.
    """
    lines.seek(0)
    for line in lines:
        padded.write(line[:-1].ljust(length - 1) + b"\n")


def as_attribute(step: bytes) -> Optional[dict[str, str]]:
    """The step file as an object's attribute; None if it is too long for one."""
    packed = base64.b64encode(zlib.compress(step, 9)).decode()
    return {STEP_ATTRIBUTE: packed} if len(packed) <= _MOST_STEP else None


def step_of(attributes: Mapping[str, str]) -> Optional[bytes]:
    """The step file, if an object's attributes have it."""
    packed = attributes.get(STEP_ATTRIBUTE)
    return zlib.decompress(base64.b64decode(packed)) if packed else None
