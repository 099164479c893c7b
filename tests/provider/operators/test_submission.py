from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

from platerunner.hooks.settings import ConnectionSettings
from platerunner.operators.submission import Submitter

ARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/token"


def test_secrets_of_the_connection_reach_the_job_definition_by_reference() -> None:
    settings = ConnectionSettings.from_extra("lab", {"queues": {"spot": "q"}, "secrets": {"TOKEN": ARN}})
    nothing = cast("Any", None)
    submitter = Submitter(nothing, settings, nothing, nothing, "base:latest")
    task = cast("Any", SimpleNamespace(pipeline="demo", step="measure"))
    ask = cast("Any", SimpleNamespace(vcpus=1.0, memory=1024**3, disk=None))
    assert submitter._spec(task, ask).secrets == {"TOKEN": ARN}
    plain = replace(submitter, settings=replace(settings, secrets={}))
    assert plain._spec(task, ask).secrets == {}
