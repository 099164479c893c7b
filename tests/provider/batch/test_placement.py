"""Jobs that can never start."""

import asyncio

from tests.embedded import Account
from tests.provider.batch.test_poller import FAST, follow

from platerunner.batch.placement import Placement, stuck
from platerunner.batch.poller import Poller
from platerunner.batch.status import describe
from platerunner.batch.stop import terminate

TOO_LARGE = {"resourceRequirements": [{"type": "VCPU", "value": "999"}]}


def test_stuck_jobs_are_named_with_batchs_reason(aws: Account) -> None:
    single = aws.submit(["true"], overrides=TOO_LARGE)
    array = aws.submit(["true"], overrides=TOO_LARGE, size=3)
    running = aws.submit(["sleep", "60"], size=20)
    aws.wait(f"{running}:0", "RUNNING")
    found = stuck(aws.batch, describe(aws.batch, [single, array, running]))
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
        assert placement.end_stuck(aws.batch, views) == []
    assert aws.cloud.calls - before == {"batch.describejobs": 1}
    terminate(aws.batch, [blocker, *arrays], "test is over")
