"""The end of the log of a unit that runs."""

import pytest
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner_pages.pages import tail

TAIL = "/platerunner/dags/lab/runs/run-1/tasks/work/tail.json"
UNITS = dict.fromkeys(("plate=P1/well=A01", "plate=P1/well=A02"), UnitState.PENDING)


class Aws:
    """Batch and CloudWatch Logs as far as a tail asks them."""

    class settings:  # noqa: N801
        log_group = "jobs"

    batch = logs = property(lambda self: self)

    def describe_jobs(self, jobs):
        status, stream = ("RUNNING", "stream") if jobs == ["j-1:1"] else ("RUNNABLE", None)
        return {"jobs": [{"jobId": jobs[0], "jobName": "n", "status": status, "container": {"logStreamName": stream}}]}

    def get_log_events(self, logGroupName, logStreamName, limit, startFromHead):  # noqa: N803
        assert (logGroupName, logStreamName) == ("jobs", "stream")
        return {"events": [{"message": "<b>image 3 of 9</b>\n"}]}


@pytest.fixture
def running(site, monkeypatch):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="deferred")
    leave(site.workspace / "lab", {**UNITS, "plate=P1/well=A03": UnitState.DONE}, live=tuple(UNITS))
    monkeypatch.setattr(tail, "hook", Aws)
    return site


@pytest.mark.parametrize(
    ("well", "told"),
    [
        ("A01", {"job": "j-1:0", "status": "RUNNABLE", "lines": []}),
        ("A02", {"job": "j-1:1", "status": "RUNNING", "lines": ["<b>image 3 of 9</b>"]}),
        ("A03", {"job": "", "status": "", "lines": []}),
    ],
)
def test_a_unit_that_runs_tells_its_last_lines(running, well, told):
    assert running.client("viewer").get(TAIL, params={"id": f"plate=P1/well={well}"}).json() == told


def test_no_other_jobs_log_is_read(running):
    for unit in ("plate=P1/well=B01", "../../other", "j-1:1"):
        assert running.client("admin").get(TAIL, params={"id": unit}).status_code == 404
