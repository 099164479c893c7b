"""Pipeline files: what is read, and what is found before CellProfiler passes it over in silence."""

# ruff: noqa: E501  (a fault stands in one line)

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler import saved_names as cppipe_names
from platerunner_unit.cellprofiler.checks import installed, warnings
from platerunner_unit.cellprofiler.csv_rows import Rows

HERE = Path(__file__).parents[2] / "data" / "recorded"
COLUMNS = {"Image_FileName_DNA", "Image_PathName_DNA", "Image_FileName_GFP", "Image_PathName_GFP", "Metadata_Well"}


def advanced(text):
    return text.replace("Use advanced settings?:No", "Use advanced settings?:Yes")


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


PLANES = '\n"Version":"1","PlaneCount":"2"\n"URL","Series","Index","Channel"\n"file:///a.tif",,,\n"file:///b.tif",,,\n'


def with_planes(text, planes=PLANES):
    return text.replace("HasImagePlaneDetails:False", "HasImagePlaneDetails:True") + planes


@pytest.mark.parametrize(
    "change",
    [
        with_planes,
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: t.rstrip("\n"),
        lambda t: t + "\n\n",
        lambda t: t.replace("ModuleCount:4\n", ""),
        lambda t: t.replace(
            "http://www.cellprofiler.org", "https://urldefense.proofpoint.com/v2/url?u=http-3A__www.cellprofiler.org"
        ),
    ],
)
def test_what_cellprofiler_reads_past(read, text, change):
    pipeline = read(change(text))
    assert [replace(m, line=None) for m in pipeline.modules] == [replace(m, line=None) for m in read(text).modules]
    assert problems(pipeline) == []


FAULTS = {
    "empty": (lambda t: "", "pipeline_invalid", "is empty"),
    "no pipeline": (lambda t: "II*", "pipeline_invalid", "is no CellProfiler pipeline"),
    "byte order mark": (lambda t: "\ufeff" + t, "pipeline_invalid", "byte order mark"),
    "UTF-16": (lambda t: t.encode("utf-16"), "pipeline_invalid", "is UTF-16"),
    "cut in the first line": (lambda t: t[:30], "pipeline_invalid", "is no CellProfiler pipeline"),
    "cut in the header": (lambda t: t[: t.index("ModuleCount") + 3], "pipeline_invalid", 'line 5, has "Mod" in its header'),
    "cut after the header": (lambda t: t[: t.index("\n\n") + 1], "pipeline_invalid", "ends within its header"),
    "a placeholder": (lambda t: t.replace("ModuleCount:4", "ModuleCount:{{count}}"), "pipeline_invalid", "line 5, says"),
    "no modules": (lambda t: t.replace("ModuleCount:4", "ModuleCount:0"), "pipeline_invalid", "has no module"),
    "cut in a setting": (lambda t: t[: t.index("    Fill holes") + 8], "pipeline_invalid", 'line 30, has "Fill" among the settings'),
    "cut before a count": (lambda t: t[: t.index("    Fill holes")], "pipeline_invalid", "where 17 or more belong"),
    "cut in a header line": (lambda t: t[: t.index("variable_revision_number:13")], "pipeline_invalid", 'first line of ExportToSpreadsheet that is not whole'),
    "cut in a fixed module": (lambda t: t[: t.index("    Select objects to measure")], "pipeline_invalid", "ends within MeasureObjectIntensity (module 3), and its header says 4 modules"),
    "cut between modules": (lambda t: t[: t.index("\nExportTo")], "pipeline_invalid", "says 4 modules, and it has 3"),
    "cut before a module": (lambda t: t.replace("ModuleCount:4", "ModuleCount:7") + "\n", "pipeline_invalid", "says 7 modules, and it has 4"),
    "a line is missing": (lambda t: t.replace("    Select the column delimiter:Comma (\",\")\n", ""), "pipeline_invalid", "with 21 settings, which is no number that it can have"),
    "a line is missing before a count": (lambda t: t.replace("    Discard objects outside the diameter range?:Yes\n", ""), "pipeline_invalid", 'line 36, has "Global" in IdentifyPrimaryObjects (module 2) where a count belongs'),
    "an empty line in a module": (lambda t: t.replace("    Fill holes", "\n    Fill holes"), "pipeline_invalid", "has IdentifyPrimaryObjects (module 2) with 10 settings"),
    "an empty line in another module": (lambda t: t.replace("    Select objects to measure:", "\n    Select objects to measure:"), "pipeline_invalid", "take out the empty line before it"),
    "two empty lines": (lambda t: t.replace("\nMeasureObject", "\n\nMeasureObject"), "pipeline_invalid", "has an empty line where a module should begin"),
    "no list of images": (lambda t: with_planes(t, ""), "pipeline_invalid", "lacks the whole list of images"),
    "a list of images that is cut": (lambda t: with_planes(t, PLANES[: PLANES.index('"file:///b')]), "pipeline_invalid", "write HasImagePlaneDetails:False"),
    "a list of images of another version": (lambda t: with_planes(t, PLANES.replace('"1"', '"2"')), "pipeline_invalid", "lacks the whole list of images"),
    "newer format": (lambda t: t.replace("Version:5", "Version:7"), "pipeline_invalid", "has format 7"),
    "unknown module": (lambda t: t.replace("MeasureObjectIntensity:[", "MeasureDreams:["), "plugin_missing", "MeasureDreams (module 3)"),
    "a module that is gone": (lambda t: t.replace("MeasureObjectIntensity:[", "LoadImages:["), "pipeline_invalid", "there is LoadData instead"),
    "too old": (lambda t: t.replace("variable_revision_number:15", "variable_revision_number:9"), "pipeline_invalid", "does not upgrade its settings (revision 9)"),
    "an attribute that is no value": (lambda t: t.replace("enabled:True", "enabled:true", 1), "pipeline_invalid", '"enabled" is "true"'),
    "no revision": (lambda t: t.replace("variable_revision_number:15|", ""), "pipeline_invalid", "it lacks variable_revision_number"),
    "neither Yes nor No": (lambda t: t.replace("border of the image?:Yes", "border of the image?:yes"), "pipeline_invalid", 'has "yes" as'),
    "no such choice": (lambda t: advanced(t).replace("strategy:Global", "strategy:Galactic"), "pipeline_invalid", "must be one of"),
    "no number": (lambda t: advanced(t).replace("smoothing scale:1.3488", "smoothing scale:one"), "pipeline_invalid", "must be a number"),
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


ODD = {
    "more modules promised": (lambda t: t.replace("ModuleCount:4", "ModuleCount:9"), "says 9 modules, and the file has 4"),
    "fewer modules promised": (lambda t: t.replace("ModuleCount:4", "ModuleCount:3"), "passes over the 1 after them"),
    "a module taken out by hand": (lambda t: t[: t.index("MeasureObject")] + t[t.index("ExportTo") :], "says 4 modules, and the file has 3"),
    "another setting's choice": (lambda t: t.replace("the diameter range?:Yes", "the diameter range?:Shape"), "takes as No"),
}  # fmt: skip


@pytest.mark.parametrize("oddity", ODD)
def test_what_is_odd_is_noted_and_not_refused(read, text, oddity):
    change, words = ODD[oddity]
    pipeline = read(change(text))
    assert problems(pipeline) == []
    assert any(words in note for note in warnings(pipeline)), warnings(pipeline)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("strategy:Global", "strategy:Galactic"),
        ("factor:1.0", "factor:one"),
        ("number of objects:500", "number of objects:5e2"),
        ("distinguish clumped objects:Intensity", "distinguish clumped objects:Intuition"),
    ],
)
def test_an_inactive_setting_may_say_anything(read, text, old, new):
    assert problems(read(text.replace(old, new))) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\xff\xfeD\x00N\x00A\x00", "DNA"),
        (r"Default Input Folder\x7C", "Default Input Folder|"),
        (r"C\x3A/plates", "C:/plates"),
        (r"it\x27s \'so\'", "it's 'so'"),
        (r"\x7C\\\\g<Plate>", r"|\g<Plate>"),
        (r"\g<Plate>", r"\g<Plate>"),
        (r"broken \x3", r"broken \x3"),
        ("µm", "µm"),
    ],
)
def test_escapes(read, text, written, meant):
    pipeline = read(text.replace("input image:DNA", f"input image:{written}"))
    assert pipeline.modules[1].settings[0] == ("Select the input image", meant)


def test_old_names_of_modules(read, text):
    assert (
        problems(read(text.replace("MeasureObjectIntensity:[", "cellprofiler.modules.MeasureObjectIntensity:["))) == []
    )
    assert problems(read(text.replace("MeasureObjectIntensity:[", "MeasureCorrelation:["))) == []


def test_a_gone_module_that_a_plugin_brings(read, text):
    assert problems(read(text.replace("MeasureObjectIntensity:[", "LoadImages:[")), known_modules={"LoadImages"}) == []


def test_json(read):
    attributes = {
        "module_name": "LoadData", "variable_revision_number": 6, "enabled": True, "module_num": 1, "show_window": False,
        "wants_pause": False, "svn_version": "Unknown", "module_path": "cellprofiler_core.modules.loaddata.LoadData",
    }  # fmt: skip
    good = {
        "date_revision": 428, "module_count": 1, "version": "v6",
        "modules": [{"attributes": attributes, "settings": [{"text": str(i), "value": "b"} for i in range(9)]}],
    }  # fmt: skip
    pipeline = read(json.dumps(good), "p.json")
    assert (pipeline.form, pipeline.version, pipeline.blocks, problems(pipeline)) == ("json", 6, 1, [])
    assert "rename it" in problems(read(json.dumps(good), "p.cppipe"))[0][1]
    for broken in ('{"modules": [', "[]", '{"modules": 3}', '{"modules": [3], "date_revision": 428}', "[" * 100_000):
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
    at = data.draw(st.integers(0, text.index("ExportToSpreadsheet:[") - 1))
    assert problems(read(text[:at]))


def test_a_module_taken_out_by_hand_is_no_cut(read, text):
    first, second = text.index("IdentifyPrimaryObjects:["), text.index("MeasureObjectIntensity:[")
    shortened = text[:first] + text[second : text.index("\nExportTo")]  # modules 1 and 3, and nothing is kept
    assert problems(read(shortened.replace("ModuleCount:4", "ModuleCount:3"))) == []
    assert "says 4 modules, and it has 2" in problems(read(shortened))[0][1]


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
