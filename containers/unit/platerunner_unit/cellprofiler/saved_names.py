"""File names that SaveImages will give: two image sets with one name overwrite each other silently."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Optional

from platerunner_unit.cellprofiler.csv_rows import Rows
from platerunner_unit.cellprofiler.model import Cppipe, Module
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import PreflightProblem

# cellprofiler_core/measurement/_measurements.py 4.2.8, apply_metadata: a doubled backslash is a backslash, not a tag.
_TAG = re.compile(r"\(\?<(.+?)>\)|\\g<(.+?)>")


def check(cppipe: Cppipe, rows: Rows, sets: Optional[Sequence[int]]) -> Iterator[PreflightProblem]:
    """Modules that write fewer files than there are image sets.

    :param cppipe: as read.
    :param rows: LoadData's table; image set n is row n.
    :param sets: image sets asked for; None for all.
    """
    numbers = [n for n in (sets if sets is not None else range(1, len(rows.rows) + 1)) if 0 < n <= len(rows.rows)]
    for module in cppipe.enabled:
        if module.name == "SaveImages" and module.value("When to save") == "Every cycle" and _overwrites(module):
            names = Counter(name for n in numbers for name in [_name(module, rows, n)] if name is not None)
            name, count = names.most_common(1)[0] if names else ("", 0)
            if count > 1:
                sentence = f"{module.place} writes {count} image sets to one file, {name}: only one of them remains."
                yield PreflightProblem(Category.PARTIAL.value, sentence)


def _overwrites(module: Module) -> bool:
    return module.value("Overwrite existing files without warning?") == "Yes"


def _name(module: Module, rows: Rows, number: int) -> Optional[str]:
    """The file that an image set is saved to, with its folder; None if that is not known before the run."""
    folder = _filled(module.value("Output file location") or "", rows, number)
    method = module.value("Select method for constructing file names")
    if method == "Single name":
        stem = _filled(module.value("Enter single file name") or "", rows, number)
    elif method == "From image filename" and module.value("Create subfolders in the output folder?") == "No":
        stem = _cell(rows, number, f"FileName_{module.value('Select image name for file prefix')}")
    else:
        return None
    if folder is None or stem is None:
        return None
    return f"{folder.rpartition('|')[2]}/{stem}.{module.value('Saved file format')}".lstrip("/")


def _filled(template: str, rows: Rows, number: int) -> Optional[str]:
    """A template with its metadata; None if it needs metadata that the table does not have."""
    pieces = []
    for part in template.split("\\\\"):
        tags = {tag: _cell(rows, number, f"Metadata_{tag}") for found in _TAG.findall(part) for tag in found if tag}
        if None in tags.values():
            return None
        piece = part
        for tag, value in tags.items():
            piece = piece.replace(f"\\g<{tag}>", value or "").replace(f"(?<{tag}>)", value or "")
        pieces.append(piece)
    return "\\".join(pieces)


def _cell(rows: Rows, number: int, column: str) -> Optional[str]:
    for name in (column, f"Image_{column}"):
        if name in rows.columns:
            place = rows.columns.index(name)
            row = rows.rows[number - 1]
            return row[place] if place < len(row) else None
    return None
