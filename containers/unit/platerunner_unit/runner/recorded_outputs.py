"""The outputs of a recorded run: which ones its pipeline promises, and what the Image table proves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.cellprofiler import csv_rows
from platerunner_unit.cellprofiler.csv_rows import Rows
from platerunner_unit.cellprofiler.model import Cppipe, Module
from platerunner_unit.contract.evidence import OutputFound
from platerunner_unit.tools import images
from platerunner_unit.tools.image_table import image_table

_HERE = "Default Output Folder"
_SUFFIXES = {
    "tiff": (".tif", ".tiff"), "jpeg": (".jpg", ".jpeg"), "png": (".png",), "npy": (".npy",), "h5": (".h5",),
    "avi": (".avi",), "mov": (".mov",),
}  # fmt: skip


def expected_outputs(
    folder: Path, run: dict[str, Any], pipeline: Optional[Cppipe], asks: str, asked: Optional[Rows] = None
) -> tuple[OutputFound, ...]:
    """What the enabled modules promise to write into the output folder, as found, and every other output.

    :param folder: the recorded run.
    :param run: its ``run.json``.
    :param pipeline: as read; None promises nothing.
    :param asks: see :class:`Evidence`.
    :param asked: the LoadData table of the run; None if there is none.
    """
    if asks == "listing":
        printed = (folder / "stdout.txt").stat().st_size if (folder / "stdout.txt").is_file() else 0
        return (OutputFound("standard output", printed or None),)
    found = _found(folder, run, asked)
    promised = [("Batch_data.h5", (".h5",))] if asks == "batch_file" else list(_promised(pipeline)) if pipeline else []
    missing = [
        OutputFound(name, None) for name, suffixes in promised if not any(o.key.endswith(suffixes) for o in found)
    ]
    return (*missing, *found)


def _found(folder: Path, run: dict[str, Any], asked: Optional[Rows]) -> list[OutputFound]:
    outputs = run.get("outputs")
    found = []
    for output in outputs if isinstance(outputs, list) else []:
        path, size = str(output.get("path", "")), output.get("size")
        copy = folder / "outputs" / path
        problem = "is empty (0 bytes)" if size == 0 else None
        if copy.is_file():
            problem = images.problem(copy) or (_foreign(copy, asked) if path.endswith("Image.csv") else None)
        found.append(OutputFound(path, size if isinstance(size, int) else None, problem))
    return found


def _foreign(path: Path, asked: Optional[Rows]) -> Optional[str]:
    """Why an Image table is not this run's, as a clause: its metadata has values that no image set of the run has.

    LoadData reads numbers in metadata as such: 05 and 5.0 are one value.
    """
    table = csv_rows.read(path)
    if table is None or "ImageNumber" not in {cell for name in table.columns for cell in name.split("\t")}:
        return "has no column `ImageNumber`, as CellProfiler's Image table has one"
    if asked is None:
        return None
    for name in asked.columns:
        if name.startswith("Metadata_") and name in table.columns:
            others = sorted(_values(table, name) - _values(asked, name))
            if others:
                return f"is of another run: its {name} has `{others[0]}`, which no image set of this run has"
    return None


def _values(rows: Rows, column: str) -> set[str]:
    place = rows.columns.index(column)
    return {_as_number(row[place]) for row in rows.rows if place < len(row)} - {""}


def _as_number(cell: str) -> str:
    try:
        return repr(float(cell))
    except ValueError:
        return cell


def _promised(pipeline: Cppipe) -> Iterator[tuple[str, tuple[str, ...]]]:
    for module in pipeline.enabled:
        if not (module.value("Output file location") or _HERE).startswith(_HERE):
            continue
        if module.name == "ExportToSpreadsheet":
            table = "Image" if module.value("Export all measurement types?") == "Yes" else ""
            yield f"*{table}.csv of ExportToSpreadsheet", (f"{table}.csv", f"{table}.txt", f"{table}.tsv")
        elif module.name == "SaveImages":
            yield from _saved(module)
        elif module.name == "ExportToDatabase" and module.value("Database type") == "SQLite":
            yield "*.db of ExportToDatabase", (".db", ".sqlite")


def _saved(module: Module) -> Iterator[tuple[str, tuple[str, ...]]]:
    suffixes = _SUFFIXES.get((module.value("Saved file format") or "").lower())
    if suffixes:
        name = module.value("Select the image to save") or module.value("Select the objects to save") or "?"
        yield f"*{suffixes[-1]} of SaveImages for {name}", suffixes


def sets_in_table(folder: Path, run: dict[str, Any]) -> Optional[tuple[int, ...]]:
    """Image sets with a whole row in the Image table, from the table itself or from what the supervisor read of it.

    What several tables have is there once; what one has twice is there twice.
    """
    tables = [image_table(path) for path in sorted((folder / "outputs").rglob("*.csv"))]
    if any(table is not None for table in tables):
        rows = reduce(or_, (Counter(table.whole) for table in tables if table is not None))
        return tuple(sorted(rows.elements()))
    outputs = run.get("outputs")
    told = [o for o in outputs if isinstance(o, dict) and "image_numbers" in o] if isinstance(outputs, list) else []
    return tuple(sorted({n for output in told for n in _told(output)})) if told else None


def _told(output: dict[str, Any]) -> Iterator[int]:
    numbers = output["image_numbers"]
    columns = [values for values in output.values() if isinstance(values, list) and len(values) == len(numbers)]
    for row in zip(*columns):  # noqa: B905 (Python 3.9 has no strict)
        number = row[columns.index(numbers)]
        if str(number).isdigit() and all(cell != "" for cell in row):
            yield int(number)
