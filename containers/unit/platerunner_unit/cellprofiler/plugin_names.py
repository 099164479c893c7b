"""The modules that plugins bring, by their text: nothing is imported."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

# CellProfiler knows a plugin by its class, or by the name that the class gives itself.
_PLUGIN_NAME = re.compile(r"^class\s+(\w+)|\bmodule_name\s*=\s*[\"'](\w+)", re.MULTILINE)


def names_of(files: Iterable[Path]) -> set[str]:
    """Names that the modules in these files may have.

    :param files: Python.
    """
    texts = (path.read_text(errors="replace") for path in files)
    return {name for text in texts for names in _PLUGIN_NAME.findall(text) for name in names if name}
