"""Parts that specs share: what they fill in, where their errors point, and what is read of them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.documents.problems import DocumentError
from platerunner.spec.loader import check_shared, load_pipeline, load_text
from platerunner.spec.problems import SpecError
from platerunner.spec.steps import Step

VALID = (Path(__file__).parent / "valid.yaml").read_text()
CPPIPE = Path(__file__).parents[2] / "data" / "cppipe"
LAB = """\
owner: the-lab
tags: [shared, lab]
defaults:
  resources: {memory: 64 GiB, disk: 99 GiB}
dataset:
  files: {raw: {rename: {channel: {w1: DNA}}}}
  exclude: [{plate: P9, because: broken}]
params: {threshold: {description: Of the lab, maximum: 1}}
"""
CHANNELS = "dataset: {files: {raw: {rename: {channel: {w1: ER, w2: RNA}}}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "illum.cppipe").write_bytes((CPPIPE / "illum_calc.cppipe").read_bytes())
    (tmp_path / "shared").mkdir()
    (tmp_path / "_lab.yaml").write_text(LAB)
    (tmp_path / "shared" / "_channels.yaml").write_text(CHANNELS)
    text = VALID.replace("owner: lab\n", "").replace("title: Cells\n", "title: Cells\ninclude: [_lab.yaml]\n")
    (tmp_path / "cells.yaml").write_text(text)
    return tmp_path


def test_the_specs_own_keys_go_first_and_the_rest_is_filled_in(folder: Path) -> None:
    pipeline = load_pipeline(folder / "cells.yaml")
    assert pipeline.owner == "the-lab"
    assert pipeline.tags == ("pilot",)
    assert [each.where["plate"] for each in pipeline.dataset.exclude] == ["P2"]
    assert pipeline.dataset.files["raw"].rename == {"channel": {"w1": "DNA"}}
    assert pipeline.params["threshold"] == {
        "type": "number", "default": 0.2, "minimum": 0, "description": "Of the lab", "maximum": 1
    }  # fmt: skip
    step = pipeline.steps["illum_calc"]
    assert isinstance(step, Step)
    assert (step.resources.memory, step.resources.disk) == (2 * 1024**3, 99 * 1024**3)


def test_a_later_file_goes_before_an_earlier_one(folder: Path) -> None:
    text = (folder / "cells.yaml").read_text().replace("[_lab.yaml]", "[_lab.yaml, shared/_channels.yaml]")
    pipeline = load_text(text, folder / "cells.yaml")
    assert pipeline.dataset.files["raw"].rename == {"channel": {"w1": "ER", "w2": "RNA"}}
    assert pipeline.owner == "the-lab"


def test_an_error_of_a_part_is_at_its_line_with_its_text(folder: Path) -> None:
    (folder / "_lab.yaml").write_text(LAB.replace("P9, because: broken", "P9, wel: A01, because: broken"))
    own = "  exclude:\n    - {plate: P2, well: B03, because: out of focus}\n"
    text = (folder / "cells.yaml").read_text().replace(own, "")
    with pytest.raises(SpecError) as raised:
        load_text(text, folder / "cells.yaml")
    (problem,) = raised.value.problems
    assert (problem.path, problem.line, problem.column) == (folder / "_lab.yaml", 7, 25)
    assert problem.excerpt == "  exclude: [{plate: P9, wel: A01, because: broken}]"
    assert problem.remedy == "Did you mean `well`?"


def test_a_characters_place_inside_a_value_of_a_part_is_right(folder: Path) -> None:
    (folder / "_lab.yaml").write_text('owner: lab\ndataset:\n  root: "{{ params.wels }}"\n')
    text = (folder / "cells.yaml").read_text().replace('  root: "{{ data_root }}"\n', "")
    with pytest.raises(SpecError) as raised:
        load_text(text, folder / "cells.yaml")
    (problem,) = raised.value.problems
    assert (problem.path.name, problem.line, problem.column) == ("_lab.yaml", 3, 20)


def test_all_parts_that_cannot_be_read_are_named_at_once(folder: Path) -> None:
    text = (folder / "cells.yaml").read_text().replace("[_lab.yaml]", "[_lba.yaml, cells.yaml]")
    with pytest.raises(SpecError) as raised:
        load_text(text, folder / "cells.yaml")
    assert [problem.code for problem in raised.value.problems] == ["missing-file", "bad-include"]
    assert "Did you mean `_lab.yaml`?" in str(raised.value)


def test_a_link_does_not_lead_a_part_out_of_the_folder(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "_secret.yaml"
    secret.write_text("owner: eve\n")
    (folder / "_lab.yaml").unlink()
    (folder / "_lab.yaml").symlink_to(secret)
    with pytest.raises(SpecError, match="not below the folder of this spec"):
        load_pipeline(folder / "cells.yaml")


def test_a_part_by_itself_needs_nothing_but_what_it_has_must_be_right(folder: Path) -> None:
    check_shared(folder / "_lab.yaml")
    (folder / "_lab.yaml").write_text("ownr: x\nsteps: {}\ndefaults: {retry: {attempts: 0}}\n")
    with pytest.raises(DocumentError) as raised:
        check_shared(folder / "_lab.yaml")
    assert [(each.line, each.column) for each in raised.value.problems] == [(1, 1), (2, 1), (3, 30)]


def test_the_command_takes_parts_for_parts(folder: Path) -> None:
    result = CliRunner().invoke(app, ["validate", str(folder), str(folder / "_lab.yaml")])
    assert result.exit_code == 0, result.output
    assert "_lab.yaml: ok, a part that specs include" in result.stdout
    assert "cells.yaml: ok, pipeline cells" in result.stdout


def test_a_part_has_a_schema_of_its_own_for_editors() -> None:
    schema = json.loads(CliRunner().invoke(app, ["schema", "--shared"]).stdout)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"dataset": {"files": {"raw": {"rename": {"channel": {"w1": "DNA"}}}}}})
    assert not validator.is_valid({"steps": {}})
    shipped = Path(__file__).parents[3] / "provider" / "platerunner" / "spec" / "shared.schema.json"
    assert json.loads(shipped.read_text()) == schema, "run: make docs"
