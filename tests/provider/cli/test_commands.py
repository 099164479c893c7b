"""The command line's own words: what is printed, where, and with which exit code."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from typer.testing import CliRunner, Result

from platerunner.cli import app
from platerunner.cli.run.one_at_a_time import UP, alone
from platerunner.local.demo_plate import make_plate

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "dag_specs" / "demo.yaml"


@pytest.fixture(scope="module")
def plate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_plate(tmp_path_factory.mktemp("plate"), wells=3, sites=2).parent


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    monkeypatch.chdir(tmp_path)


def invoke(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.mark.parametrize("spec", sorted((ROOT / "dag_specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_spec_is_valid(spec: Path) -> None:
    result = invoke("validate", spec)
    assert result.exit_code == 0, result.output
    assert f"{spec}: ok" in result.stdout.replace("\n", "")


def test_all_problems_of_all_files_are_named_and_good_files_still_count(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\npipeline: x\nsteps: {a: {modul: y}}\n")
    (tmp_path / "empty.yaml").write_text("")
    result = invoke("validate", tmp_path, DEMO)
    assert result.exit_code == 1
    assert "bad.yaml:3:13: unknown key `modul` in `steps.a`. Did you mean `module`?" in result.stderr
    assert "    steps: {a: {modul: y}}\n                ^" in result.stderr
    assert "empty.yaml:1:1" in result.stderr
    assert "pipeline demo" in result.stdout


def test_a_folder_without_specs_is_not_a_broken_spec(tmp_path: Path) -> None:
    result = invoke("validate", tmp_path)
    assert result.exit_code == 2
    assert "No .yaml file" in result.stderr


@pytest.mark.parametrize("format_", ["json", "github", "sarif"])
def test_programs_read_the_problems_of_all_files_from_stdout(tmp_path: Path, format_: str) -> None:
    bad, empty = tmp_path / "bad one.yaml", tmp_path / "empty.yaml"
    bad.write_text("version: 1\npipelin: x\nworkspace: w\n")
    empty.write_text("")
    result = invoke("validate", "--format", format_, bad, empty, DEMO)
    assert result.exit_code == 1
    places = {
        "json": lambda text: [(item["path"], item["line"]) for item in json.loads(text)],
        "github": lambda text: re.findall(r"::error file=([^,]*),line=(\d+)", text),
        "sarif": _sarif_places,
    }[format_](result.stdout)
    assert {(Path(path).name, int(line)) for path, line in places} == {(bad.name, 1), (bad.name, 2), (empty.name, 1)}


def _sarif_places(text: str) -> list[tuple[str, int]]:
    found = [each["locations"][0]["physicalLocation"] for each in json.loads(text)["runs"][0]["results"]]
    return [(unquote(each["artifactLocation"]["uri"]), each["region"]["startLine"]) for each in found]


@pytest.mark.parametrize(
    ("format_", "empty"), [("json", lambda text: json.loads(text) == []),
                           ("github", lambda text: text == ""),
                           ("sarif", lambda text: json.loads(text)["runs"][0]["results"] == [])]
)  # fmt: skip
def test_good_specs_are_an_empty_document_for_programs(format_: str, empty: Callable[[str], bool]) -> None:
    result = invoke("validate", "--format", format_, DEMO)
    assert result.exit_code == 0
    assert empty(result.stdout)


@pytest.mark.parametrize("path", sorted((ROOT / "dag_specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_editors_find_the_schema_by_every_shipped_specs_first_line(path: Path) -> None:
    first = path.read_text().splitlines()[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    assert json.loads((path.parent / name).read_text())["$id"].startswith("urn:platerunner:"), first


def test_visual_studio_code_finds_the_schema_too() -> None:
    settings = json.loads((ROOT / ".vscode" / "settings.json").read_text())
    for schema, globs in settings["yaml.schemas"].items():
        assert json.loads((ROOT / schema).read_text())["$id"].startswith("urn:platerunner:")
        assert all(list(ROOT.glob(pattern)) for pattern in globs)


def test_other_repositories_can_use_the_pre_commit_hook(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["id"] == "platerunner-validate"
    assert re.search(hook["files"], "lab/dag_specs/demo.yaml")
    program, *args = hook["entry"].split()
    assert program == "platerunner"
    assert invoke(*args, DEMO).exit_code == 0


def test_plan_counts_units_and_names_the_first(plate: Path, tmp_path: Path) -> None:
    result = invoke("plan", DEMO, "--data-root", plate, "--workspace-root", tmp_path, "--first", "1")
    assert result.exit_code == 0, result.output
    assert "illum_apply: 0 done, 3 pending, 0 waiting, 0 excluded" in result.stdout
    assert "illum_calc  pending  plate=Demo1: new" in result.stdout
    assert "illum_apply  pending  ... and 2 more" in result.stdout
    assert not list(tmp_path.iterdir()), "plan writes nothing"


@pytest.mark.parametrize(
    ("args", "phrase"),
    [
        (["--data-root", "/nowhere/at/all"], "the data root /nowhere/at/all does not exist"),
        (["--data-root", str(ROOT / "docs")], "`{plate}/{well}_s{site:int}_{channel}.tif`; the nearest names are"),
        (["--param", "engine=fiji"], "'fiji' is not one of"),
        (["--param", "engin=imaging"], "the spec declares no such param; it has engine, wells"),
        (["--param", "engine"], "write name=value"),
        (["--data-root", "gs://bucket"], "only s3:// URLs and folders"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(plate: Path, args: list[str], phrase: str) -> None:
    roots = [] if "--data-root" in args else ["--data-root", str(plate)]
    result = invoke("plan", DEMO, *roots, *args)
    assert result.exit_code == 2
    assert phrase in result.stderr
    assert "Traceback" not in result.output


def test_run_without_airflow_takes_no_credentials_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"aws_conn_id": "lab", "queues": {"spot": "q"}}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    result = invoke("run", DEMO, "--workspace-root", "s3://bucket/x")
    assert result.exit_code == 2
    assert "takes its credentials from Airflow's connection 'lab', which Airflow alone can read: add --airflow." in (
        result.stderr
    )


def test_run_without_a_connection_says_what_to_give() -> None:
    result = invoke("run", DEMO)
    assert result.exit_code == 2
    assert "AIRFLOW_CONN_PLATERUNNER is not set" in result.stderr


def test_a_gate_that_is_not_there_cannot_be_approved() -> None:
    result = invoke("run", DEMO, "--local", "--approve", "chek")
    assert result.exit_code == 2
    assert "has no such gate; it has check" in result.stderr


def test_a_workspace_that_cannot_be_written_is_found_before_airflow_starts(plate: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = invoke("run", DEMO, "--local", "--data-root", plate, "--workspace-root", tmp_path / "file")
    assert result.exit_code == 2
    assert "The workspace cannot be written" in result.stderr


def test_a_second_run_on_the_same_workspace_waits_for_its_turn(plate: Path, tmp_path: Path) -> None:
    with alone(str(tmp_path / "results" / "demo")):
        result = invoke("run", DEMO, "--local", "--data-root", plate, "--workspace-root", tmp_path / "results")
    assert result.exit_code == 2
    assert f"Another `platerunner run` (process {os.getpid()}) works on {tmp_path}/results/demo: wait" in result.stderr


def test_a_second_airflow_of_one_home_is_refused(plate: Path, tmp_path: Path) -> None:
    home = tmp_path / ".platerunner/airflow"
    with alone(str(home), UP):
        result = invoke("up", "--specs", DEMO.parent, "--data-root", plate, "--port", "1")
    assert result.exit_code == 2
    assert f"Another `platerunner up` (process {os.getpid()}) has {home}: end it" in result.stderr
    assert not home.exists()


def test_cellprofiler_that_is_not_installed(plate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLATERUNNER_CELLPROFILER", "/nowhere/cellprofiler")
    result = invoke("run", DEMO, "--local", "--data-root", plate, "--param", "engine=cellprofiler")
    assert result.exit_code == 2
    assert "CellProfiler is not installed here: run `make cellprofiler`" in result.stderr


def test_schema_is_json_for_editors() -> None:
    result = invoke("schema")
    assert json.loads(result.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_modules_lists_the_catalog_and_describes_one() -> None:
    listed = invoke("modules")
    assert listed.exit_code == 0
    assert "fiji.stitch-crop Stitch and crop fiji:2.16.0 1.0.0 approved" in [
        " ".join(line.split()) for line in listed.stdout.splitlines()
    ]
    found = invoke("modules", "pcpip.bc-preprocess")
    assert found.exit_code == 0
    for phrase in (
        "memory 30 GB, disk 800 GB, timeout 2 h, spot",
        "pipeline  file, required",
        "inputs:\n  images  required",
    ):
        assert phrase in found.stdout


def test_an_unknown_module_is_told_with_the_nearest() -> None:
    found = invoke("modules", "pcpip.analysys")
    assert found.exit_code == 2
    assert found.stderr.strip() == "no module is called `pcpip.analysys`. Did you mean `pcpip.analysis`?"


def test_problems_of_a_labs_own_catalog_are_told_by_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lab.yaml").write_text(
        "version: 1\nmodules:\n  lab.x: {title: X, description: X., tool: comand, image: x}\n"
    )
    monkeypatch.setenv("PLATERUNNER_CATALOG", str(tmp_path))
    for args in (["modules"], ["validate", DEMO]):
        result = invoke(*args)
        assert result.exit_code != 0
        assert "lab.yaml:3:44" in result.stderr
        assert "Did you mean `command`?" in result.stderr
