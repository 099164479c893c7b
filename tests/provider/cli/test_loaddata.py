"""`platerunner loaddata`: the LoadData form of a pipeline, and the lines that a step needs for it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from platerunner.cli import app
from platerunner.cli.loaddata_form import NoLoadDataFormError, convert
from platerunner_unit.cellprofiler import pipeline_file
from platerunner_unit.cellprofiler.inputs import ReadsBy, reads_by

CPPIPE = Path(__file__).parents[2] / "data" / "cppipe"
TEXT = (CPPIPE / "rules_metadata.cppipe").read_text()


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    (tmp_path / "p.cppipe").write_text(TEXT)
    return tmp_path / "p.cppipe"


def invoke(*args: object) -> Result:
    return CliRunner().invoke(app, ["loaddata", *map(str, args)])


def test_names_groups_and_metadata_are_kept(pipeline: Path) -> None:
    result = invoke(pipeline)
    assert result.exit_code == 0, result.output
    form = pipeline_file.read(pipeline.with_name("p_loaddata.cppipe"))
    assert pipeline_file.check(form, set()) == ()
    assert reads_by(form) is ReadsBy.LOAD_DATA
    assert form.grouping_tags == ("Well",)
    assert [m.name for m in form.modules] == ["LoadData", "MeasureImageIntensity", "ExportToSpreadsheet"]
    assert form.module_count == 3
    before = pipeline_file.read(pipeline)
    assert [m.settings for m in form.modules[1:]] == [m.settings for m in before.modules[4:]]


def test_the_lines_for_the_spec_are_yaml(pipeline: Path) -> None:
    result = invoke(pipeline)
    step = yaml.safe_load(result.stdout)
    assert step["with"] == {"pipeline": "p_loaddata.cppipe"}
    assert step["load_data"]["images"] == {"{channel}": "images"}
    assert step["load_data"]["metadata"] == {"Well": "well", "Site": "site", "Dye": "dye"}
    assert "{channel} is DNA or GFP" in result.stdout


def test_nothing_is_overwritten(pipeline: Path) -> None:
    assert invoke(pipeline).exit_code == 0
    there = pipeline.with_name("p_loaddata.cppipe").read_bytes()
    again = invoke(pipeline)
    assert again.exit_code == 2
    assert "is there already. Delete it, or name another with --out." in re.sub(r"\s+", " ", again.output)
    assert pipeline.with_name("p_loaddata.cppipe").read_bytes() == there
    assert invoke(pipeline, "--out", pipeline.with_name("other.cppipe")).exit_code == 0


# The settings of the first name that NamesAndTypes gives, up to the rule of the second.
SCALED = """\
    Set intensity range from:{}
    Maximum intensity:{}
    Select the rule criteria:and (file does contain "_GFP.")
"""
GRAY = "    Select the image type:Grayscale image\n" + SCALED.format("Image metadata", "255.0")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Process as 3D?:No", "Process as 3D?:Yes", "reads volumes, which LoadData cannot"),
        (GRAY, GRAY.replace("Grayscale image", "Objects"), "reads the objects Cell, which `load_data` cannot name"),
        (SCALED.format("Image metadata", "255.0"), SCALED.format("Manual", "4095.0"), "DNA are divided by 4095.0"),
        (SCALED.format("Image metadata", "255.0"), SCALED.format("Image bit-depth", "255.0"), "of all images alike"),
        ("CellProfiler Pipeline", "Something else", "is no CellProfiler pipeline"),
    ],
)
def test_what_load_data_cannot_say(pipeline: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    pipeline.write_text(TEXT.replace(old, new, 1))
    result = invoke(pipeline)
    assert result.exit_code == 2
    assert said in result.output
    assert not pipeline.with_name("p_loaddata.cppipe").exists()


def test_a_pipeline_that_reads_by_load_data_already() -> None:
    with pytest.raises(NoLoadDataFormError, match="reads its images by LoadData, not by NamesAndTypes"):
        convert(CPPIPE / "illum_calc.cppipe")


@settings(deadline=None)
@given(
    names=st.lists(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True), min_size=2, max_size=2, unique=True)
)
def test_any_names(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("names") / "p.cppipe"
    text = TEXT.replace("Name to assign these images:GFP", f"Name to assign these images:{names[1]}")
    head, _, rest = text.partition('contain "_DNA.")')
    path.write_text(f'{head}contain "_DNA.")' + rest.replace("images:DNA", f"images:{names[0]}", 1))
    assert list(convert(path).images) == names
