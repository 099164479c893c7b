"""The indexes that microscopes write: each image is what its record says, whatever its name."""

import csv
import os
from pathlib import Path

import pytest
from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.raw_files.xml_records import BadXmlError, read_records
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

PUBLIC = Path(__file__).parents[6] / "shared" / "microscopes"
WHERE_THERE = pytest.mark.skipif(not PUBLIC.is_dir(), reason=f"there are no indexes in {PUBLIC}")
SPEC = """\
version: 1
pipeline: screen
workspace: "{{{{ workspace_root }}}}/screen"
dataset:
  root: "{{{{ data_root }}}}"
  files:
    raw: {raw}
steps:
  illum:
    module: imaging.illum-calc
    foreach: [plate]
    inputs: {{images: dataset.raw}}
    outputs: {{illum: "illum/{{plate}}/Illum{{channel}}.npy"}}
"""
HARMONY = """\
<?xml version="1.0" encoding="utf-8"?>
<EvaluationInputData xmlns="43B2A954/HarmonyV5">
<Wells><Well><Row>2</Row><Image id="a"/></Well></Wells>
<Images>
{images}</Images>
</EvaluationInputData>
"""
IMAGE = """\
<Image Version="1"><id>{id}</id><State>Ok</State><URL>{url}</URL><Row>2</Row><Col>{col}</Col><FieldID>1</FieldID>
<PlaneID>1</PlaneID><TimepointID>0</TimepointID><ChannelID>1</ChannelID><ChannelName>HOECHST 33342</ChannelName></Image>
"""


@pytest.fixture(params=["folder", "s3"])
def storage(request, tmp_path):
    if request.param == "folder":
        yield Storage(str(tmp_path / "data"))
    else:
        with s3_bucket() as bucket:
            yield Storage(f"s3://{bucket}/data root")


def file_set(raw, folder=Path()):
    return load_text(SPEC.format(raw=raw), folder / "screen.yaml").dataset.files["raw"]


def harmony(*urls):
    return HARMONY.format(images="".join(IMAGE.format(id=n, url=u, col=n) for n, u in enumerate(urls, 1))).encode()


def test_each_image_is_what_its_record_says(storage):
    for plate, name in (("P1", "Index.idx.xml"), ("P2", "Index.xml")):
        folder = f"{plate}__2026-Measurement 1/Images"
        storage.put(f"{folder}/{name}", harmony("one.tiff", "two.tiff"))
        storage.put(f"{folder}/one.tiff", b"1")
        storage.put(f"{folder}/two.tiff", b"2")
    found = from_dataset(file_set("{microscope: opera-phenix, index: true}"), storage, {"plate": "P2"})
    values = {file.key.rpartition("/")[2]: file.values for file in found.files}
    assert {name: (each["plate"], each["well"], each["channel"]) for name, each in values.items()} == {
        "one.tiff": ("P2", "B01", "1"), "two.tiff": ("P2", "B02", "1"),
    }  # fmt: skip
    assert found.notes == ()


def test_the_indexes_of_plates_that_nobody_asks_for_are_not_read(storage):
    for plate in ("P1", "P2", "P3"):
        storage.put(f"{plate}__x/Images/Index.xml", harmony("one.tiff") if plate == "P2" else b"no XML")
        storage.put(f"{plate}__x/Images/one.tiff", b"1")
    files = file_set("{microscope: opera-phenix, index: true}")
    assert [file.values["plate"] for file in from_dataset(files, storage, {"plate": "P2"}).files] == ["P2"]
    with pytest.raises(PlanningError, match=r"P1__x/Images/Index\.xml: line 1 is no XML"):
        from_dataset(files, storage, {})


def test_an_image_that_is_not_there_is_named_with_its_line(storage):
    folder = "P1__2026-Measurement 1/Images"
    storage.put(f"{folder}/Index.xml", harmony("one.tiff", "two.tiff"))
    storage.put(f"{folder}/one.tiff", b"1")
    found = from_dataset(file_set("{microscope: opera-phenix, index: true}"), storage, {})
    assert [file.key for file in found.absent] == [f"{folder}/two.tiff"]
    assert f"`{folder}/two.tiff` (line 7)" in found.notes[-1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no element found"),
        (harmony("one.tiff")[:400], "Export the measurement again"),
        (b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>&b;</x>", "line 1 has a document type"),
        (harmony("one.tiff", "one.tiff"), "is in line 5, too, with other values"),
        (harmony(""), "line 5: `URL` is empty"),
        (harmony("/c/one.tiff"), "has an empty folder, `.` or `..` in it. Export the measurement again"),
        (
            b"<EvaluationInputData><Images/></EvaluationInputData>",
            "Index.idx.xml lists no images that are a `Images/Image`",
        ),
    ],
)
def test_an_index_that_is_of_no_use_is_refused_with_its_line(tmp_path, content, said):
    storage = Storage(str(tmp_path))
    storage.put("P1__x/Images/Index.idx.xml", content)
    storage.put("P1__x/Images/one.tiff", b"1")
    with pytest.raises(PlanningError, match=r"dataset\.raw") as error:
        from_dataset(file_set("{microscope: opera-phenix, index: true}"), storage, {})
    assert said in str(error.value)


def test_one_plate_s_index_of_another_export_is_named_and_not_left_out(tmp_path):
    storage = Storage(str(tmp_path))
    storage.put("P1__x/Images/Index.idx.xml", harmony("one.tiff"))
    storage.put("P1__x/Images/one.tiff", b"1")
    storage.put("P2__x/Images/Index.idx.xml", b"<bts:MeasurementData xmlns:bts='x'><bts:Record/></bts:MeasurementData>")
    with pytest.raises(PlanningError, match=r"P2__x/Images/Index\.idx\.xml lists no images"):
        from_dataset(file_set("{microscope: opera-phenix, index: true}"), storage, {})


def test_a_plate_without_an_index_is_named_and_not_left_out_in_silence(storage):
    for plate in ("P1", "P2", "P3"):
        storage.put(f"{plate}__x/Images/one.tiff", b"1")
    storage.put("P1__x/Images/Index.idx.xml", harmony("one.tiff"))
    storage.put("notes/Images/read.me", b"1")
    files = file_set("{microscope: opera-phenix, index: true}")
    (note,) = from_dataset(files, storage, {}).notes
    said = "images without an index `Index.{:idx.xml|xml}` beside them are left out: `P2__x/Images/`, `P3__x/Images/`."
    assert note == f"dataset.raw: {said} Export the measurement again, or leave out `index: true`."
    assert from_dataset(files, storage, {"plate": "P1"}).notes == ()
    for plate in ("P2", "P3"):
        storage.put(f"{plate}__x/Images/Index.idx.xml", harmony("one.tiff"))
    assert from_dataset(files, storage, {}).notes == ()


def test_without_any_index_the_names_are_recommended(tmp_path):
    Storage(str(tmp_path)).put("P1__x/Images/one.tiff", b"1")
    with pytest.raises(PlanningError, match="Leave out `index: true`"):
        from_dataset(file_set("{microscope: opera-phenix, index: true}"), Storage(str(tmp_path)), {})


def test_records_are_read_as_they_come_in_pieces():
    content = harmony(*(f"{n}.tiff" for n in range(9000)))
    records = list(read_records(content, "Images/Image"))
    assert [record["URL"] for _, record in records] == [f"{n}.tiff" for n in range(9000)]
    assert records[1][0] == 7


def test_no_entity_is_followed():
    with pytest.raises(BadXmlError, match="document type"):
        list(read_records(b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "x/y"))


@WHERE_THERE
@pytest.mark.parametrize("name", ["phenix-v1", "phenix-v5", "phenix-v7"])
def test_harmony_indexes_say_what_pe2loaddata_makes_of_them(name, tmp_path):
    [index] = (PUBLIC / "perkinelmer" / name).glob("Index*.xml")
    [table] = (PUBLIC / "perkinelmer" / name).glob("load_data*.csv")
    with table.open(newline="") as file:
        [row] = csv.DictReader(file)
    names = {value for key, value in row.items() if key.startswith("FileName_")}
    storage = Storage(str(tmp_path))
    for each in names:
        storage.put(f"P/{each}", b"x")
    storage.put(f"P/{index.name}", index.read_bytes())
    found = from_dataset(file_set('{microscope: opera-phenix, folder: "{plate}", index: true}'), storage, {})
    assert {file.key.removeprefix("P/") for file in found.files} == names
    assert {(file.values["row"], file.values["col"], file.values["site"]) for file in found.files} == {
        (row["Metadata_Row"], row["Metadata_Col"], row["Metadata_FieldID"])
    }
    assert {file.values["well"] for file in found.files} == {"A01"}


@WHERE_THERE
@pytest.mark.parametrize(
    "name", ["cv8000-minimal", "2x2_well", "SingleWell2Sites_MultiZ", "SingleWell2Sites_SingleZ", "png"]
)
def test_cellvoyager_indexes_say_what_is_expected(name, tmp_path):
    with (PUBLIC / "yokogawa" / f"{name}-names" / "expected.csv").open(newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    storage = Storage(str(tmp_path))
    storage.put("P/MeasurementData.mlf", (PUBLIC / "yokogawa" / name / "MeasurementData.mlf").read_bytes())
    for each in rows:
        storage.put(f"P/{each}", b"x")
    found = from_dataset(file_set("{microscope: cv8000, index: true}"), storage, {})
    assert {file.key.removeprefix("P/") for file in found.files} == set(rows)
    for file in found.files:
        row = rows[file.key.removeprefix("P/")]
        assert file.values["well"] == row["well"]
        assert all(int(file.values[name]) == int(row[name]) for name in ("site", "channel", "z", "t"))


def test_the_indexes_are_there_where_they_have_to_be():
    assert PUBLIC.is_dir() or not os.environ.get("PLATERUNNER_REQUIRE_CORPUS")
