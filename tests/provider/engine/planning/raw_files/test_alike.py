"""Values that people take for one: the plan says that it counts two, and how to make them one."""

import unicodedata

import pytest

from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.spec.dataset import FileSet
from platerunner_unit.contract.storage import Storage

RAW = "{plate}/{well}_s{site:int}_{channel}.tif"
NFC, NFD = (unicodedata.normalize(form, "Z\xe4h") for form in ("NFC", "NFD"))
WELL = "Write `{well:well96}` (or `well384`, `well1536`) if they are one."


def _notes(tmp_path, keys, pattern=RAW):
    storage = Storage(str(tmp_path))
    for key in keys:
        storage.put(key, b"x")
    return list(from_dataset(FileSet("raw", pattern), storage, {}).notes)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["P1/A1_s1_x.tif", "P1/A01_s2_x.tif"], f"well `A01` and `A1` count as 2. {WELL}"),
        (["P1/a01_s1_x.tif", "P1/A01_s2_x.tif", "P1/A1_s3_x.tif"], "well `A01` and `A1` and `a01` count as 3. "),
        (["P1/A1_s1_x.tif", "P1/A01_s2_x.tif", "P1/B1_s1_x.tif", "P1/B01_s2_x.tif"], "count as 2 (2 such groups). "),
        (["P1/A1_s1_DAPI.tif", "P1/A1_s1_dapi.tif"], "channel `DAPI` and `dapi` count as 2. Give them one name with"),
        (["0512/A1_s1_x.tif", "512/A1_s1_x.tif"], "plate `0512` and `512` count as 2. Give them one name with `rename"),
        (
            [f"{NFC}/A1_s1_x.tif", f"{NFD}/A2_s1_x.tif"],
            f"plate `Za\\u0308h` and `{NFC}` count as 2. Give them one name",
        ),
    ],
)
def test_it_is_said_once_with_a_way_out(tmp_path, keys, said):
    [note] = _notes(tmp_path, keys)
    assert note.startswith("dataset.raw: ")
    assert said in note


def test_what_differs_otherwise_or_is_made_one_is_not_told(tmp_path):
    keys = ["P1/A1_s1_x.tif", "P1/A10_s1_x.tif", "P10/A1_s01_x.tif", "P100/A1_s1_w0.tif", "P100/A1_s1_w.tif"]
    assert _notes(tmp_path, keys) == []
    assert _notes(tmp_path, ["P1/A01_s2_x.tif"], RAW.replace("{well}", "{well:well96}")) == []
