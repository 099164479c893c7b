"""The part of the paper that says who may do what."""

import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from approval.plan import LATER, Plan, Statement
from approval.text import many, table

PEOPLE = (
    ("People", "-people-", "IT gives the policies for people below to roles of its own, or names members in `people`."),
    ("CI", "-ci-", "somebody of IT plans and applies by hand, or `ci` names the repository that may."),
)
"""Whose roles are made if somebody asks for them, by what their names have in them; and what holds until then."""
KINDS = {"aws_iam_policy": "policy for people", "aws_iam_role_policy": "policy of the role"}


def rights(plan: Plan) -> Iterator[str]:
    """Roles with who takes them, and every statement of every policy."""
    yield f"### {plan.name}: who may do what"
    yield ""
    roles = {each["name"]: each.get("assume_role_policy") for each in plan.of("aws_iam_role")}
    yield from table(("role", "taken by"), [(f"`{name}`", _takers(text)) for name, text in sorted(roles.items())])
    unmade = [each for each in PEOPLE if not any(each[1] in name for name in roles)]
    yield from ("", *(f"- {who}: no role is made; {then}" for who, _, then in unmade)) if unmade else ()
    policies = [each for each in plan.resources if each["type"] in KINDS]
    for policy in sorted(policies, key=lambda each: str(each["address"])):
        yield ""
        yield f"#### {plan.name}: {KINDS[policy['type']]} `{_title(policy)}`"
        yield ""
        rows = [_row(statement) for statement in plan.statements(policy["address"])]
        yield from table(("what for", "actions", "on", "only if"), rows)


def _title(policy: Mapping[str, Any]) -> str:
    name = str(policy["values"]["name"])
    if policy["type"] == "aws_iam_policy":
        return name
    # What a role is called in the code, where its name is not known yet.
    module = policy["address"].split(".aws_iam_role_policy.")[0].rpartition("module.")[2]
    return f"{policy['values'].get('role') or module}: {name}"


def _takers(text: str | None) -> str:
    if not text:
        return LATER
    found = []
    for statement in json.loads(text)["Statement"]:
        for kind, names in sorted(statement["Principal"].items()):
            found += [f"{kind.lower()} `{name}`" for name in many(names)]
        for key, subjects in statement.get("Condition", {}).get("StringEquals", {}).items():
            if key.endswith(":sub"):
                found += [f"only as `{each}`" for each in many(subjects)]
    return ", ".join(found)


def _row(statement: Statement) -> tuple[str, ...]:
    effect = "**denied**: " if statement.effect == "Deny" else ""
    what_for = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", statement.sid).capitalize()
    actions = [
        f"{service}: {', '.join(name.partition(':')[2] for name in names)}"
        for service, names in groupby(statement.actions, lambda action: action.partition(":")[0])
    ]
    resources = [f"`{each}`" if each != LATER else f"*{each}*" for each in statement.resources]
    return effect + what_for, "; ".join(actions), ", ".join(resources), "; ".join(statement.conditions)
