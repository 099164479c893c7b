"""CellProfiler's tables of a plate: grouped by well, counted, and refused when one of them is missing or cut."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from platerunner_unit.cytomining.notes import listed, write_notes
from platerunner_unit.cytomining.sources import read_sources
from platerunner_unit.imaging.unit import DataError, File, Unit

IMAGE = "ImageNumber,Metadata_Plate,Metadata_Well,Metadata_Site,Count_Cells\n"


def unit(folder: Path, wells: dict[str, dict[str, str]]) -> Unit:
    inputs: dict[str, tuple[File, ...]] = {}
    for well, tables in wells.items():
        for name, text in tables.items():
            path = folder / well / f"{name}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            inputs[name] = (*inputs.get(name, ()), File(path, {"plate": "0512", "well": well}))
    return Unit("plate=0512", inputs=inputs, notes=folder / "notes.txt")


def tables(well: str, cells: int) -> dict[str, str]:
    rows = "".join(f"1,{number}\n" for number in range(1, cells + 1))
    return {"image": f"{IMAGE}1,0512,{well},1,{cells}\n", "cells": f"ImageNumber,ObjectNumber\n{rows}"}


def test_cells_are_counted_by_plate_and_well_and_a_well_without_any_is_kept(tmp_path: Path) -> None:
    found = read_sources(unit(tmp_path, {"A01": tables("A01", 3), "A02": tables("A02", 0)}), tmp_path)
    assert [source.places() for source in found] == [{("0512", "A01"): 3}, {("0512", "A02"): 0}]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"cells": None}, "well A02 has image.csv, but no table for the input `cells`; run its analysis again"),
        ({"image": "ImageNumber,Metadata_Plate\n1,0512\n"}, "does not say its well; give the analysis `load_data:"),
        ({"cells": "ImageNumber,ObjectNumber\n7,1\n"}, "has objects of image 7, which Image.csv does not list"),
        ({"cells": "ImageNumber,ObjectNumber\n1,1\n1"}, "line 3 has 1 cells of 2; it was cut"),
        ({"cells": "ImageNumber,ObjectNumber\nx,1\n"}, "`ImageNumber` is 'x', so its rows belong to no image"),
    ],
)
def test_tables_that_would_lose_cells_are_refused(tmp_path: Path, change: dict[str, str | None], sentence: str) -> None:
    changed = {name: text for name, text in {**tables("A02", 2), **change}.items() if text is not None}
    with pytest.raises(DataError) as raised:
        read_sources(unit(tmp_path, {"A01": tables("A01", 1), "A02": changed}), tmp_path)
    assert sentence in str(raised.value)


def test_a_step_without_tables_of_objects_is_told_which_inputs_there_are(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give one of the inputs cytoplasm, cells, nuclei"):
        read_sources(unit(tmp_path, {"A01": {"image": tables("A01", 0)["image"]}}), tmp_path)


def test_notes_are_lines_of_the_file_that_the_runner_reads(tmp_path: Path) -> None:
    given = unit(tmp_path, {})
    write_notes(given, [f"{listed(list('abcdefg'), 'feature')} without a value."])
    write_notes(given, ["Second."])
    assert given.notes is not None
    assert given.notes.read_text() == "7 features (a, b, c, d, e and 2 more) without a value.\nSecond.\n"


def database(path: Path, tables: dict[str, str]) -> Unit:
    """A unit with an SQLite database: name of a table to its columns, and a row of its values."""
    with closing(sqlite3.connect(path)) as made, made:
        for name, text in tables.items():
            columns, *rows = (line.split(",") for line in text.splitlines())
            made.execute(f"CREATE TABLE {name} ({', '.join(f'{column} TEXT' for column in columns)})")
            made.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})", rows)
    return Unit("plate=0512", inputs={"database": (File(path, {"plate": "0512"}),)})


PER_IMAGE = "ImageNumber,Image_Metadata_Plate,Image_Metadata_Well\n1,0512,A01\n2,0512,A02\n"
PER_CELLS = "ImageNumber,Cells_Number_Object_Number,Cells_AreaShape_Area\n1,1,7.5\n1,2,8\n"


@pytest.mark.parametrize(
    "stored",
    [
        {"My_Per_Image": PER_IMAGE, "My_Per_Cells": PER_CELLS, "Experiment_Properties": "a\n1\n"},
        {
            "Image": PER_IMAGE.replace("Image_", ""),
            "Cells": "ImageNumber,ObjectNumber,AreaShape_Area\n1,1,7.5\n1,2,8\n",
        },
    ],
    ids=["ExportToDatabase", "cytominer-database"],
)
def test_a_database_has_the_tables_that_csv_has(tmp_path: Path, stored: dict[str, str]) -> None:
    (source,) = read_sources(database(tmp_path / "a.sqlite", stored), tmp_path / "out")
    assert source.places() == {("0512", "A01"): 2, ("0512", "A02"): 0}
    assert source.tables["cells"].read_text() == "ImageNumber,ObjectNumber,AreaShape_Area\n1,1,7.5\n1,2,8\n"


@pytest.mark.parametrize(
    ("stored", "sentence"),
    [
        ({"My_Per_Image": PER_IMAGE, "My_Per_Object": PER_CELLS}, "My_Per_Object; let ExportToDatabase make one table"),
        ({"Other": "a\n1\n"}, "no tables of images and of Cytoplasm, Cells or Nuclei; there are: Other"),
        ({"Per_Image": "ImageNumber,b\n1,2\n", "Per_Cells": PER_CELLS}, "does not say its plate"),
    ],
)
def test_a_database_that_would_lose_cells_is_refused(tmp_path: Path, stored: dict[str, str], sentence: str) -> None:
    with pytest.raises(DataError) as raised:
        read_sources(database(tmp_path / "a.sqlite", stored), tmp_path / "out")
    assert sentence in str(raised.value)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_text("ImageNumber,ObjectNumber\n" * 50)
    given = Unit("u", inputs={"database": (File(tmp_path / "a.sqlite", {}),)})
    with pytest.raises(DataError, match=r"a\.sqlite: cannot be read as an SQLite database"):
        read_sources(given, tmp_path / "out")
