"""Fair share, as a queue with a scheduling policy wants it."""

import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import Account

from platerunner.batch.model import BatchError
from platerunner.batch.share import Share, has_policy, identifier, share_of
from platerunner.batch.submit import submit

QUEUE = "shared"


@pytest.fixture(scope="module")
def queue(aws: Account) -> Iterator[str]:
    """A queue with a policy, beside those without."""
    policy = aws.batch.create_scheduling_policy(name="fair", fairsharePolicy={"shareDecaySeconds": 3600})["arn"]
    order = aws.batch.describe_job_queues(jobQueues=[aws.spot])["jobQueues"][0]["computeEnvironmentOrder"]
    aws.batch.create_job_queue(
        jobQueueName=QUEUE, priority=1, state="ENABLED", schedulingPolicyArn=policy, computeEnvironmentOrder=order
    )
    yield QUEUE
    aws.batch.update_job_queue(jobQueue=QUEUE, state="DISABLED")
    aws.batch.delete_job_queue(jobQueue=QUEUE)


@given(st.text(max_size=400))
def test_every_name_becomes_an_identifier_that_batch_takes_or_is_refused(name: str) -> None:
    if re.search(r"[A-Za-z0-9]", name):
        assert re.fullmatch(r"[A-Za-z0-9]{1,255}", identifier(name))
    else:
        with pytest.raises(BatchError, match="makes no share identifier"):
            identifier(name)


def test_a_job_names_its_share_and_what_is_tried_again_goes_first(aws: Account, queue: str) -> None:
    for n in (1, 2):
        share = share_of(aws.batch, queue, "cell_painting", n)
        job_id = submit(aws.batch, name=f"s{n}", queue=queue, definition=aws.define(), command=["true"], share=share)
        job = aws.job(job_id)
        assert (job["shareIdentifier"], job["schedulingPriority"]) == ("cellpainting", n)


def test_a_queue_without_a_policy_gets_none(aws: Account) -> None:
    assert share_of(aws.batch, aws.spot, "cell_painting", 1) is None
    job = aws.job(submit(aws.batch, name="plain", queue=aws.spot, definition=aws.define(), command=["true"]))
    assert "shareIdentifier" not in job


def test_a_connection_that_shares_by_nothing_asks_nothing(aws: Account, queue: str) -> None:
    before = aws.cloud.calls["batch.describejobqueues"]
    assert share_of(aws.batch, queue, "", 1) is None
    assert aws.cloud.calls["batch.describejobqueues"] == before


def test_a_queue_is_asked_once(aws: Account, queue: str) -> None:
    client = aws.client("batch")
    before = aws.cloud.calls["batch.describejobqueues"]
    assert [has_policy(client, queue) for _ in range(3)] == [True] * 3
    assert aws.cloud.calls["batch.describejobqueues"] == before + 1


def test_the_embedded_cloud_refuses_what_batch_refuses(aws: Account, queue: str) -> None:
    with pytest.raises(BatchError, match="Share identifier must be specified"):
        submit(aws.batch, name="without", queue=queue, definition=aws.define())
    with pytest.raises(BatchError, match="cannot be specified for a queue without"):
        submit(aws.batch, name="with", queue=aws.spot, definition=aws.define(), share=Share("a"))
    with pytest.raises(ClientError, match="valid pattern"):
        aws.submit(["true"], jobQueue=queue, shareIdentifier="a_b")
