from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from platerunner.batch.model import BatchError
from platerunner.catalog.model import Resources
from platerunner.engine.connection import ConnectionSettings
from platerunner.engine.steps.submission import Submitter

ARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/token"


def test_secrets_of_the_connection_reach_the_job_definition_by_reference() -> None:
    settings = ConnectionSettings.from_extra("lab", {"queues": {"spot": "q"}, "secrets": {"TOKEN": ARN}})
    nothing = cast("Any", None)
    submitter = Submitter(nothing, settings, nothing, nothing, "base:latest")
    task = cast("Any", SimpleNamespace(pipeline="demo", step="measure"))
    ask = cast("Any", SimpleNamespace(vcpus=1.0, memory=1024**3, disk=None))
    assert submitter._spec(task, ask, Resources()).secrets == {"TOKEN": ARN}
    plain = replace(submitter, settings=replace(settings, secrets={}))
    assert plain._spec(task, ask, Resources()).secrets == {}


@pytest.mark.parametrize("asked", [{"gpus": 1}, {"shared_memory": 1 << 30}, {"swap": 1 << 30}])
def test_what_fargate_does_not_have_is_refused_in_one_sentence(asked: dict[str, int]) -> None:
    extra = {"queues": {"spot": "q"}, "platform": "FARGATE"}
    nothing = cast("Any", None)
    submitter = Submitter(nothing, ConnectionSettings.from_extra("lab", extra), nothing, nothing, "base:latest")
    task = cast("Any", SimpleNamespace(pipeline="demo", step="measure"))
    ask = cast("Any", SimpleNamespace(vcpus=1.0, memory=1024**3, disk=None))
    with pytest.raises(BatchError, match=f"step measure asks for {next(iter(asked))}, which Fargate does not have"):
        submitter._spec(task, ask, Resources(**asked))
    assert submitter._spec(task, ask, Resources()).platform == "FARGATE"
