"""The doctor's checks of the roles that jobs take."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from platerunner.batch.calls import code_of, patiently
from platerunner.cli.aws.doctor_checks import PATIENCE_S, Check, Finding, State

if TYPE_CHECKING:
    from platerunner.hooks.platerunner import PlaterunnerHook

TASKS = "ecs-tasks.amazonaws.com"


def _role(key: str, check: str, hook: "PlaterunnerHook") -> Iterator[Finding]:
    arn: str | None = getattr(hook.settings, key)
    if not arn:
        yield _unnamed(key, check, hook.settings.platform)
        return
    if ":role/" not in arn:
        yield Finding(State.FAIL, check, f"{arn} is no ARN of a role: correct `{key}` in the connection.")
        return
    try:
        role = patiently(hook.iam.get_role, patience=PATIENCE_S, RoleName=arn.rpartition("/")[2])["Role"]
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
        yield Finding(State.FAIL, check, f"there is no role {arn}: create it, or correct `{key}` in the connection.")
        return
    if trusts(role["AssumeRolePolicyDocument"], TASKS):
        yield Finding(State.OK, check, f"{arn} exists and trusts {TASKS}.")
    else:
        remedy = f"allow sts:AssumeRole for the service {TASKS} in its trust policy"
        yield Finding(State.FAIL, check, f"{arn} cannot be taken by jobs: {remedy}.")


def _unnamed(key: str, check: str, platform: str) -> Finding:
    if key == "execution_role" and platform == "FARGATE":
        return Finding(State.FAIL, check, f"the connection names none, and Fargate needs it: add `{key}`.")
    if key == "job_role":
        remedy = f"add `{key}` if containers cannot reach the data"
        return Finding(State.WARN, check, f"the connection names none, so containers run as their host: {remedy}.")
    return Finding(State.OK, check, "the connection names none, and EC2 needs none.")


def trusts(policy: Mapping[str, Any], service: str) -> bool:
    """Whether a trust policy lets a service take the role.

    :param policy: as GetRole shows it.
    :param service: e.g. ``ecs-tasks.amazonaws.com``.
    """
    return any(
        statement.get("Effect") == "Allow"
        and service in _many(_services(statement.get("Principal")))
        and not {"sts:AssumeRole", "sts:*", "*"}.isdisjoint(_many(statement.get("Action")))
        for statement in _many(policy.get("Statement"))
    )


def _services(principal: Any) -> Any:
    return principal.get("Service") if isinstance(principal, Mapping) else None


def _many(value: Any) -> list[Any]:
    """A list, which IAM lets people write as its only member."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


CHECKS = tuple(
    Check(name, "iam:GetRole", partial(_role, key, name), State.WARN)
    for key, name in (("job_role", "job role"), ("execution_role", "execution role"))
)
