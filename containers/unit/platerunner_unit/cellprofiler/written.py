"""What a pipeline writes, and where: outside the output folder nobody finds it, under another name neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from platerunner_unit.cellprofiler.inputs import Finding
from platerunner_unit.cellprofiler.model import Cppipe, Module
from platerunner_unit.cellprofiler.module_settings import own_name

# Modules whose settings name their files, and others of CellProfiler 4.2.8 that write some.
_TABLES, _IMAGES = "ExportToSpreadsheet", "SaveImages"
_WRITERS = {"CalculateStatistics", "ExportToACC", "ExportToDatabase", "SaveCroppedObjects"}
_PLACE = "Output file location"
_OUTSIDE = ("elsewhere", "default input", "default image", "same folder as image", "same as image", "absolute path")
_ROWS = "Process just a range of rows?"
MANY_ROWS = 10_000


def check(cppipe: Cppipe, expected: Sequence[str], rows: Optional[int]) -> Iterator[Finding]:
    """Settings that make CellProfiler leave work out, or write outputs where nobody finds them.

    :param cppipe: a pipeline without faults.
    :param expected: keys of the outputs, or their patterns.
    :param rows: of LoadData's table; None if not known.
    """
    yield from _left_out_rows(cppipe, rows)
    names = [key.rpartition("/")[2] for key in expected]
    yield from _unreachable(cppipe, names)
    yield from _renamed(cppipe, names)


def remarks(cppipe: Cppipe) -> Iterator[str]:
    """Files that are written to where nobody collects them, as sentences."""
    for module in cppipe.enabled:
        if _outside(module):
            yield f'{module.place} writes to "{module.value(_PLACE)}" (setting "{_PLACE}"): those files are not kept.'


def _left_out_rows(cppipe: Cppipe, rows: Optional[int]) -> Iterator[Finding]:
    for module in cppipe.enabled:
        first, _, last = (module.value("Rows to process") or "").partition(",")
        if module.name != "LoadData" or module.value(_ROWS) != "Yes" or not (first + last).strip().isdigit():
            continue
        most = MANY_ROWS if rows is None else rows
        if int(first) > 1 or int(last) < most:
            of = "" if rows is None else f" of {rows}"
            message = f'{module.place} processes the rows {first} to {last}{of} alone: its setting "{_ROWS}" is Yes'
            yield Finding(message, f'Set "{_ROWS}" to No; `dataset.where` chooses what is run.', module)


def _unreachable(cppipe: Cppipe, names: Sequence[str]) -> Iterator[Finding]:
    """Modules that write to elsewhere what is expected, where no other module can have written it."""
    writers = [module for module in cppipe.enabled if _ending(module)]
    for ending in sorted({_ending(module) for module in writers}):
        own = [module for module in writers if _ending(module) == ending]
        wanted = [name for name in names if name.lower().endswith(ending)]
        if wanted and all(map(_outside, own)) and not _others(cppipe):
            for module in own:
                place = f'"{module.value(_PLACE)}" (setting "{_PLACE}")'
                message = f"{module.place} writes to {place}, outside the output folder, and {wanted[0]} is expected"
                yield Finding(message, f'Set "{_PLACE}" to Default Output Folder.', module)


def _renamed(cppipe: Cppipe, names: Sequence[str]) -> Iterator[Finding]:
    """Tables that are expected by a name that no module gives."""
    tables = [module for module in cppipe.enabled if module.name == _TABLES]
    if not tables or _others(cppipe):
        return
    for name in names:
        if name.endswith(".csv") and not any(_may_begin(name, _prefix(module)) for module in tables):
            module = tables[0]
            message = (
                f'{module.place} puts "{_prefix(module)}" before its names (setting "Filename prefix"), and {name} '
                "is expected"
            )
            remedy = f'Set "Add a prefix to file names?" to No, or expect {_prefix(module)}{name}.'
            yield Finding(message, remedy, module)
            return


def _prefix(module: Module) -> str:
    return (module.value("Filename prefix") or "") if module.value("Add a prefix to file names?") == "Yes" else ""


def _may_begin(pattern: str, prefix: str) -> bool:
    """Whether a name by this pattern can begin with a prefix."""
    head, wildcard, _ = pattern.partition("{")
    return head.startswith(prefix) or bool(wildcard and prefix.startswith(head))


def _others(cppipe: Cppipe) -> bool:
    """Whether modules run that may write tables or images unknown here."""
    return any(module.name in _WRITERS or own_name(module.name) is None for module in cppipe.enabled)


def _outside(module: Module) -> bool:
    return (module.value(_PLACE) or "").strip().lower().startswith(_OUTSIDE)


def _ending(module: Module) -> str:
    """The suffix of a module's files, in lower case; empty if it writes none, or the run alone tells."""
    if module.name == _TABLES:
        return ".csv" if (module.value("Select the column delimiter") or "").startswith("Comma") else ""
    if module.name == _IMAGES and not (module.value("Select the type of image to save") or "").startswith("Movie"):
        return f".{(module.value('Saved file format') or '').lower()}".rstrip(".")
    return ""
