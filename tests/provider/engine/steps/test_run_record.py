"""What a look at a run's records tells, while it goes on and after."""

import pytest
from tests.lab import GOOD, Lab

from platerunner.engine.inspect.run_record import Mark, RunRecord

FAILS = 'echo "ValueError: no"; exit 1\n'


def marks(lab: Lab) -> dict[str, Mark]:
    record = RunRecord(lab.run().scope.workspace, "run-1", "work")
    return {each.unit.rpartition("=")[2]: each.mark for each in record.units}


@pytest.mark.slow
def test_units_are_on_batch_then_what_they_came_to(lab: Lab) -> None:
    lab.write(A01=GOOD, A02=FAILS, A03=GOOD)
    assert marks(lab) == {}
    run = lab.run()
    run.start()
    assert set(marks(lab).values()) <= {Mark.SUBMITTED, Mark.SUCCEEDED, Mark.FAILED}
    lab.to_the_end()
    assert marks(lab) == {"A01": Mark.SUCCEEDED, "A02": Mark.FAILED, "A03": Mark.SUCCEEDED}
    record = RunRecord(run.scope.workspace, "run-1", "work")
    assert record.counts() == {"succeeded": 2, "tool_error": 1}
    assert record.result is not None
    assert record.result["plates"] == 1


def test_what_was_done_before_and_what_is_left_out_is_told_apart(lab: Lab) -> None:
    lab.write(A01=GOOD, A02=GOOD)
    lab.to_the_end("run-0")
    lab.write(A03=GOOD)
    lab.asked = {"only": ["well=A0[12]"]}
    lab.to_the_end()
    assert marks(lab) == {"A01": Mark.DONE, "A02": Mark.DONE, "A03": Mark.WAITING}


@pytest.mark.slow
def test_a_run_that_kept_no_plan_shows_what_it_submitted(lab: Lab) -> None:
    lab.write(A01=GOOD, A02=FAILS)
    lab.to_the_end()
    lab.run().scope.workspace.delete("_platerunner/runs/run-1/work/plan.json")
    assert marks(lab) == {"A01": Mark.SUCCEEDED, "A02": Mark.FAILED}
