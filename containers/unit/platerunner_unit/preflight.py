"""What can be told of a unit's inputs before the tool is started, at the price of a few reads per file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from platerunner_unit import images
from platerunner_unit.category import Category
from platerunner_unit.evidence import PreflightProblem


def check_files(files: Sequence[tuple[str, Path]]) -> tuple[PreflightProblem, ...]:
    """Look at each input: is it there, not empty, and whole by its own header.

    :param files: what a person calls the file (its key), and where it lies.
    :returns: a problem per bad file, missing ones first.
    """
    found = []
    for name, path in files:
        clause = images.problem(path)
        if clause is not None:
            missing = clause == images.MISSING
            category = Category.INPUT_MISSING if missing else Category.INPUT_UNREADABLE
            found.append(PreflightProblem(category.value, f"The input {name} {clause}."))
    return tuple(sorted(found, key=lambda p: p.category))
