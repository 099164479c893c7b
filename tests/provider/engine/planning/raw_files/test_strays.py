"""What lies under a data root and is no data, and what no pattern of the dataset takes."""

import boto3
import pytest
from tests.provider.engine.planning.s3 import requests_for, s3_bucket

from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.raw_files.survey import survey
from platerunner.spec.dataset import FileSet
from platerunner_unit.contract.storage import Storage

RAW = FileSet("raw", "{plate}/{well}_s{site:int}_{channel}.tif", ("channel",))
GOOD = [f"P1/{well}_s1_{channel}.tif" for well in ("A01", "A02") for channel in ("DNA", "ER")]
HIDDEN = [f"P1/._{key[3:]}" for key in GOOD]
JUNK = [*HIDDEN, ".Trash/A01_s1_DNA.tif", "P1/.DS_Store", "P1/Thumbs.db", "__MACOSX/A01_s1_DNA.tif", "P1/desktop.ini"]


def _keys(found):
    return sorted(file.key for file in found.files)


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    if request.param == "folder":
        yield Storage(str(tmp_path))
    else:
        with s3_bucket() as bucket:
            yield Storage(f"s3://{bucket}")


def test_what_systems_leave_behind_is_neither_data_nor_left_over(storage):
    for key in [*GOOD, *JUNK]:
        storage.put(key, b"x")
    found = from_dataset(RAW, storage, {})
    assert _keys(found) == GOOD
    assert (found.notes, found.absent) == ((), ())


def test_a_pattern_that_names_a_hidden_folder_gets_it(storage):
    storage.put(".cache/A01.tif", b"x")
    assert _keys(from_dataset(FileSet("raw", ".cache/{well}.tif"), storage, {})) == [".cache/A01.tif"]


def test_a_marker_of_a_folder_is_no_file():
    with s3_bucket() as bucket:
        storage = Storage(f"s3://{bucket}/x")
        for key in ("P1/", "P2/", "P2_$folder$"):
            boto3.client("s3").put_object(Bucket=bucket, Key=f"x/{key}", Body=b"")
        storage.put("P3", b"a file without a dot")
        found = from_dataset(FileSet("raw", "{plate}"), storage, {})
        assert (_keys(found), found.notes) == (["P3"], ())


def test_what_no_pattern_takes_is_counted_with_the_nearest(storage):
    for key in [*GOOD, "P1/A03_s1_DNA.tiff", "P1/A03_sX_ER.tif", "P1/notes.txt", "P1/Image.csv"]:
        storage.put(key, b"x")
    tables = FileSet("tables", "{plate}/Image.csv")
    (note,) = from_dataset(RAW, storage, {}, beside=[tables]).notes
    assert note.startswith(f"3 files match no pattern of the dataset under {storage.url}, such as `P1/A03_s")


def test_specs_and_results_among_the_images_are_not_left_over(storage):
    for key in [*GOOD, "cells.yaml", "P1/measure.cppipe", "results/cells/P1/A01.csv", "results/cellsX/A01.csv"]:
        storage.put(key, b"x")
    (note,) = from_dataset(RAW, storage, {}, workspace="results/cells/").notes
    assert note.startswith("1 file matches")
    assert "`results/cellsX/A01.csv`" in note
    assert survey(storage).left == len(GOOD) + 2


def test_what_a_microscope_writes_beside_its_images_is_not_left_over(storage):
    for key in [*GOOD, "P1/Index.idx.xml", "P1/MeasurementData.mlf", "P1/plate 1.HTD", "P1/Index.xml.bak"]:
        storage.put(key, b"x")
    (note,) = from_dataset(RAW, storage, {}).notes
    assert note.startswith("1 file matches")
    assert "`P1/Index.xml.bak`" in note
    assert survey(storage).left == len(GOOD) + 4


def test_counting_costs_no_list():
    with s3_bucket() as bucket:
        storage = Storage(f"s3://{bucket}")
        for key in [*GOOD, "P1/a.txt"]:
            storage.put(key, b"x")
        with requests_for("list-type=2") as sent:
            assert "1 file matches no pattern" in from_dataset(RAW, storage, {"plate": "P1"}).notes[0]
    assert len(sent) == 1
