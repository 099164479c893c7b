import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import Account

from platerunner.batch.status import children, describe, view_of
from platerunner.batch.stop import terminate
from platerunner.batch.views import STATUSES, JobView
from platerunner_unit.contract.evidence import BatchEvidence


@pytest.mark.slow
def test_describe_asks_by_the_hundred(aws: Account) -> None:
    parent = aws.run(["true"], size=201)["jobId"]
    before = aws.cloud.calls["batch.describejobs"]
    ids = [f"{parent}:{i}" for i in range(201)]
    views = list(describe(aws.batch, [*ids, "unknown", ids[0]]))
    assert aws.cloud.calls["batch.describejobs"] - before == 3
    assert sorted(view.index for view in views) == list(range(201))
    assert all(view.ended and view.exit_code == 0 and view.log_stream for view in views)


def test_children_of_a_status_with_their_reasons(aws: Account) -> None:
    command = ["sh", "-c", "test $AWS_BATCH_JOB_ARRAY_INDEX -lt 120 || exit 84"]
    parent = aws.run(command, size=150)["jobId"]
    before = aws.cloud.calls.copy()
    failed = list(children(aws.batch, parent, ["FAILED"]))
    assert [view.index for view in failed] == list(range(120, 150))
    assert {(view.exit_code, len(view.attempts), bool(view.log_stream)) for view in failed} == {(84, 1, True)}
    assert (aws.cloud.calls - before) == {"batch.listjobs": 1, "batch.describejobs": 1}
    done = list(children(aws.batch, parent, ["SUCCEEDED", "RUNNING"]))
    assert [view.index for view in done] == list(range(120))


def test_children_without_reasons_cost_no_further_call(aws: Account) -> None:
    parent = aws.run(["false"], size=3)["jobId"]
    before = aws.cloud.calls.copy()
    assert len(list(children(aws.batch, parent, ["FAILED"], reasons=False))) == 3
    assert (aws.cloud.calls - before) == {"batch.listjobs": 1}


def test_a_view_is_evidence(aws: Account) -> None:
    job = aws.run(["sh", "-c", "exit 70"])
    view = next(describe(aws.batch, [job["jobId"]]))
    assert view.evidence() == BatchEvidence("FAILED", "Essential container in task exited", "", 70)
    assert view.attempts[0].exit_code == 70
    assert view.created_at <= view.started_at <= view.stopped_at


def test_terminate_ends_arrays_and_tolerates_what_is_over(aws: Account) -> None:
    over = aws.run(["true"])["jobId"]
    array = aws.submit(["sleep", "60"], size=6)
    single = aws.submit(["sleep", "60"])
    terminate(aws.batch, [over, array, "gone", single, array], "cleared")
    for job_id in (array, f"{array}:5", single):
        assert aws.wait(job_id)["statusReason"] == "cleared"
    assert aws.job(over)["status"] == "SUCCEEDED"


def test_terminate_ends_the_others_before_it_complains(aws: Account) -> None:
    from platerunner.batch.model import BatchError

    job_id = aws.submit(["sleep", "60"])
    with pytest.raises(BatchError, match="AWS refused to terminate jobs: reason is a required field"):
        terminate(aws.batch, [job_id], "")
    terminate(aws.batch, [job_id], "now with a reason")
    assert aws.wait(job_id)["statusReason"] == "now with a reason"


def test_a_refusal_is_not_repeated(aws: Account) -> None:
    before = aws.cloud.calls["batch.listjobs"]
    with pytest.raises(ClientError):
        list(children(aws.batch, "gone", ["FAILED"]))
    assert aws.cloud.calls["batch.listjobs"] - before == 1


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(STATUSES), st.integers(0, 50)), st.integers(0, 20))
def test_counts_always_sum_to_the_array(counts: dict[str, int], uncounted: int) -> None:
    size = sum(counts.values()) + uncounted
    view = view_of({"jobId": "p", "status": "PENDING", "arrayProperties": {"size": size, "statusSummary": counts}})
    assert sum(view.counts().values()) == size
    assert all(view.counts().values())


@pytest.mark.slow
def test_a_bare_summary_is_a_view() -> None:
    assert view_of({"jobId": "x"}) == JobView("x")
    assert JobView("x", status="RUNNING").counts() == {"RUNNING": 1}
