from types import SimpleNamespace

import pytest

from platerunner.triggers.task_state import is_over, waits

STATES = "airflow.sdk.execution_time.task_runner.RuntimeTaskInstance.get_task_states"


@pytest.mark.parametrize(("map_index", "name"), [(-1, "work"), (0, "work_0"), (7, "work_7")])
def test_a_mapped_task_is_found_under_the_name_that_airflow_gives_it(monkeypatch, map_index, name):
    asked = SimpleNamespace()
    monkeypatch.setattr(STATES, lambda **by: asked.__dict__.update(by) or {"run": {name: "deferred"}})
    assert waits("lab", "work", "run", map_index)
    assert not is_over("lab", "work", "run", map_index)
    assert (asked.task_ids, asked.map_index) == (["work"], map_index)


def test_a_deleted_task_waits_for_nothing(monkeypatch):
    monkeypatch.setattr(STATES, lambda **_: {})
    assert not waits("lab", "work", "run", -1)
    assert is_over("lab", "work", "run", -1)
