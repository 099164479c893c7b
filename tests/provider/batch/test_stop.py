"""Ending jobs: in one call where AWS has it, one by one where it has not, and none is forgotten."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.embedded import Account, wait_for

from platerunner.batch.model import BatchError
from platerunner.batch.stop import AT_ONCE, terminate


def error(code: str, message: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class Batch:
    """Answers as botocore's model of TerminateJobs says.

    :param alone: jobs that cannot be ended with others.
    :param denied: jobs that cannot be ended at all.
    :param unknown: whether this region has no TerminateJobs.
    """

    def __init__(self, alone: tuple[str, ...] = (), denied: tuple[str, ...] = (), *, unknown: bool = False) -> None:
        self.alone, self.denied, self.unknown = alone, denied, unknown
        self.bulks: list[int] = []
        self.single: list[str] = []

    def terminate_jobs(self, *, jobs: list[str], reason: str) -> dict[str, Any]:
        assert reason
        assert 2 <= len(jobs) <= AT_ONCE or len(jobs) == 1 < sum(self.bulks)
        if self.unknown:
            raise error("UnknownOperationException", "", "TerminateJobs")
        self.bulks.append(len(jobs))
        refused = [job for job in jobs if job in (*self.alone, *self.denied)]
        errors = [{"job": job, "code": "ThrottlingException", "message": "later"} for job in refused]
        return {"successful": [job for job in jobs if job not in refused], "errors": errors}

    def terminate_job(self, *, jobId: str, reason: str) -> None:  # noqa: N803  (boto3's own name)
        assert reason
        self.single.append(jobId)
        if jobId in self.denied:
            raise error("AccessDeniedException", "no", "TerminateJob")


JOBS = [f"job{number}" for number in range(2 * AT_ONCE + 1)]


@pytest.mark.parametrize(
    ("batch", "jobs", "bulks", "single"),
    [
        (Batch(), [], [], []),
        (Batch(), JOBS[:1] * 2, [], JOBS[:1]),
        (Batch(), JOBS[:2], [2], []),
        (Batch(), JOBS, [AT_ONCE, AT_ONCE, 1], []),
        (Batch(alone=("job1", "job60")), JOBS, [AT_ONCE, AT_ONCE, 1], ["job1", "job60"]),
        (Batch(unknown=True), JOBS[:3], [], JOBS[:3]),
    ],
)
def test_every_job_is_ended_with_as_few_calls_as_aws_allows(batch, jobs, bulks, single):
    terminate(batch, jobs, "enough")
    assert (batch.bulks, batch.single) == (bulks, single)


def test_a_botocore_without_the_call_ends_jobs_one_by_one():
    batch = Batch()
    terminate(SimpleNamespace(terminate_job=batch.terminate_job), JOBS[:3], "enough")
    assert batch.single == JOBS[:3]


def test_what_may_not_be_ended_is_told_after_all_others_were_ended():
    batch = Batch(denied=("job0",), alone=("job2",))
    with pytest.raises(BatchError, match="does not allow to terminate jobs"):
        terminate(batch, JOBS[:4], "enough")
    assert batch.single == ["job0", "job2"]


def test_the_embedded_cloud_ends_several_jobs_with_one_call(aws: Account) -> None:
    jobs = [aws.submit(["sleep", "600"]) for _ in range(3)]
    before = dict(aws.cloud.calls)
    terminate(aws.batch, [*jobs, "gone"], "enough of it")
    assert aws.cloud.calls["batch.terminatejobs"] - before.get("batch.terminatejobs", 0) == 1
    assert aws.cloud.calls["batch.terminatejob"] == before.get("batch.terminatejob", 0)

    def views() -> list[dict[str, Any]]:
        return aws.batch.describe_jobs(jobs=jobs)["jobs"]

    wait_for(lambda: all(view["status"] == "FAILED" for view in views()))
    assert {view["statusReason"] for view in views()} == {"enough of it"}
