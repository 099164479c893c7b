"""What a check of `platerunner doctor` is, and those of credentials, Batch calls, the log group and the registry."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.calls import DENIED, code_of, is_expired, is_transient, patiently
from platerunner.batch.images import ECR_HOST
from platerunner.engine.connection import ConnectionProblem

if TYPE_CHECKING:
    from platerunner.hooks.platerunner import PlaterunnerHook

PATIENCE_S = 1.0
"""Little: botocore repeats a call by itself, and a person waits."""
NO_JOB = "00000000-0000-0000-0000-000000000000"


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """One line of the doctor's.

    :param check: what was looked at.
    :param message: a sentence, with the remedy unless all is well.
    """

    state: State
    check: str
    message: str


class Check(NamedTuple):
    """Something to look at.

    :param name: for the line.
    :param action: the IAM action that looking takes.
    :param look: yields findings; what AWS refuses becomes one.
    :param denied: what it is if looking itself is not allowed.
    """

    name: str
    action: str
    look: "Callable[[PlaterunnerHook], Iterator[Finding]]"
    denied: State = State.FAIL


def examine(hook: "PlaterunnerHook", check: Check) -> Iterator[Finding]:
    """The findings of one check, AWS's refusals included."""
    try:
        yield from check.look(hook)
    except ConnectionProblem as problem:
        yield Finding(State.FAIL, check.name, f"{problem}.")
    except (ClientError, BotoCoreError) as error:
        state = check.denied if code_of(error) in DENIED else State.FAIL
        yield Finding(state, check.name, sentence(error, check.action))


def sentence(error: ClientError | BotoCoreError, action: str) -> str:
    """What AWS said, with the remedy.

    :param action: IAM action, e.g. ``batch:ListJobs``.
    """
    said = str(error)
    if isinstance(error, ClientError):
        said = error.response.get("Error", {}).get("Message") or said
    said = said.rstrip(".")
    if code_of(error) in DENIED:
        return f"cannot look, since AWS does not allow it: grant {action} to these credentials ({said})."
    if is_expired(error):
        return f"the credentials are missing or no longer valid: renew them ({said})."
    if is_transient(error):
        return f"AWS did not answer: check the network, the region and the endpoint, then try again ({said})."
    return f"AWS refused {action}: correct the connection's extras or the environment ({said})."


def _credentials(hook: "PlaterunnerHook") -> Iterator[Finding]:
    who = patiently(hook.sts.get_caller_identity, patience=PATIENCE_S)["Arn"]
    yield Finding(State.OK, "credentials", f"they are those of {who}, in region {hook.region}.")


def _describe_jobs(hook: "PlaterunnerHook") -> Iterator[Finding]:
    patiently(hook.batch.describe_jobs, patience=PATIENCE_S, jobs=[NO_JOB])
    yield Finding(State.OK, "describe jobs", "allowed.")


def _list_jobs(hook: "PlaterunnerHook") -> Iterator[Finding]:
    queue = next(iter(hook.settings.queues.values()))
    patiently(hook.batch.list_jobs, patience=PATIENCE_S, jobQueue=queue, jobStatus="RUNNING", maxResults=1)
    yield Finding(State.OK, "list jobs", "allowed.")


def _describe_definitions(hook: "PlaterunnerHook") -> Iterator[Finding]:
    patiently(hook.batch.describe_job_definitions, patience=PATIENCE_S, status="ACTIVE", maxResults=1)
    yield Finding(State.OK, "job definitions", "may be read.")


def _log_group(hook: "PlaterunnerHook") -> Iterator[Finding]:
    name = hook.settings.log_group
    found = patiently(hook.logs.describe_log_groups, patience=PATIENCE_S, logGroupNamePrefix=name)["logGroups"]
    if any(group["logGroupName"] == name for group in found):
        yield Finding(State.OK, "log group", f"{name} exists.")
    else:
        remedy = "create it, or correct `log_group` in the connection"
        yield Finding(State.FAIL, "log group", f"region {hook.region} has no log group {name}: {remedy}.")


def _registry(hook: "PlaterunnerHook") -> Iterator[Finding]:
    registry = hook.settings.registry.rstrip("/")
    say = partial(Finding, check="registry")
    host, _, prefix = registry.partition("/")
    account = ECR_HOST.fullmatch(host)
    if not registry:
        remedy = "add `registry` to the connection unless every step gives a full image reference"
        yield say(State.WARN, message=f"the connection names none: {remedy}.")
    elif account is None:
        yield say(State.OK, message=f"{registry} is not ECR, so it is not looked into.")
    else:
        pages = hook.ecr.get_paginator("describe_repositories").paginate(registryId=account["account"])
        names = [repository["repositoryName"] for page in pages for repository in page["repositories"]]
        ours = [name for name in names if not prefix or name.startswith(f"{prefix}/")]
        if ours:
            yield say(State.OK, message=f"{registry} has {len(ours)} repositories.")
        else:
            remedy = "push the images there, or correct `registry` in the connection"
            yield say(State.FAIL, message=f"{registry} has no repository: {remedy}.")


CHECKS = (
    Check("credentials", "sts:GetCallerIdentity", _credentials),
    Check("describe jobs", "batch:DescribeJobs", _describe_jobs),
    Check("list jobs", "batch:ListJobs", _list_jobs),
    Check("job definitions", "batch:DescribeJobDefinitions", _describe_definitions),
    Check("log group", "logs:DescribeLogGroups", _log_group),
    Check("registry", "ecr:DescribeRepositories", _registry),
)
