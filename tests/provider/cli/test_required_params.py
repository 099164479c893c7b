"""Params that each run has to be given."""

import pytest
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.render import build_dag
from platerunner.spec.loader import load_text
from platerunner.spec.problems import SpecError

SPEC = """\
version: 1
pipeline: own
workspace: "{{ workspace_root }}/own"
params:
  plate: {type: string, required: true}
  wells: {type: array, items: {type: string}, default: []}
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}.txt"}
  where: {plate: "{{ params.plate }}", well: "{{ params.wells }}"}
steps:
  copy:
    module: command
    image: base:0.1
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.copies}"]}
    outputs: {copies: {path: "copy/{plate}/{well}_{channel}.txt", channel: [DNA, AGP]}}
  each:
    module: command
    image: base:0.1
    foreach: [plate, channel]
    inputs: {copies: copy.copies}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.all}", "{inputs.copies}"]}
    outputs: {all: "each/{plate}_{channel}.txt"}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    for plate in ("P1", "0512"):
        (tmp_path / "data" / plate).mkdir(parents=True)
        (tmp_path / "data" / plate / "A01.txt").write_text("x")
    (tmp_path / "own.yaml").write_text(SPEC)
    roots = ["--data-root", str(tmp_path / "data"), "--workspace-root", str(tmp_path / "work")]
    return lambda command, *args: CliRunner().invoke(app, [command, str(tmp_path / "own.yaml"), *roots, *args])


@pytest.mark.parametrize("command", ["plan", "run"])
def test_a_run_without_it_is_refused_with_what_to_type(run, command):
    done = run(command)
    assert (done.exit_code, "asks for `plate`: give --param plate=VALUE" in done.stderr) == (2, True), done.output


def test_with_it_the_run_is_planned(run):
    done = run("plan", "--param", "plate=0512")
    assert (done.exit_code, "copy  pending  plate=0512/well=A01: new" in done.stdout) == (0, True), done.output
    assert "each: 0 done, 2 pending" in done.stdout
    assert "plate=0512/channel=AGP: after copy" in done.stdout


def test_the_form_asks_for_it(tmp_path):
    dag = build_dag(load_text(SPEC, tmp_path / "own.yaml"))
    assert "plate" in DagSerialization.from_dict(DagSerialization.to_dict(dag)).params
    assert dag.params["wells"] == []
    with pytest.raises(ParamValidationError, match="plate"):
        dag.params.validate()
    dag.params["plate"] = "P1"
    assert dag.params.validate()["plate"] == "P1"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("required: true", "required: false", 5, "`params.plate` has no `default`"),
        ("required: true", "required: true, default: P1", 5, "`plate` has a default, so that nobody has to give it"),
        ("params:", 'schedule: "@daily"\nparams:', 6, "`schedule` starts runs, and nobody gives them `plate`"),
        ("[DNA, AGP]", "[DNA, A/B]", 18, "`{channel}`: `A/B` is not usable"),
        ("channel: [DNA", "dye: [DNA", 18, "has no `{dye}`"),
        ("[DNA, AGP]", "[DNA, DNA]", 18, "is there twice"),
        ("[DNA, AGP]", "[]", 18, "at least 1 item"),
        ("channel: [DNA, AGP]", "well: [DNA, AGP]", 18, "the inputs supply `{well}` already"),
    ],
)
def test_what_makes_no_sense_is_said_in_its_line(tmp_path, old, new, line, said):
    with pytest.raises(SpecError) as error:
        load_text(SPEC.replace(old, new), tmp_path / "own.yaml")
    assert any(problem.line == line and said in problem.message for problem in error.value.problems), error.value
