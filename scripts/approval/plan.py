"""A plan of Terraform's, `terraform show -json`, as the paper asks it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from approval.text import many

DOCUMENT = "aws_iam_policy_document"
FROM_AIRFLOW = {"run-batch": "batch", "run-data": "data"}
"""Policies of people that are handed from the module of Airflow to that of access, to Airflow's own."""
LATER = "(known once it is made)"


class PlanError(Exception):
    """A plan does not tell what the paper needs; the message is one sentence."""


@dataclass(frozen=True)
class Statement:
    """A statement of a policy.

    :param resources: ARNs; :data:`LATER` where AWS has yet to make what is meant.
    """

    sid: str
    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A plan.

    :param name: of the environment, for people.
    :param raw: Terraform's JSON.
    """

    name: str
    raw: Mapping[str, Any]

    @cached_property
    def resources(self) -> list[Mapping[str, Any]]:
        """All that there would be after the plan."""
        return [each for each in _flat(self.raw["planned_values"]["root_module"]) if each["mode"] == "managed"]

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The values of resources of a kind."""
        return [each["values"] for each in self.resources if each["type"] == kind]

    def output(self, name: str) -> Any:
        """The value of an output; None where it is not known yet."""
        return self.raw["planned_values"]["outputs"].get(name, {}).get("value")

    def variable(self, name: str) -> Any:
        """The value of a variable; None where there is none."""
        return self.raw.get("variables", {}).get(name, {}).get("value")

    @property
    def region(self) -> str:
        """Where all of it is; empty where the plan does not tell."""
        return str(self.variable("region") or "")

    @property
    def disks(self) -> list[Mapping[str, Any]]:
        """The disks of jobs' hosts, a kind each."""
        devices = [each for one in self.of("aws_launch_template") for each in one.get("block_device_mappings") or ()]
        return [disk for each in devices for disk in each["ebs"]]

    @cached_property
    def changes(self) -> dict[str, list[str]]:
        """What is done (`create`, `update`, `replace`, `delete`) to the addresses that it is done to."""
        found: dict[str, list[str]] = {}
        for each in self.raw["resource_changes"]:
            actions = each["change"]["actions"]
            if actions not in (["no-op"], ["read"]):
                found.setdefault("replace" if len(actions) > 1 else actions[0], []).append(each["address"])
        return found

    def statements(self, address: str) -> list[Statement]:
        """What a policy says, also where parts of it are not known yet.

        :param address: of an `aws_iam_role_policy` or an `aws_iam_policy`.
        :raises PlanError: if the plan does not tell.
        """
        (found,) = [each for each in self.resources if each["address"] == address]
        if text := found["values"].get("policy"):
            return [_known(each) for each in json.loads(text)["Statement"]]
        return self._documents(found)

    def _documents(self, policy: Mapping[str, Any]) -> list[Statement]:
        """Statements of a policy's documents: Terraform reads one later if it names what does not exist yet."""
        module, _, _ = policy["address"].rpartition(f".{policy['type']}.")
        key = str(policy.get("index", ""))
        names = self._named_by(module, policy)
        if key in FROM_AIRFLOW:
            module, names = module.rpartition(".")[0] + ".mwaa", [FROM_AIRFLOW[key]]
        chosen = names if len(names) == 1 else [name for name in names if name == key]
        found = [each for name in chosen for each in self._document(module, name)]
        if not found:
            raise PlanError(
                f"the plan does not tell what {policy['address']} says: {', '.join(names) or 'no document'}"
            )
        return found

    def _named_by(self, module: str, policy: Mapping[str, Any]) -> list[str]:
        """Names of the documents that a resource refers to, by the configuration."""
        place = self.raw["configuration"]["root_module"]
        for name in re.findall(r"module\.(\w+)", module):
            place = place["module_calls"][name]["module"]
        wanted = (policy["type"], policy["name"])
        (resource,) = [each for each in place["resources"] if (each["type"], each["name"]) == wanted]
        text = json.dumps([resource["expressions"], resource.get("for_each_expression")])
        named = re.findall(rf"data\.{DOCUMENT}\.(\w+)", text)
        # By a local, such as a map of all policies: then the key says which.
        return list(dict.fromkeys(named)) or [str(policy.get("index", ""))]

    def _document(self, module: str, name: str) -> Iterator[Statement]:
        address = f"{module}.data.{DOCUMENT}.{name}"
        for each in [
            *self.raw["resource_changes"],
            *_flat(self.raw.get("prior_state", {}).get("values", {}).get("root_module", {})),
        ]:
            if re.sub(r"\[.*\]$", "", each["address"]) == address:
                values = each["change"]["after"] if "change" in each else each["values"]
                yield from (_written(statement) for statement in values["statement"] or ())
                return


def _flat(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from module.get("resources", ())
    for child in module.get("child_modules", ()):
        yield from _flat(child)


def _known(raw: Mapping[str, Any]) -> Statement:
    """A statement of a policy's JSON."""
    conditions = tuple(
        f"{key} {test} {', '.join(many(values))}"
        for test, keys in sorted(raw.get("Condition", {}).items())
        for key, values in sorted(keys.items())
    )
    resources = tuple(sorted(many(raw.get("Resource", []))))
    return Statement(raw.get("Sid", ""), raw["Effect"], tuple(sorted(many(raw["Action"]))), resources, conditions)


def _written(raw: Mapping[str, Any]) -> Statement:
    """A statement of a document that Terraform has yet to read."""
    conditions = tuple(
        f"{each['variable']} {each['test']} {', '.join(value or LATER for value in each.get('values') or [LATER])}"
        for each in raw.get("condition") or ()
    )
    resources = tuple(sorted({each or LATER for each in raw.get("resources") or [LATER]}))
    return Statement(
        raw["sid"] or "", raw["effect"] or "Allow", tuple(sorted(raw.get("actions") or ())), resources, conditions
    )
