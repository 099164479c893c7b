"""Jobs that can never start."""

import asyncio

import pytest
from tests.embedded import Account
from tests.provider.batch.test_poller import FAST, follow

from platerunner.batch.placement import Placement, explain_wait, reasons, stuck
from platerunner.batch.poller import Poller
from platerunner.batch.status import describe, view_of
from platerunner.batch.stop import terminate

TOO_LARGE = {"resourceRequirements": [{"type": "VCPU", "value": "999"}]}


def test_stuck_jobs_are_named_with_batchs_reason(aws: Account) -> None:
    single = aws.submit(["true"], overrides=TOO_LARGE)
    array = aws.submit(["true"], overrides=TOO_LARGE, size=3)
    running = aws.submit(["sleep", "60"], size=20)
    aws.wait(f"{running}:0", "RUNNING")
    found = stuck(reasons(aws.batch, describe(aws.batch, [single, array, running])))
    assert set(found) == {single, array}
    assert all(reason.startswith("MISCONFIGURATION:") for reason in found.values())
    terminate(aws.batch, [single, array, running], "test is over")


def test_whoever_waits_for_a_job_that_can_never_start_sees_it_end_with_batchs_reason(aws: Account) -> None:
    array = aws.submit(["true"], overrides=TOO_LARGE, size=3)
    last = asyncio.run(follow(Poller(lambda: aws.batch, FAST), array))[-1]
    assert last.failed == 3
    assert aws.job(f"{array}:2")["statusReason"].startswith("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")


def test_waiting_arrays_are_looked_into_now_and_then_by_one_call_for_all(aws: Account) -> None:
    blocker = aws.submit(["sleep", "60"], overrides={"resourceRequirements": [{"type": "VCPU", "value": "4"}]})
    arrays = [aws.submit(["true"], size=3) for _ in range(5)]
    aws.wait(f"{arrays[-1]}:2", "RUNNABLE")
    views = list(describe(aws.batch, arrays))
    placement = Placement(every=60)
    before = aws.cloud.calls.copy()
    for _ in range(3):
        assert placement.look(aws.batch, views) == {}
    assert aws.cloud.calls - before == {"batch.describejobs": 1}
    terminate(aws.batch, [blocker, *arrays], "test is over")


UNDETERMINED = "UNDETERMINED - Batch job is blocked, root cause is undetermined."


class Queue:
    """Answers as Batch does for a queue whose first job is blocked."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        self.asked: list[list[str]] = []
        self.ended: list[tuple[str, str]] = []

    def describe_jobs(self, jobs: list[str]) -> dict[str, object]:
        self.asked.append(jobs)
        head = {"a0:0", "single"}
        return {
            "jobs": [{"jobId": j, "status": "RUNNABLE", "statusReason": self.reason if j in head else ""} for j in jobs]
        }

    def terminate_job(self, jobId: str, reason: str) -> None:  # noqa: N803  (boto3's own name)
        self.ended.append((jobId, reason))


def arrays(count: int, queue: str = "q"):
    counts = {"statusSummary": {"RUNNABLE": 3}, "size": 3}
    return [
        view_of(
            {"jobId": f"a{n}", "jobQueue": queue, "status": "PENDING", "createdAt": 1000 + n, "arrayProperties": counts}
        )
        for n in range(count)
    ]


def test_the_reason_at_the_head_of_the_queue_is_heard_with_one_call_however_many_arrays_wait():
    queue = Queue(UNDETERMINED)
    placement = Placement(every=60)
    views = arrays(1000)[::-1]
    for _ in range(3):
        assert placement.look(queue, views) == {"a0": UNDETERMINED}
    assert len(queue.asked) == 1
    assert len(queue.asked[0]) == 100
    assert queue.ended == []


def test_every_waiting_array_has_its_turn_and_the_oldest_always():
    queue = Queue("")
    placement = Placement(every=0)
    for _ in range(4):
        placement.look(queue, arrays(300))
    assert {child for asked in queue.asked for child in asked} == {f"a{n}:0" for n in range(300)}
    assert all("a0:0" in asked for asked in queue.asked)


def test_a_reason_is_gone_once_the_job_runs_or_batch_says_it_no_more():
    placement = Placement(every=0)
    queue = Queue(UNDETERMINED)
    waiting = view_of({"jobId": "single", "status": "RUNNABLE", "statusReason": UNDETERMINED})
    assert placement.look(queue, [waiting, *arrays(1)]) == {"single": UNDETERMINED, "a0": UNDETERMINED}
    assert placement.look(queue, []) == {"single": UNDETERMINED, "a0": UNDETERMINED}
    queue.reason = ""
    assert placement.look(queue, [view_of({"jobId": "single", "status": "RUNNING"}), *arrays(1)]) == {}


def test_what_can_never_start_is_ended_once():
    placement = Placement(every=0)
    queue = Queue("MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - x")
    for _ in range(3):
        placement.look(queue, arrays(1))
    assert queue.ended == [("a0", queue.reason)]


@pytest.mark.parametrize(
    ("reason", "who"),
    [
        (UNDETERMINED, "on-call"),
        ("ACTION_REQUIRED - CE(s) associated with the job queue are invalid.", "The platform team"),
        ("CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - x", "Nobody has to act"),
        ("MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - x", "The platform team"),
        ("A word of next year", "on-call"),
    ],
)
def test_a_reason_is_told_with_who_acts(reason: str, who: str):
    assert explain_wait(reason).startswith(f"AWS Batch says: {reason.rstrip('.')}. ")
    assert who in explain_wait(reason)
