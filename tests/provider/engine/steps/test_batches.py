"""Several units in one job of a step: what goes together, and what becomes of each."""

import pytest
from tests.provider.engine.steps.test_step_run import GOOD, GREEDY

from platerunner_unit.contract.category import Category


@pytest.mark.slow
def test_of_a_batch_the_failing_unit_alone_fails_and_runs_again(lab):
    lab.options = "batch: 2"
    lab.write(A01=GOOD, A02="echo ValueError: no such channel; exit 3\n", A03=GOOD, A04=GOOD, A05=GOOD)
    result, [failure] = lab.to_the_end()
    assert (result.succeeded, result.failed) == (4, 1)
    assert (failure.unit, failure.category) == ("plate=P1/well=A02", Category.TOOL_ERROR)
    [submission] = lab.state().submissions
    assert (submission.size, submission.batches, len(submission.units)) == (3, (0, 2, 4, 5), 5)
    assert failure.job_id == f"{submission.job_id}:0"
    assert lab.starts() == dict.fromkeys(("A01", "A02", "A03", "A04", "A05"), 1)
    lab.write(A02=GOOD)
    result, failed = lab.to_the_end()
    assert (failed, lab.starts()) == ([], {"A02": 1})


@pytest.mark.slow
def test_what_is_worth_another_attempt_gets_it_alone(lab):
    lab.options = "batch: {size: 3, by: well}"
    lab.write(A01=GOOD, A02=GREEDY, A03=GOOD)
    result, failed = lab.to_the_end()
    assert failed == []
    first, *later = lab.state().submissions
    assert (first.size, first.batches) == (1, (0, 3))
    assert all(not submission.batches for submission in later)
    assert lab.starts()["A01"] == 1  # it had finished before its container was killed
    assert result.retried["out_of_memory"] >= 1
