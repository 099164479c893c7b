"""Names stay names: plates and wells that look like numbers, through the real CellProfiler."""

from __future__ import annotations

import csv
import hashlib
import io
import sqlite3
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.unit.bench import Bench
from tests.unit.test_cellprofiler import pipeline

from platerunner_unit.contract.manifest import InputFile, LoadData, OutputFile, ToolFile, UnitTask

pytestmark = pytest.mark.cellprofiler
# One group each, though LoadData of its own takes the first two, and the last two, for one plate.
PLATES = ("0512", "512", "12E4", "1_000", "1000")
METADATA = {"Plate": "plate", "Row": "row", "Col": "col", "Well": "well", "Site": "site"}


def image(bench: Bench, plate: str, site: int, **more: object) -> InputFile:
    path = Path(bench.data) / f"{plate}_s{site}.tif"
    spots = np.zeros((64, 64), np.uint16)
    spots[20:30, 20:30] = 20_000
    spots[40:50, 34:46] = 30_000
    tifffile.imwrite(path, spots + np.random.default_rng(site).integers(0, 900, (64, 64), np.uint16))
    values = {"plate": plate, "well": "A01", "site": site, "row": "02", "col": "03", **more}
    return InputFile(path.name, "data", path.stat().st_size, "e", values)


def rows(bench: Bench, key: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(bench.store.get(key).decode())))


@pytest.fixture
def has_mysqlclient(cellprofiler: str) -> None:
    """ExportToDatabase needs it, for SQLite too."""
    python = Path(cellprofiler).with_name("python")
    if subprocess.run([python, "-c", "import MySQLdb"], capture_output=True, check=False).returncode:
        pytest.skip("this CellProfiler has no mysqlclient, so that ExportToDatabase cannot run")


def unit(files: list[InputFile], tables: tuple[str, ...]) -> UnitTask:
    plates = dict.fromkeys(str(file.values["plate"]) for file in files)
    saved = tuple(OutputFile(f"images/{plate}/{plate}_A01_s1.tiff", {"plate": plate}) for plate in plates)
    made = {"saved": saved, "tables": tuple(OutputFile(name) for name in tables)}
    return UnitTask("all", {}, "f1", inputs={"i": tuple(files)}, outputs=made)


def test_tables_groups_folders_and_file_names_carry_names_as_they_are_written(bench: Bench) -> None:
    files = [image(bench, plate, 1) for plate in PLATES]
    mapping = LoadData({"OrigDNA": "i"}, METADATA)
    step = bench.step(tool="cellprofiler", files=pipeline(bench, "names.cppipe"), load_data=mapping)
    ran = bench.run(step, unit(files, ("Image.csv", "Nuclei.csv", "Experiment.csv")))
    assert ran.category == "succeeded", ran.stdout.decode()
    assert ran.outcome is not None
    assert "Plate 0512 as 512" not in ran.outcome.evidence["names_at_risk"], "a column with 12E4 is no whole number"
    header, *images = rows(bench, "Image.csv")
    column = header.index("Metadata_Plate")
    assert sorted(row[column] for row in images) == sorted(PLATES)
    assert [row[header.index("Group_Index")] for row in images] == ["1"] * 5, "each plate is a group of its own"
    assert {row[header.index("Metadata_Row")] for row in images} == {"02"}
    header, *nuclei = rows(bench, "Nuclei.csv")
    assert {row[header.index("Metadata_Plate")] for row in nuclei} == set(PLATES)


@pytest.mark.parametrize("written", [("0512", "512"), ("12E4", "120000")], ids=str)
def test_two_plates_never_become_one(bench: Bench, written: tuple[str, str]) -> None:
    mapping = LoadData({"OrigDNA": "i"}, METADATA)
    step = bench.step(tool="cellprofiler", files=pipeline(bench, "names.cppipe"), load_data=mapping)
    ran = bench.run(step, unit([image(bench, plate, 1) for plate in written], ("Image.csv",)))
    assert ran.category == "succeeded", ran.stdout.decode()
    assert ran.outcome is not None
    assert ran.outcome.evidence["names_at_risk"]
    header, *images = rows(bench, "Image.csv")
    assert {row[header.index("Metadata_Plate")] for row in images} == set(written)


def test_sqlite_carries_them_too(bench: Bench, has_mysqlclient: None) -> None:
    mapping = LoadData({"OrigDNA": "i"}, METADATA)
    step = bench.step(tool="cellprofiler", files=pipeline(bench, "names_sql.cppipe"), load_data=mapping)
    ran = bench.run(step, unit([image(bench, plate, 1) for plate in ("0512", "512")], ("all.db",)))
    assert ran.category == "succeeded", ran.stdout.decode()
    with sqlite3.connect(Path(bench.workspace) / "all.db") as database:
        found = database.execute("SELECT Image_Metadata_Plate, Image_Metadata_Row FROM Per_Image").fetchall()
    assert sorted(found) == [("0512", "02"), ("512", "02")]


@pytest.mark.parametrize("place", [{"row": "02", "col": "03"}, {"row": 2, "col": 3}], ids=["digits", "int"])
def test_rows_and_columns_that_are_numbers_do_not_stop_it(bench: Bench, place: dict[str, object]) -> None:
    metadata = {name: wildcard for name, wildcard in METADATA.items() if name != "Well"}
    step = bench.step(
        tool="cellprofiler", files=pipeline(bench, "names.cppipe"), load_data=LoadData({"OrigDNA": "i"}, metadata)
    )
    well = f"r{place['row']}c{place['col']}"
    saved = {"saved": (OutputFile(f"images/P1/P1_{well}_s1.tiff"),), "tables": (OutputFile("Image.csv"),)}
    ran = bench.run(step, UnitTask("all", {}, "f1", inputs={"i": (image(bench, "P1", 1, **place),)}, outputs=saved))
    assert ran.category == "succeeded", ran.stdout.decode()


def test_a_loaddata_of_ones_own_that_casts_them_is_noticed(bench: Bench) -> None:
    own = b"from cellprofiler_core.modules.loaddata import LoadData\n"
    bench.store.put("files/loaddata.py", own)
    file = ToolFile("files/loaddata.py", "loaddata.py", hashlib.sha256(own).hexdigest())
    files = {**pipeline(bench, "names.cppipe"), "plugins": (file,)}
    step = bench.step(tool="cellprofiler", files=files, load_data=LoadData({"OrigDNA": "i"}, METADATA))
    task = unit([image(bench, "0512", 1)], ("Image.csv",))
    ran = bench.run(step, UnitTask("all", {}, "f1", inputs=task.inputs, outputs={"t": task.outputs["tables"]}))
    assert ran.category == "pipeline_invalid", ran.stdout.decode()
    assert "Plate 0512 as 512" in ran.sentence
    assert not bench.store.exists("Image.csv")
