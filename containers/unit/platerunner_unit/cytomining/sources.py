"""The tables that CellProfiler wrote of a plate: a set per unit of the analysis, with its image sets and cells."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from platerunner_unit.cytomining.database import export_tables
from platerunner_unit.imaging.unit import DataError, File, Unit

COMPARTMENTS = ("cytoplasm", "cells", "nuclei")
"""Inputs of objects; the first that a step has gives the rows."""
PLATE, WELL = "Metadata_Plate", "Metadata_Well"
Place = tuple[str, str]


@dataclass(frozen=True)
class Source:
    """The tables of one unit of the analysis.

    :param name: for people, such as ``plate P1, well A01``.
    :param tables: input name to its table: ``image`` and compartments.
    :param images: image number to its metadata columns, as text as written.
    :param objects: image number to the number of rows of the first compartment.
    """

    name: str
    tables: Mapping[str, Path]
    images: Mapping[int, Mapping[str, str]]
    objects: Mapping[int, int]

    def places(self) -> dict[Place, int]:
        """Plate and well to the number of cells that its tables have; 0 for a well without any."""
        found: Counter[Place] = Counter()
        for number, metadata in self.images.items():
            found[metadata[PLATE], metadata[WELL]] += self.objects.get(number, 0)
        return dict(found)


def read_sources(unit: Unit, folder: Path) -> list[Source]:
    """Group a unit's tables by the unit that wrote them, and count their rows.

    :param unit: inputs ``image`` and at least one of :data:`COMPARTMENTS`, or ``database``.
    :param folder: for the tables of databases.
    :raises DataError: if a table is missing, does not say its plate and well, or has objects of no image set.
    """
    if unit.inputs.get("database"):
        return _of_databases(unit, folder)
    names = [name for name in COMPARTMENTS if unit.inputs.get(name)]
    if not names:
        inputs = f"{', '.join(COMPARTMENTS)}, or `database`"
        raise DataError(f"{unit.name}: there is no table of objects; give one of the inputs {inputs}")
    tables: dict[tuple[tuple[str, str], ...], dict[str, File]] = {}
    for name in ("image", *names):
        for file in unit.images(name):
            tables.setdefault(tuple(sorted(file.values.items())), {})[name] = file
    return [_source(values, found, ("image", *names)) for values, found in tables.items()]


def _of_databases(unit: Unit, folder: Path) -> list[Source]:
    """The tables of SQLite databases; the kinds of objects that the first has, all must have."""
    sources: list[Source] = []
    for index, file in enumerate(unit.files("database")):
        tables = export_tables(file.path, folder / str(index))
        kinds = [name for name in COMPARTMENTS if name in (sources[0].tables if sources else tables)]
        found = {name: File(path, file.values) for name, path in tables.items()}
        sources.append(_source(tuple(sorted(file.values.items())), found, ("image", *kinds)))
    return sources


def columns_of(path: Path) -> list[str]:
    """The header of a table."""
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return next(csv.reader(stream), [])


def _source(values: Sequence[tuple[str, str]], found: Mapping[str, File], names: Sequence[str]) -> Source:
    name = ", ".join(f"{wildcard} {value}" for wildcard, value in values) or "the unit"
    missing = [each for each in names if each not in found]
    if missing:
        there = next(iter(found.values())).path.name
        raise DataError(f"{name} has {there}, but no table for the input `{missing[0]}`; run its analysis again")
    tables = {each: found[each].path for each in names}
    images = {_number(tables["image"], row): _metadata(row) for row in _rows(tables["image"])}
    _check_places(tables["image"], name, images)
    objects = Counter(_number(tables[names[1]], row) for row in _rows(tables[names[1]]))
    stray = next((number for number in objects if number not in images), None)
    if stray is not None:
        raise DataError(f"{name}: {tables[names[1]].name} has objects of image {stray}, which Image.csv does not list")
    return Source(name, tables, images, objects)


def _metadata(row: Mapping[str, str]) -> dict[str, str]:
    return {column: value for column, value in row.items() if column.startswith("Metadata_")}


def _check_places(path: Path, name: str, images: Mapping[int, Mapping[str, str]]) -> None:
    for column in (PLATE, WELL):
        if any(not metadata.get(column) for metadata in images.values()):
            wanted = "give the analysis `load_data: {metadata: [plate, well, site]}`"
            raise DataError(
                f"{name}: {path.name} does not say its {column.removeprefix('Metadata_').lower()}; {wanted}"
            )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    header = columns_of(path)
    return (dict(zip(header, row, strict=True)) for row in read_rows(path))


def read_rows(path: Path) -> Iterator[list[str]]:
    """The rows of a table below its header.

    :raises DataError: if it is no table, or if a row is cut.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream)
            width = len(next(reader, []))
            for row in reader:
                if len(row) != width:
                    raise DataError(f"{path.name}: line {reader.line_num} has {len(row)} cells of {width}; it was cut")
                yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path.name}: cannot be read as a table: {error}") from error


def _number(path: Path, row: Mapping[str, str]) -> int:
    text: Optional[str] = row.get("ImageNumber")
    try:
        return int(float(text or ""))
    except ValueError:
        raise DataError(f"{path.name}: `ImageNumber` is {text!r}, so its rows belong to no image") from None
