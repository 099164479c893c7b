"""From the mapping of a step to the rows and columns of CellProfiler's LoadData; pure, nothing is read or written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.manifest import InputFile, LoadData, UnitTask
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.words import and_more

InputFileKey = tuple[str, str]
_Row = tuple[str, ...]
_ColumnName = tuple[str, str]
"""``images`` or ``objects``, and the name."""


class LoadDataError(Exception):
    """The table cannot be made; carries the problem for the judge.

    :param problem: category, sentence and hint.
    """

    def __init__(self, category: str, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.problem = PreflightProblem(category, f"{sentence}.", hint)


@dataclass(frozen=True)
class Table:
    """A LoadData table.

    :param columns: ``FileName_x`` and ``PathName_x`` pairs, then ``Metadata_y``.
    :param rows: image set n is row n, from 1; as many cells as columns.
    :param labels: what a person calls each row, e.g. ``plate P1, well A01, site 2``.
    :param numbers: the columns among them that the spec declares as numbers (``{site:int}``).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    def to_csv(self) -> str:
        """As LoadData reads it."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return text.getvalue()


def build(
    mapping: LoadData,
    unit: UnitTask,
    paths: Mapping[InputFileKey, Path],
    plane_of: Callable[[str, InputFile], Optional[tuple[int, int]]] = lambda _name, _file: None,
) -> Table:
    """Make the table of a unit: a row per distinct combination of the metadata wildcards, in natural order.

    A file that lacks some of these wildcards (an illumination function per plate) serves every row that it does not
    contradict.

    :param mapping: column pattern to input, metadata column to wildcard.
    :param paths: (root, key) of each input to where it is staged.
    :param plane_of: for an input's name and a file of it, series and frame; None for a file with one picture.
    :raises LoadDataError: if a row lacks a file (``input_missing``), a cell has two, a column pattern or an input is
        unknown (``pipeline_invalid``), or there is no row at all (``nothing_matched``).
    """
    cells = list(_cells(mapping, unit))
    wildcards = list(mapping.metadata.values())
    rows = _rows(cells, wildcards)
    images = {name: _Column(group, wildcards) for name, group in _by_column(cells)}
    told = {cell.column: f"`{cell.column[1]}` (`{cell.told}`)" for cell in cells}
    names = {cell.column: cell.input for cell in cells}
    stacked = {cell.column for cell in cells if plane_of(cell.input, cell.file) is not None}
    table = []
    for row in rows:
        texts: list[str] = []
        for name, column in images.items():
            file = _the_file(told[name], column.find(row), row, wildcards)
            path, plane = paths[(file.root, file.key)], plane_of(names[name], file)
            # A reader stays at the last series it was given, so that each row gives one.
            texts += [path.name, str(path.parent), *(map(str, plane or (0, 0)) if name in stacked else ())]
        table.append((*texts, *row))
    labels = tuple(_label(row, wildcards) for row in rows)
    columns = [f"{kind}_{image[1]}" for image in images for kind in _kinds(image, image in stacked)]
    numbers = tuple(f"Metadata_{name}" for name, wildcard in mapping.metadata.items() if _is_number(wildcard, unit))
    header = (*columns, *(f"Metadata_{name}" for name in mapping.metadata))
    return _with_well(Table(header, tuple(table), labels, numbers))


def _kinds(column: _ColumnName, stacked: bool) -> Iterator[str]:  # noqa: FBT001
    """What LoadData's columns of an image, or of objects, begin with."""
    before = "Objects" if column[0] == "objects" else ""
    yield from (f"{before}{kind}" for kind in ("FileName", "PathName"))
    if stacked:
        yield from (f"{before}{kind}" for kind in ("Series", "Frame"))


def _is_number(wildcard: str, unit: UnitTask) -> bool:
    """Whether a wildcard's values are numbers everywhere, since the spec says so."""
    files = (file.values for files in unit.inputs.values() for file in files)
    found = [values[wildcard] for values in (unit.values, *files) if wildcard in values]
    return bool(found) and all(isinstance(value, int) for value in found)


LEFT_OUT = "Metadata_LeftOut"
NONE_LEFT_OUT = "none"
_SHOWN = 20


def with_left_out(table: Table, keys: Sequence[str]) -> Table:
    """A table in which each row names the files that the unit goes on without, as CellProfiler's own tables then do.

    :param keys: of these files; the column is there without any, too, so that tables of all units have the same.
    """
    told = "; ".join(keys[:_SHOWN]) + and_more(len(keys) - _SHOWN) or NONE_LEFT_OUT
    rows = tuple((*row, told) for row in table.rows)
    return Table((*table.columns, LEFT_OUT), rows, table.labels, table.numbers)


# Metadata that CellProfiler itself makes a well of if there is none: cellprofiler_core/utilities/measurement.py.
WELL_ROWS = frozenset({"wellrow", "well_row", "row"})
WELL_COLUMNS = frozenset({"wellcol", "well_col", "wellcolumn", "well_column", "column", "col"})


def _with_well(table: Table) -> Table:
    """A table with a well of our own where CellProfiler's, row and column in one word, would be ambiguous.

    Rows that are numbers make CellProfiler 4.2.8 stop; as text, row 1 and column 11 would be the well of row 11 and
    column 1.
    """
    places = {name[9:].lower(): i for i, name in enumerate(table.columns) if name.startswith("Metadata_")}
    rows = [i for name, i in places.items() if name in WELL_ROWS]
    columns = [i for name, i in places.items() if name in WELL_COLUMNS]
    if "well" in places or not rows or not columns or not any(row[rows[-1]][-1:].isdigit() for row in table.rows):
        return table
    cells = tuple((*row, f"r{row[rows[-1]]}c{row[columns[-1]]}") for row in table.rows)
    return Table((*table.columns, "Metadata_Well"), cells, table.labels, table.numbers)


def names_at_risk(table: Table) -> tuple[str, ...]:
    """What CellProfiler's own LoadData would write otherwise, each once: ``plate 0512 as 512``.

    It takes a column for numbers if all of its cells look like numbers to Python.
    """
    found = []
    for i, column in enumerate(table.columns):
        if column.startswith("Metadata_") and column not in table.numbers:
            texts = dict.fromkeys(row[i] for row in table.rows)
            found += [f"{column[9:]} {text} as {cast}" for text, cast in _cast(list(texts)) if text != cast]
    return tuple(found)


def _cast(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Cells and what LoadData makes of them: ``get_loaddata_type`` of cellprofiler_core 4.2.8."""
    try:
        whole = [int(text) for text in texts]
    except ValueError:
        whole = []
    if any(abs(number) >= 2**31 for number in whole):
        return  # too large for it: such a column stays text
    try:
        numbers: Sequence[float] = whole or [float(text) for text in texts]
    except ValueError:
        return
    yield from zip(texts, map(str, numbers))  # noqa: B905  (Python 3.9)


def _by_column(cells: Sequence[_Cell]) -> Iterator[tuple[_ColumnName, list[_Cell]]]:
    groups: dict[_ColumnName, list[_Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.column, []).append(cell)
    for name in sorted(groups, key=lambda column: (column[0], natural_key(column[1]))):
        yield name, groups[name]


@dataclass(frozen=True)
class _Cell:
    """A file and its column; ``values`` are its own and the unit's, as text, ``told`` is the line of `load_data`."""

    column: _ColumnName
    file: InputFile
    values: Mapping[str, str]
    told: str = ""
    input: str = ""


class _Column:
    """The files of one column, found by row in constant time: a plate has tens of thousands of cells."""

    def __init__(self, cells: Iterable[_Cell], wildcards: Sequence[str]) -> None:
        # Files of one column may know different wildcards: positions of the known ones -> their values -> files.
        self._files: dict[tuple[int, ...], dict[_Row, dict[tuple[Hashable, ...], InputFile]]] = {}
        for cell in cells:
            known = tuple(i for i, wildcard in enumerate(wildcards) if wildcard in cell.values)
            row = tuple(cell.values[wildcards[i]] for i in known)
            # The values of planes of one file distinguish them.
            which = (cell.file.root, cell.file.key, *sorted(cell.values.items()))
            self._files.setdefault(known, {}).setdefault(row, {})[which] = cell.file

    def find(self, row: _Row) -> list[InputFile]:
        """All files that do not contradict a row."""
        fitting = (rows.get(tuple(row[i] for i in known), {}) for known, rows in self._files.items())
        return [file for files in fitting for file in files.values()]


def _cells(mapping: LoadData, unit: UnitTask) -> Iterator[_Cell]:
    mapped = [("images", *each) for each in mapping.images.items()]
    for kind, pattern, name in [*mapped, *(("objects", *each) for each in mapping.objects.items())]:
        if name not in unit.inputs:
            raise LoadDataError(
                "pipeline_invalid", f"load_data: `{pattern}: {name}` names no input of this step", MAPPING_HINT
            )
        for file in unit.inputs[name]:
            values = {wildcard: str(value) for wildcard, value in {**unit.values, **file.values}.items()}
            yield _Cell((kind, _column_name(pattern, values, file)), file, values, f"{pattern}: {name}", name)


def _column_name(pattern: str, values: Mapping[str, str], file: InputFile) -> str:
    try:
        return Pattern.parse(pattern).format(values)
    except PatternError as error:
        clause = f"load_data, for {file.key}: `{pattern}` names no column: {error}"
        raise LoadDataError("pipeline_invalid", clause, MAPPING_HINT) from error


def _rows(cells: Sequence[_Cell], wildcards: Sequence[str]) -> list[_Row]:
    full = (cell.values for cell in cells if all(w in cell.values for w in wildcards))
    rows = {tuple(values[w] for w in wildcards) for values in full}
    if rows:
        return sorted(rows, key=lambda row: [natural_key(value) for value in row])
    if cells:
        clause = f"load_data: no input has all of the metadata {', '.join(wildcards)}"
        raise LoadDataError("pipeline_invalid", clause, MAPPING_HINT)
    clause = "load_data: the unit has no input files, so there is no image set"
    raise LoadDataError("nothing_matched", clause, "Compare the step's `inputs` with the files that there are.")


def _the_file(image: str, files: Sequence[InputFile], row: _Row, wildcards: Sequence[str]) -> InputFile:
    name = _label(row, wildcards)
    if not files:
        clause = f"{name}: no file for the LoadData column {image}"
        raise LoadDataError("input_missing", clause, MISSING_HINT)
    if len(files) > 1:
        raise _two_files(name, image, files, wildcards)
    return files[0]


def _two_files(row: str, image: str, files: Sequence[InputFile], wildcards: Sequence[str]) -> LoadDataError:
    """Two files for one cell: they differ in a wildcard that `load_data` lacks, or in none."""
    first, second = sorted(files, key=lambda file: file.key)[:2]
    more = f" (and {len(files) - 2} more)" if len(files) > 2 else ""
    clause = f"{row}: {first.key} and {second.key}{more} both want the LoadData column {image}"
    apart = [
        f"`{{{name}}}`"
        for name in first.values
        if name not in wildcards and first.values[name] != second.values.get(name)
    ]
    if apart:
        names = " and ".join(apart)
        hint = f"Put {names}, which tells the two apart, into `load_data`, as metadata or in the column's name."
        return LoadDataError("pipeline_invalid", f"{clause}; {names} differs", hint)
    one, other = _difference(first.key, second.key)
    hint = (
        f"Give what differs (`{one}`, `{other}`) a wildcard in the pattern of the files, in place of its `*`, and use "
        "that in `load_data`; or exclude one of the two with a reason."
    )
    return LoadDataError("pipeline_invalid", f"{clause}; no wildcard tells `{one}` from `{other}`", hint)


def _difference(one: str, other: str) -> tuple[str, str]:
    """What two keys do not have in common, whole words of them: ``0901`` and ``1130``."""
    parts, others = (re.split(r"([^A-Za-z0-9]+)", key) for key in (one, other))
    start = _agreeing(parts, others)
    end = _agreeing(parts[:start:-1], others[:start:-1])
    return "".join(parts[start : len(parts) - end]), "".join(others[start : len(others) - end])


def _agreeing(parts: Sequence[str], others: Sequence[str]) -> int:
    """How many parts agree before the first that does not."""
    pairs = enumerate(zip(parts, others))  # noqa: B905  (Python 3.9)
    return next((i for i, (part, other) in pairs if part != other), min(len(parts), len(others)))


MAPPING_HINT = (
    "Correct the step's `load_data` in the spec: an image's column comes from an input, metadata from wildcards."
)
MISSING_HINT = "Upload the file, or exclude the image set in the spec with a reason, then clear the task."


def _label(row: _Row, wildcards: Sequence[str]) -> str:
    return ", ".join(f"{wildcard} {value}" for wildcard, value in zip(wildcards, row))  # noqa: B905  (Python 3.9)
