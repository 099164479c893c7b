"""What messages say of a pipeline whose plates flow on their own."""

from types import SimpleNamespace

from tests.specs import wells

from platerunner.notifications.texts import of_success, of_task
from platerunner.spec.loader import load_text

SPEC = wells(head="split: plate")


class Task(SimpleNamespace):
    """A task instance that has XComs by map index, as Airflow's: all of them, unless it is asked for one."""

    def xcom_pull(self, task_ids, key, map_indexes=None):
        found = self.xcoms.get((task_ids, key), {})
        return list(found.values()) if map_indexes is None else found.get(map_indexes)


def task(xcoms, map_index=-1):
    return Task(task_id="work", run_id="run-1", map_index=map_index, log_url="http://log", xcoms=xcoms)


def test_a_failure_names_its_plate_and_tells_its_own_digest(tmp_path):
    pipeline = load_text(SPEC, tmp_path / "lab.yaml")
    ti = task({("work", "platerunner_digest"): {0: "2 out_of_memory", 1: "1 tool_error"}}, map_index=1)
    context = {"ti": ti, "task": SimpleNamespace(branch="P2"), "exception": "1 unit failed"}
    text = of_task("on_failure", pipeline, context)
    assert text.subject == "lab: work (P2) has failed"
    assert "1 tool_error" in text.body
    assert "out_of_memory" not in text.body


def test_a_success_adds_the_plates_up(tmp_path):
    pipeline = load_text(SPEC, tmp_path / "lab.yaml")
    counts = {"units": 4, "succeeded": 3, "done_before": 1, "failed": 0}
    ti = task({("work", "platerunner_result"): {0: counts, 1: {**counts, "succeeded": 2, "failed": 1}}})
    text = of_success(pipeline, {"ti": ti, "run_id": "run-1"})
    assert "work: 7 of 8 units done, 1 failed" in text.body
