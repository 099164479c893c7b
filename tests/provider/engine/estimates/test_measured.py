"""`memory: measured`: by hand, what is asked for with and without history, and that no fingerprint knows of it."""

import pytest
from tests.specs import wells

from platerunner.batch.model import Submission
from platerunner.catalog.loader import load_catalog
from platerunner.engine.estimates.measured import measure_memory
from platerunner.engine.ledger.columns import table
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.planning.context import RunContext
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.engine.steps.step_scope import StepScope
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

MIB = 1024**2


def took(peak, **values):
    base = {"pipeline": "lab", "step": "work", "module": "command", "verdict": "succeeded", "peak_memory": peak * MIB}
    return table().fit({**base, "job": f"j{peak}", "unit": "u", **values})


@pytest.fixture
def scope(tmp_path):
    def scope(memory):
        text = wells() + f"    resources: {{memory: {memory}}}\n"
        roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "ws")}
        access = DirectAccess({"queues": {"spot": "spot"}, "region": "us-east-1", **roots})
        return StepScope(access, load_text(text, tmp_path / "lab.yaml"), "work", RunContext({}, **roots))

    return scope


def write(tmp_path, rows):
    ledger = workspace_ledger(Storage(str(tmp_path / "ws")))
    for each in rows:
        at = "2026-11-30T10:00:00+00:00"
        submission = Submission(1, "n", "single", 1, (0,), "q", job_id=each["job"], submitted_at=at)
        ledger.write("lab", submission, [each])


def test_it_asks_for_what_99_of_100_took_and_a_quarter_more(scope, tmp_path):
    write(tmp_path, [took(600 + n) for n in range(20)])
    write(tmp_path, [took(9000 + n, verdict="out_of_memory") for n in range(3)])
    write(tmp_path, [took(8000, step="other")])
    values = {"plate": "P1", "well": "A01"}
    assert scope("measured").first_ask(values).memory == 1024 * MIB, "619 MiB and a quarter is 774 MiB"
    assert scope("3 GiB").first_ask(values).memory == 3072 * MIB


def test_without_enough_history_it_asks_for_what_the_module_does(scope, tmp_path):
    write(tmp_path, [took(600 + n) for n in range(9)])
    own = scope("measured")
    assert own.first_ask({}).memory == load_catalog()["command"].resources.memory
    assert own.measured.told("work", own.step.resources.memory) == (
        "work: `memory: measured` asks for 4 GiB, as the module does: 9 attempts are too few to say, 10 are needed."
    )


def test_what_the_plan_says_is_what_is_asked_for(scope):
    rows = [took(600 + n) for n in range(20)]
    found = measure_memory(rows, scope("measured").pipeline, scope("measured").step)
    assert found.told("work", 0) == (
        "work: `memory: measured` asks for 1 GiB: 99 of 100 of 20 units took 619 MiB at most."
    )


def test_no_fingerprint_knows_of_it(scope, tmp_path):
    for plate in ("P1", "P2"):
        (tmp_path / "data" / plate).mkdir(parents=True)
        (tmp_path / "data" / plate / "A01.tif").write_text("x")
    marks = [{unit.unit: unit.fingerprint for unit in _plan(scope(memory)).units} for memory in ("measured", "3 GiB")]
    assert marks[0] == marks[1]
    assert len(marks[0]) == 2


def _plan(scope):
    scope.image = lambda _: ("base:latest", "sha256:1")
    return scope.plan()
