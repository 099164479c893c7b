"""A submission that AWS refused is forgotten, one without an answer is looked up: what is fixed is used."""

import json
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError
from tests.lab import GOOD

from platerunner.batch.model import BatchError, Submission, UnansweredError


@pytest.fixture
def connect(lab, monkeypatch):
    """Points the connection's queues elsewhere, as on-call does."""

    def point(**queues):
        extra = {**lab.aws.cloud.connection(), "queues": queues}
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))

    return point


@pytest.fixture
def disabled(lab):
    lab.aws.batch.update_job_queue(jobQueue=lab.aws.spot, state="DISABLED")
    yield
    lab.aws.batch.update_job_queue(jobQueue=lab.aws.spot, state="ENABLED")


def ends_well(lab):
    result, failed = lab.to_the_end()
    assert (result.succeeded, failed) == (2, [])
    assert lab.starts() == {"A01": 1, "A02": 1}


def test_a_queue_that_is_disabled_is_replaced(lab, connect, disabled):
    lab.write(A01=GOOD, A02=GOOD)
    with pytest.raises(BatchError, match="DISABLED"):
        lab.run().start()
    assert lab.state().submissions == ()
    connect(spot=lab.aws.on_demand, on_demand=lab.aws.on_demand)
    ends_well(lab)


def test_a_queue_that_was_deleted_is_replaced(lab, connect):
    lab.write(A01=GOOD, A02=GOOD)
    connect(spot="old-spot", on_demand="old-spot")
    with pytest.raises(BatchError, match="old-spot"):
        lab.run().start()
    connect(spot=lab.aws.spot, on_demand=lab.aws.on_demand)
    ends_well(lab)


@pytest.mark.parametrize("queue", ["old-spot", None])
def test_a_refused_intent_of_an_older_version_is_forgotten(lab, queue):
    """Older versions kept what was refused, with its queue and its definition, and repeated it at every clear."""
    lab.write(A01=GOOD, A02=GOOD)
    run = lab.run()
    gone = "arn:aws:batch:us-east-1:123456789012:job-definition/gone:1"
    units = ("plate=P1/well=A01", "plate=P1/well=A02")
    old = Submission(1, "never-made", "array", 2, units, queue or lab.aws.spot, definition=gone, submitted_at="2026")
    run.scope.state_file.save(run.scope.state_file.load().with_submission(old))
    ends_well(lab)
    assert [s.n for s in lab.state().submissions] == [2], "numbers and their manifests are never used twice"


def test_a_definition_that_was_deregistered_in_between_is_made_anew(lab, monkeypatch):
    lab.write(A01=GOOD, A02=GOOD)
    real = "platerunner.engine.steps.submission.ensure_definition"
    with monkeypatch.context() as patch:
        arn = lab.aws.define("short-lived")
        lab.aws.batch.deregister_job_definition(jobDefinition=arn)
        patch.setattr(real, lambda *_: arn)
        with pytest.raises(BatchError):
            lab.run().start()
    ends_well(lab)


@pytest.mark.slow
def test_settings_that_were_changed_since_are_used(lab, disabled):
    lab.write(A01=GOOD, A02=GOOD)
    with pytest.raises(BatchError, match="DISABLED"):
        lab.run().start()
    lab.aws.batch.update_job_queue(jobQueue=lab.aws.spot, state="ENABLED")
    lab.options = "overrides: [{where: {well: A02}, resources: {memory: 300 MiB}}]"
    ends_well(lab)
    assert sorted(s.resources["memory"] >> 20 for s in lab.state().submissions) == [256, 300]


def refusing(call, code, status):
    def refuse(**_):
        raise ClientError(
            {"Error": {"Code": code, "Message": "not you"}, "ResponseMetadata": {"HTTPStatusCode": status}}, call
        )

    return refuse


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "status", "kind"), [("AccessDeniedException", 403, BatchError), ("ServerException", 500, UnansweredError)]
)
def test_an_intent_that_cannot_be_looked_up_is_kept_and_said_in_a_sentence(lab, monkeypatch, code, status, kind):
    lab.write(A01=GOOD, A02=GOOD)
    lab.run().start()
    [made] = lab.state().submissions
    run = lab.run()
    run.scope.state_file.save(lab.state().with_submission(replace(made, job_id=None)))
    monkeypatch.setattr(run.scope.hook.batch, "list_jobs", refusing("ListJobs", code, status))
    monkeypatch.setattr("platerunner.batch.calls.patiently.__kwdefaults__", {"patience": 0.1}, raising=False)
    with pytest.raises(kind, match=f"look up the job {made.name} in the queue"):
        run.start()
    assert [s.name for s in lab.state().intents] == [made.name]
    ends_well(lab)
    assert [s.job_id for s in lab.state().submissions] == [made.job_id]
