"""The outputs of a recorded run: which ones its pipeline promises, and what the Image table proves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.cellprofiler.model import Cppipe, Module
from platerunner_unit.contract.evidence import OutputFound
from platerunner_unit.tools import plausible

_HERE = "Default Output Folder"
_SUFFIXES = {
    "tiff": (".tif", ".tiff"), "jpeg": (".jpg", ".jpeg"), "png": (".png",), "npy": (".npy",), "h5": (".h5",),
    "avi": (".avi",), "mov": (".mov",),
}  # fmt: skip


def expected_outputs(
    folder: Path, run: dict[str, Any], pipeline: Optional[Cppipe], asks: str
) -> tuple[OutputFound, ...]:
    """What the enabled modules promise to write into the output folder, as found, and every other output.

    :param folder: the recorded run.
    :param run: its ``run.json``.
    :param pipeline: as read; None promises nothing.
    :param asks: see :class:`Evidence`.
    """
    if asks == "listing":
        printed = (folder / "stdout.txt").stat().st_size if (folder / "stdout.txt").is_file() else 0
        return (OutputFound("standard output", printed or None),)
    found = _found(folder, run)
    promised = [("Batch_data.h5", (".h5",))] if asks == "batch_file" else list(_promised(pipeline)) if pipeline else []
    missing = [
        OutputFound(name, None) for name, suffixes in promised if not any(o.key.endswith(suffixes) for o in found)
    ]
    return (*missing, *found)


def _found(folder: Path, run: dict[str, Any]) -> list[OutputFound]:
    outputs = run.get("outputs")
    found = []
    for output in outputs if isinstance(outputs, list) else []:
        path, size = str(output.get("path", "")), output.get("size")
        copy = folder / "outputs" / path
        problem = plausible.problem(copy) if copy.is_file() else "is empty (0 bytes)" if size == 0 else None
        found.append(OutputFound(path, size if isinstance(size, int) else None, problem))
    return found


def _promised(pipeline: Cppipe) -> Iterator[tuple[str, tuple[str, ...]]]:
    for module in pipeline.enabled:
        if not (module.value("Output file location") or _HERE).startswith(_HERE):
            continue
        if module.name == "ExportToSpreadsheet":
            yield "*.csv of ExportToSpreadsheet", (".csv", ".txt", ".tsv")
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
    """Image sets with a whole row in the Image table, from the table itself or from what the supervisor read of it."""
    tables = [plausible.image_table(path) for path in sorted((folder / "outputs").rglob("*.csv"))]
    whole = [n for table in tables if table is not None for n in table.whole]
    if any(table is not None for table in tables):
        return tuple(sorted(set(whole)))
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
