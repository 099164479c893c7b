"""Pipeline files: what is read, and what is found before CellProfiler passes it over in silence."""

# ruff: noqa: E501  (a fault stands in one line)

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platerunner_unit import cppipe, cppipe_names
from platerunner_unit.cppipe_checks import installed, warnings
from platerunner_unit.csv_rows import Rows

HERE = Path(__file__).parents[2] / "data" / "recorded"
COLUMNS = {"Image_FileName_DNA", "Image_PathName_DNA", "Image_FileName_GFP", "Image_PathName_GFP", "Metadata_Well"}


@pytest.fixture
def text():
    return (HERE / "csv_crlf" / "analysis_loaddata.cppipe").read_text()


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, name="p.cppipe"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return cppipe.read(path)

    return write_and_read


def problems(pipeline, **more):
    return [
        (p.category, p.sentence)
        for p in cppipe.check(pipeline, **{"known_modules": set(), "load_data_columns": COLUMNS, **more})
    ]


def test_a_good_pipeline(read, text):
    pipeline = read(text)
    assert (pipeline.version, pipeline.date_revision, pipeline.module_count, pipeline.blocks) == (5, 4281, 4, 4)
    assert [m.name for m in pipeline.modules] == [
        "LoadData",
        "IdentifyPrimaryObjects",
        "MeasureObjectIntensity",
        "ExportToSpreadsheet",
    ]
    assert pipeline.last_module == 4
    assert pipeline.modules[1].value("Select the input image") == "DNA"
    assert problems(pipeline) == []
    assert warnings(pipeline) == ()


@pytest.mark.parametrize(
    "change",
    [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: t.rstrip("\n"), lambda t: t + "\n\n"],
)
def test_line_ends_and_marks_do_not_matter(read, text, change):
    pipeline = read(change(text))
    assert pipeline.modules == read(text).modules
    assert problems(pipeline) == []


FAULTS = {
    "empty": (lambda t: "", "pipeline_invalid", "is empty"),
    "no pipeline": (lambda t: "II*", "pipeline_invalid", "is no CellProfiler pipeline"),
    "cut in the header": (lambda t: t[:70], "pipeline_invalid", "within its header"),
    "cut at a module": (lambda t: t[: t.index("\nMeasureObject")], "pipeline_invalid", "header says 4 modules and it has 2"),
    "cut in a module": (lambda t: t[: t.index("    Fill holes")], "pipeline_invalid", "header says 4 modules and it has 2"),
    "cut in a header line": (lambda t: t[: t.index("variable_revision_number:13")], "pipeline_invalid", "first line of ExportToSpreadsheet"),
    "cut in the last module": (
        lambda t: t.replace("ModuleCount:4", "ModuleCount:3")[: t.index("    Select objects to measure")],
        "pipeline_invalid", "MeasureObjectIntensity (module 3) has only 1 of its 2 settings",
    ),
    "newer format": (lambda t: t.replace("Version:5", "Version:7"), "pipeline_invalid", "has format 7"),
    "unknown module": (lambda t: t.replace("MeasureObjectIntensity:[", "MeasureDreams:["), "plugin_missing", "MeasureDreams (module 3)"),
    "neither Yes nor No": (lambda t: t.replace("border of the image?:Yes", "border of the image?:yes"), "pipeline_invalid", 'is "yes", but must be Yes or No'),
    "no such choice": (lambda t: t.replace("strategy:Global", "strategy:Galactic"), "pipeline_invalid", "must be one of"),
    "no number": (lambda t: t.replace("factor:1.0", "factor:one"), "pipeline_invalid", "must be a number"),
    "no whole number": (lambda t: t.replace("number of objects:500", "number of objects:5e2"), "pipeline_invalid", "a whole number"),
    "out of bounds": (lambda t: t.replace("number of objects:500", "number of objects:1"), "pipeline_invalid", "at least 2"),
    "no range": (lambda t: t.replace("(Min,Max):8,40", "(Min,Max):eight,40"), "pipeline_invalid", "two numbers"),
    "image not supplied": (lambda t: t.replace("input image:DNA", "input image:RNA"), "pipeline_invalid", 'an image called "RNA"'),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(read, text, fault):
    change, category, words = FAULTS[fault]
    found = problems(read(change(text)))
    assert found, fault
    assert found[0][0] == category
    assert words in found[0][1]


def test_what_is_not_known_is_no_fault(read, text):
    unknown = read(text.replace("MeasureObjectIntensity:[", "MeasureDreams:["))
    assert problems(unknown, known_modules=None) == []
    assert problems(unknown, known_modules={"MeasureDreams"}) == []
    assert problems(read(text.replace("input image:DNA", "input image:RNA")), load_data_columns=None) == []


def test_a_disabled_module_may_say_anything(read, text):
    head, tail = text.split("IdentifyPrimaryObjects:[", 1)
    tail = tail.replace("enabled:True", "enabled:False", 1).replace("(Min,Max):8,40", "(Min,Max):eight", 1)
    pipeline = read(f"{head}IdentifyPrimaryObjects:[{tail}")
    assert not pipeline.modules[1].enabled
    assert problems(pipeline) == []


def test_newer_revisions_are_warnings(read, text):
    pipeline = read(
        text.replace("DateRevision:4281", "DateRevision:5010").replace(
            "variable_revision_number:15", "variable_revision_number:99"
        )
    )
    assert problems(pipeline) == []
    assert len(warnings(pipeline)) == 2


def test_json(read):
    good = {
        "date_revision": 428, "module_count": 1, "version": "v6",
        "modules": [{"attributes": {"module_name": "LoadData", "variable_revision_number": 6, "enabled": True}, "settings": [{"text": "a", "value": "b"}]}],
    }  # fmt: skip
    pipeline = read(json.dumps(good), "p.json")
    assert (pipeline.form, pipeline.version, pipeline.blocks, problems(pipeline)) == ("json", 6, 1, [])
    for broken in ('{"modules": [', "[]", '{"modules": 3}', '{"modules": [3]}', "[" * 100_000):
        assert problems(read(broken, "p.json"))[0][0] == "pipeline_invalid"


def test_a_batch_file_is_not_read(read):
    assert problems(read(b"\x89HDF\r\n\x1a\n" + bytes(100), "Batch_data.h5")) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_bytes_are_survived(read, text, data):
    whole = text.encode()
    at = data.draw(st.integers(0, len(whole)))
    content = data.draw(
        st.one_of(
            st.binary(max_size=200),
            st.just(whole[:at]),
            st.binary(max_size=9).map(lambda junk: whole[:at] + junk + whole[at:]),
        )
    )
    pipeline = read(content)
    assert isinstance(problems(pipeline), list)
    assert isinstance(warnings(pipeline), tuple)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_pipeline_cut_anywhere_before_its_last_module_is_found(read, text, data):
    at = data.draw(st.integers(0, text.index("ExportToSpreadsheet:[")))
    assert problems(read(text[:at]))


def test_the_data_is_of_the_version_that_the_docs_name():
    assert installed()["cellprofiler"].startswith("4.2.8")
    assert len(installed()["modules"]) > 90


ROWS = Rows(
    ("Image_FileName_DNA", "Metadata_Well", "Metadata_Site"),
    (("a.tif", "A01", "1"), ("b.tif", "A01", "2"), ("b.tif", "A02", "1")),
)


@pytest.mark.parametrize(
    ("method", "single", "sets", "lost"),
    [
        ("Single name", "fixed", None, 3),
        ("Single name", "fixed", [2], 0),
        ("Single name", r"\g<Well>", None, 2),
        ("Single name", r"\g<Well>_\g<Site>", None, 0),
        ("Single name", r"x_\\g<Well>", None, 3),
        ("Single name", r"\g<Batch>", None, 0),
        ("From image filename", "", None, 2),
        ("From image filename", "", [1, 2], 0),
        ("Sequential numbers", "x", None, 0),
    ],
)
def test_image_sets_that_are_saved_to_one_file(read, method, single, sets, lost):
    text = (HERE / "save_each" / "save_tiff_each.cppipe").read_text()
    text = text.replace("constructing file names:From image filename", f"constructing file names:{method}")
    found = list(
        cppipe_names.check(read(text.replace("single file name:_mask", f"single file name:{single}")), ROWS, sets)
    )
    assert [p.sentence.split(" writes ")[1].split(" ")[0] for p in found] == ([str(lost)] if lost else [])
