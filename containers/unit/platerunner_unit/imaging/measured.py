"""What per-image tables add to a gate's report: heat maps of columns over the plate, and how the cycles are aligned."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.imaging import alignment, heatmap
from platerunner_unit.imaging.alignment import Limits
from platerunner_unit.imaging.page import Section, table
from platerunner_unit.imaging.plate_report import nearest, subject, values
from platerunner_unit.imaging.tables import FAILURES, Well, columns_of, read_rows, read_wells
from platerunner_unit.imaging.unit import DataError, File, Unit

MAX_SHIFT, MIN_CORRELATION = 50.0, 0.9
_ALIGN = "Align_Xshift_"


@dataclass
class Measured:
    """What the tables say.

    :param sections: of the page.
    :param numbers: ``columns`` and ``alignment``, for the gate's checks.
    :param used: tables that were read; the others do not count.
    """

    sections: list[Section] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)
    used: list[File] = field(default_factory=list)


def measured(unit: Unit, files: Sequence[File]) -> Measured:
    """Read all tables that can be read.

    :param unit: parameters ``columns`` (names of columns; ``Failures`` for image sets in which a module failed),
        ``max_shift`` (pixels) and ``min_correlation``.
    :param files: all inputs; tables of objects are left alone.
    :raises DataError: if a column that is asked for is in no table.
    """
    headed = [(file, columns_of(file)) for file in files if file.path.suffix.lower() == ".csv"]
    headed = [(file, header) for file, header in headed if "ImageNumber" in header and "ObjectNumber" not in header]
    tables = [file for file, _ in headed]
    found = Measured()
    if wanted := _wanted(unit):
        found.used += tables
        _add_columns(found, unit, tables, wanted)
    aligned = [file for file, header in headed if any(column.startswith(_ALIGN) for column in header)]
    if aligned:
        found.used += [file for file in aligned if file not in found.used]
        _add_alignment(found, unit, aligned)
    return found


def _wanted(unit: Unit) -> list[str]:
    columns = unit.params.get("columns") or []
    if not isinstance(columns, list) or not all(isinstance(column, str) for column in columns):
        raise DataError(f"parameter `columns` is {columns!r}; it must be a list of column names")
    return columns


def _add_columns(found: Measured, unit: Unit, tables: Sequence[File], wanted: Sequence[str]) -> None:
    wells, columns = read_wells(tables)
    for column in wanted:
        if column not in (*columns, FAILURES) or not wells:
            raise DataError(
                f"{unit.name}: the {len(tables)} per-image tables have no numeric column `{column}`"
                f"{nearest(column, columns)}"
            )
        for plate in sorted({well.plate for well in wells}, key=natural_key):
            _add_heatmap(found, plate, [well for well in wells if well.plate == plate], column)


def _add_heatmap(found: Measured, plate: str, wells: Sequence[Well], column: str) -> None:
    of_well = values(wells, column)
    if not of_well:
        return
    title = f"{column} over plate {plate}" if plate else f"{column} over the plate"
    picture = heatmap.draw(plate, of_well, subject(column))
    found.sections.append(Section(title, picture=picture))
    seen = sorted(of_well.values())
    summary = {"wells": len(seen), "min": seen[0], "median": statistics.median(seen), "max": seen[-1]}
    found.numbers.setdefault("columns", {}).setdefault(column, {})[plate] = summary


def _add_alignment(found: Measured, unit: Unit, tables: Sequence[File]) -> None:
    limits = Limits(unit.number("max_shift", MAX_SHIFT, 0, 1e6), unit.number("min_correlation", MIN_CORRELATION, -1, 1))
    sites = alignment.sites(read_rows(tables))
    images = alignment.numbers(sites, limits)
    beyond = alignment.misaligned(sites, limits)
    found.numbers["alignment"] = {**images, "misaligned_sites": beyond}
    wanted = f"Wanted: shifts of at most {limits.shift:g} pixels, correlations of at least {limits.correlation:g}."
    said = f"{wanted} {beyond or 'No'} site{'s are' if beyond > 1 else ' is'} beyond that."
    bad = [name for name, summary in images.items() if summary["misaligned"]]
    found.sections.append(table("Alignment of the cycles", images, said, bad))
    if beyond:
        found.sections.append(_worst(list(_told(alignment.worst(sites, limits)))))


def _worst(rows: Sequence[Sequence[Any]]) -> Section:
    heads = ["Plate", "Well", "Site", "Image", "Shift", "Correlation"]
    return Section("Sites that are beyond it, the worst first", heads=heads, rows=rows)


def _told(sites: Sequence[alignment.Site]) -> Iterator[Sequence[Any]]:
    for site in sites:
        yield site.plate, site.well, site.site, site.image, site.shift, site.correlation
