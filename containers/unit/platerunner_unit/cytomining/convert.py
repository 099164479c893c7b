"""convert: CellProfiler's tables of a plate as one Parquet file with a row per cell, by CytoTable."""

from __future__ import annotations

import csv
import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cytotable
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from parsl.config import Config
from parsl.executors import ThreadPoolExecutor

from platerunner_unit.cytomining.notes import listed, write_notes
from platerunner_unit.cytomining.sources import (
    COMPARTMENTS,
    PLATE,
    WELL,
    Place,
    Source,
    columns_of,
    read_rows,
    read_sources,
)
from platerunner_unit.imaging.unit import DataError, Unit

IMAGE, OBJECT = "Metadata_ImageNumber", "Metadata_ObjectNumber"
IDENTIFYING = ("ImageNumber", "ObjectNumber", "Parent_Cells", "Parent_Nuclei")
CHUNK, BATCH = 10_000, 2_000


@dataclass
class Written:
    """What went into the Parquet file.

    :param cells: plate and well to the number of its rows.
    :param columns: all of them.
    :param valued: columns that have a number in at least one row.
    """

    cells: Counter[Place] = field(default_factory=Counter)
    columns: Sequence[str] = ()
    valued: set[str] = field(default_factory=set)


def run(unit: Unit) -> None:
    """Write output ``cells``: a row per cell, with the metadata of its image set as text as written.

    :param unit: inputs ``image`` and one or more of ``cytoplasm``, ``cells``, ``nuclei``; or ``database``.
    :raises DataError: if a table is missing, or if a cell of any well would be.
    """
    target = unit.output("cells")
    assert target is not None
    with tempfile.TemporaryDirectory() as folder:
        sources = read_sources(unit, Path(folder) / "databases")
        tables = Path(folder) / "tables"
        images = _merge(sources, tables)
        joined = Path(folder) / "joined.parquet"
        _join(tables, joined, Path(folder))
        written = _write(joined, target.path, images)
    wanted: Counter[Place] = Counter()
    for source in sources:
        wanted.update(source.places())
    _check(unit, wanted, written)
    write_notes(unit, _notes(wanted, written))
    print(f"{len(wanted)} wells, {sum(wanted.values())} cells, {len(written.columns)} columns")


def _merge(sources: Sequence[Source], folder: Path) -> list[Mapping[str, str]]:
    """Write one table per compartment, its image sets numbered from 1 through all sources, since each began at 1.

    :returns: metadata of image 1, 2 and so on.
    """
    folder.mkdir()
    images: list[Mapping[str, str]] = []
    numbers: list[dict[int, int]] = []
    for source in sources:
        numbers.append({number: len(images) + index for index, number in enumerate(source.images, 1)})
        images.extend(source.images.values())
    for name in COMPARTMENTS:
        if name in sources[0].tables:
            _merge_tables([source.tables[name] for source in sources], numbers, folder / f"{name}.csv")
    # CytoTable wants a table of images before it takes ImageNumber for one.
    (folder / "image.csv").write_text("".join(f"{line}\n" for line in ("ImageNumber", *range(1, len(images) + 1))))
    return images


def _merge_tables(paths: Sequence[Path], numbers: Sequence[Mapping[int, int]], target: Path) -> None:
    """One table of many, without metadata, which comes from the tables of images."""
    headers = [columns_of(path) for path in paths]
    columns = [column for column in dict.fromkeys(itertools.chain(*headers)) if not column.startswith("Metadata_")]
    columns.remove("ImageNumber")
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["ImageNumber", *columns])
        for path, header, new in zip(paths, headers, numbers, strict=True):
            place = {column: index for index, column in enumerate(header)}
            picked = [place.get(column, -1) for column in columns]
            for row in read_rows(path):
                row.append("")
                number = new[int(float(row[place["ImageNumber"]]))]
                writer.writerow([number, *(row[index] for index in picked)])


def _join(tables: Path, target: Path, folder: Path) -> None:
    names = [name for name in COMPARTMENTS if (tables / f"{name}.csv").exists()]
    # CytoTable's own default starts servers on this machine; threads do the same work.
    threads = ThreadPoolExecutor(max_threads=max(1, min(4, len(os.sched_getaffinity(0)))))
    cytotable.convert(
        source_path=str(tables),
        dest_path=str(target),
        dest_datatype="parquet",
        metadata=("image",),
        compartments=tuple(names),
        identifying_columns=IDENTIFYING,
        joins=_joins(names),
        page_keys={**dict.fromkeys((*names, "image"), "ImageNumber"), "join": IMAGE},
        chunk_size=CHUNK,
        add_tablenumber=False,
        preset=None,
        parsl_config=Config(executors=[threads], run_dir=str(folder / "parsl"), usage_tracking=0),
    )


def _joins(names: Sequence[str]) -> str:
    """SQL that puts the compartments of a cell side by side, found by image and parent."""
    first, *others = names
    picked = [f"{first}.*", *(f"{name}.* EXCLUDE ({IMAGE}, {OBJECT})" for name in others)]
    joins = [
        f"JOIN read_parquet('{name}.parquet') AS {name} ON {name}.{IMAGE} = {first}.{IMAGE} "
        f"AND {name}.{OBJECT} = {first}.Metadata_{first.capitalize()}_Parent_{name.capitalize()}"
        for name in others
    ]
    return f"SELECT {', '.join(picked)} FROM read_parquet('{first}.parquet') AS {first} {' '.join(joins)}"  # noqa: S608  (names are ours)


def _write(joined: Path, target: Path, images: Sequence[Mapping[str, str]]) -> Written:
    """Add the metadata of the image sets, which a reader of CSV would take for numbers: plate ``0512`` is no 512."""
    written = Written()
    columns = list(dict.fromkeys(column for metadata in images for column in metadata))
    file = pq.ParquetFile(joined)
    target.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([*(pa.field(column, pa.string()) for column in columns), *file.schema_arrow])
    with pq.ParquetWriter(target, schema) as writer:
        for batch in file.iter_batches(BATCH):
            rows = [images[int(number) - 1] for number in batch[IMAGE].to_pylist()]
            told = [pa.array([row.get(column) for row in rows], pa.string()) for column in columns]
            writer.write_batch(pa.record_batch([*told, *batch.columns], schema=schema))
            written.cells.update((row[PLATE], row[WELL]) for row in rows)
            named = zip(batch.schema.names, batch.columns, strict=True)
            written.valued.update(name for name, values in named if _has_number(values))
    written.columns = schema.names
    return written


def _has_number(values: Any) -> bool:
    if pa.types.is_floating(values.type):
        return bool(pc.any(pc.is_finite(values)).as_py())
    return bool(values.null_count < len(values))


def _check(unit: Unit, wanted: Mapping[Place, int], written: Written) -> None:
    """Hold what was written against what CellProfiler's tables have, counted without CytoTable."""
    wrong = [place for place, count in wanted.items() if written.cells[place] != count]
    if wrong:
        plate, well = wrong[0]
        others = f", and of {len(wrong) - 1} more wells" if len(wrong) > 1 else ""
        raise DataError(
            f"{unit.name}: of plate {plate}, well {well}{others} the tables do not fit together: "
            f"{wanted[wrong[0]]} rows became {written.cells[wrong[0]]}"
        )


def _notes(wanted: Mapping[Place, int], written: Written) -> Iterable[str]:
    empty = [f"{plate} {well}" for (plate, well), count in wanted.items() if not count]
    if empty:
        yield f"{listed(empty, 'well')} without any cell."
    if blank := [column for column in written.columns if _is_feature(column) and column not in written.valued]:
        yield f"{listed(blank, 'feature')} without a value in any cell."


def _is_feature(column: str) -> bool:
    return not column.startswith("Metadata_")
