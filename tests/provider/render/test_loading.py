import gc
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from platerunner.documents import source
from platerunner.render import load_dags

SPECS = Path(__file__).parents[3] / "dag_specs"
DAG_FILE = Path(__file__).parents[3] / "dags" / "platerunner_dags.py"
SPEC = """
version: 1
pipeline: {name}
title: A pipeline
owner: tests
workspace: "{{{{ workspace_root }}}}"
dataset: {{root: "{{{{ data_root }}}}", files: {{raw: "{{well}}.txt"}}}}
steps:
  copy:
    module: command
    image: base:latest
    foreach: [well]
    inputs: {{raw: dataset.raw}}
    {key}: {{argv: [cp, "{{inputs.raw}}", "{{outputs.copy}}"]}}
    outputs: {{copy: "copy/{{well}}.txt"}}
"""


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two good specs, and one with a misspelt key on its last line but one."""
    folder = tmp_path / "dag_specs"
    folder.mkdir()
    for name, key in (("first", "with"), ("broken", "wiht"), ("second", "with")):
        (folder / f"{name}.yaml").write_text(SPEC.format(name=name, key=key).lstrip())
    monkeypatch.setenv("PLATERUNNER_DAG_SPECS", str(folder))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.delenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", raising=False)
    return folder


def test_a_broken_spec_hides_only_itself(specs):
    namespace = {}
    load_dags(specs, namespace)
    assert sorted(dag.dag_id for dag in namespace.values()) == ["first", "second"]
    assert gc.isenabled(), "the collector is off while specs are read, and only then"


def test_it_is_an_import_error_of_its_own_with_its_own_lines(specs):
    bag = DagBag(DAG_FILE)
    assert sorted(bag.dag_ids) == ["first", "second"]
    assert list(bag.import_errors) == ["dag_specs/broken.yaml"]
    message = bag.import_errors["dag_specs/broken.yaml"]
    assert "broken.yaml:13:5" in message
    assert "wiht" in message
    assert "Did you mean `with`?" in message
    assert "Traceback" not in message


def test_two_specs_of_one_name_are_an_error_of_the_second(specs):
    (specs / "third.yaml").write_text(SPEC.format(name="first", key="with").lstrip())
    bag = DagBag(DAG_FILE)
    assert sorted(bag.dag_ids) == ["first", "second"]
    assert "pipeline `first` is also in dag_specs/first.yaml" in bag.import_errors["dag_specs/third.yaml"]


def test_a_task_reads_only_the_spec_of_its_dag(specs, monkeypatch):
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "second")
    namespace = {}
    load_dags(specs, namespace)
    assert [dag.dag_id for dag in namespace.values()] == ["second"]


def test_a_name_that_no_quick_look_finds_is_found_by_reading_all(specs, monkeypatch):
    text = (specs / "second.yaml").read_text()
    (specs / "second.yaml").write_text(text.replace("pipeline: second", "? pipeline\n: second"))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "second")
    namespace = {}
    load_dags(specs, namespace)
    assert "second" in {dag.dag_id for dag in namespace.values()}


def test_a_part_is_no_dag_and_a_task_reads_only_its_spec_and_the_parts_of_that(specs, monkeypatch):
    for name in ("first", "second"):
        text = (specs / f"{name}.yaml").read_text().replace("owner: tests", f"include: [_{name}.yaml]")
        (specs / f"{name}.yaml").write_text(text)
        (specs / f"_{name}.yaml").write_text(f"owner: {name}-lab\n")
    namespace = {}
    load_dags(specs, namespace)
    assert sorted(dag.dag_id for dag in namespace.values()) == ["first", "second"]
    read, opened = source.read, []
    monkeypatch.setattr(source, "read", lambda path: opened.append(path.name) or read(path))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "second")
    namespace = {}
    load_dags(specs, namespace)
    assert [dag.owner for dag in namespace.values()] == ["second-lab"]
    assert opened == ["second.yaml", "_second.yaml"]


def test_the_shipped_specs_load_without_any_error(monkeypatch):
    monkeypatch.delenv("PLATERUNNER_DAG_SPECS", raising=False)
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    bag = DagBag(DAG_FILE)
    assert bag.import_errors == {}
    assert {"demo", "illumination"} <= set(bag.dag_ids)


@pytest.mark.airflow
def test_the_dag_processor_files_it_where_the_ui_and_the_command_look(specs, tmp_path):
    home = tmp_path / "airflow"
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAG_FILE.parent),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }

    def airflow(*args: str) -> None:
        argv = [sys.executable, "-m", "airflow", *args]
        subprocess.run(argv, env=environment, check=True, capture_output=True, timeout=240)

    airflow("db", "migrate")
    airflow("dag-processor", "-n", "1")
    with sqlite3.connect(home / "airflow.db") as database:
        dags = database.execute("select dag_id, is_stale, has_import_errors from dag order by dag_id").fetchall()
        errors = database.execute("select filename, stacktrace from import_error").fetchall()
    assert dags == [("first", 0, 0), ("second", 0, 0)]
    [(name, message)] = errors
    assert name == "dag_specs/broken.yaml"
    assert "broken.yaml:13:5" in message
