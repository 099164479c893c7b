"""A database of Airflow that 0.1 wrote goes on: what it holds of ours still has its name, and is still understood.

`tests/data/airflow_of_0.1.json` was taken from objects of that version: rows of `trigger`, `connection` and `dag_run`,
names in `task_instance` and `serialized_dag`. Workspaces are in engine/records/test_recorded_workspaces.py.
"""

import json
from pathlib import Path

import pytest
from airflow.sdk._shared.module_loading import import_string

from platerunner.engine.connection import ConnectionSettings
from platerunner.engine.planning.context import RunOptions
from platerunner.spec.loader import load_pipeline

ROOT = Path(__file__).parents[2]
KEPT = json.loads((ROOT / "tests/data/airflow_of_0.1.json").read_text())


@pytest.mark.parametrize(("path", "arguments"), KEPT["triggers"], ids=lambda value: str(value)[:60])
def test_a_triggerer_goes_on_with_what_waited(path, arguments):
    name, again = import_string(path)(**arguments).serialize()
    assert name == path
    assert {key: str(value) for key, value in arguments.items()} == {key: str(again[key]) for key in arguments}


@pytest.mark.parametrize(("path", "methods"), KEPT["operators"].items())
def test_a_task_that_waited_goes_on_in_the_method_that_it_named(path, methods):
    assert [method for method in methods if not callable(getattr(import_string(path), method, None))] == []


def test_links_of_old_runs_and_the_hook_have_their_names():
    for path in [*KEPT["links"], KEPT["hook"]]:
        assert import_string(path)


def test_a_connection_and_a_runs_wishes_are_still_understood():
    settings = ConnectionSettings.from_extra("platerunner", KEPT["connection"])
    assert settings.queues["gpu"] == "platerunner-gpu"
    options = RunOptions.of(KEPT["conf"], load_pipeline(ROOT / "dag_specs/demo.yaml"))
    assert options.resources == KEPT["conf"]["resources"]
