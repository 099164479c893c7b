"""What can be told of a unit's inputs before the tool is started, at the price of a few reads per file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.tools import images

STACK_HINT = (
    "Export a file for each plane, or a projection, and name these in the spec: "
    "`load_data` cannot name a plane of a file."
)


def check_files(files: Sequence[tuple[str, Path]], flat: Collection[Path] = ()) -> tuple[PreflightProblem, ...]:
    """Look at each input: is it there, not empty, whole by its own header, and one plane where the tool reads one.

    :param files: what a person calls the file (its key), and where it lies.
    :param flat: those of which the tool reads one plane.
    :returns: a problem per bad file, missing ones first.
    """
    found = []
    for name, path in files:
        bad = images.look(path, flat=path in flat)
        if bad is None:
            continue
        if bad.category is Category.PIPELINE_INVALID:
            sentence = f"The input {name} {bad.clause}, of which CellProfiler would read the first without a word."
            found.append(PreflightProblem(bad.category.value, sentence, STACK_HINT))
        else:
            found.append(PreflightProblem(bad.category.value, f"The input {name} {bad.clause}."))
    return tuple(sorted(found, key=lambda p: p.category))
