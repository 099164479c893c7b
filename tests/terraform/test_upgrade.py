"""Upgrades lose nothing: queues stay, compute environments change in place, and what was closed stays closed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.terraform.applied import Applied

QUEUES = "module.stack.module.batch.aws_batch_job_queue.this"
HOSTS = "module.stack.module.batch.aws_batch_compute_environment.this"
SWITCH = "aws_ssm_parameter"
CONNECTION = "module.stack.module.mwaa.aws_secretsmanager_secret_version.connection"
"""Which says how much disk the hosts have."""


def plan_with(applied: Applied, *edits: tuple[str, str]) -> dict[str, list[str]]:
    main = applied.folder / "main.tf"
    before = text = main.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    try:
        main.write_text(text)
        return applied.changes()
    finally:
        main.write_text(before)


def instances(state: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Of a managed type, in Terraform's state; what is changed there is as if AWS had changed it."""
    ours = [each for each in state["resources"] if each["mode"] == "managed" and each["type"] == kind]
    return [instance for each in ours for instance in each["instances"]]


@contextmanager
def changed_elsewhere(applied: Applied) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Keeps a state that was changed as AWS or another command would change it; undone at the end."""
    file = applied.folder / "terraform.tfstate"
    before = file.read_text()

    def keep(state: dict[str, Any]) -> None:
        file.write_text(json.dumps({**state, "serial": state["serial"] + 1}))

    try:
        yield keep
    finally:
        file.write_text(before)


def state_of(applied: Applied) -> dict[str, Any]:
    return json.loads((applied.folder / "terraform.tfstate").read_text())  # type: ignore[no-any-return]


def test_nothing_changes_by_itself_and_no_bundle_that_was_deployed_is_taken_back(dev: Applied) -> None:
    state = state_of(dev)
    (airflow,) = instances(state, "aws_mwaa_environment")
    for kind in ("requirements_s3", "plugins_s3", "startup_script_s3"):
        airflow["attributes"][f"{kind}_object_version"] = "deployed"
    with changed_elsewhere(dev) as keep:
        keep(state)
        assert dev.changes() == {}


def test_compute_environments_change_in_place(dev: Applied) -> None:
    changes = plan_with(
        dev, ("disk_gib = 200", "disk_gib = 400"), ('"r7i", "r7a", "r6i"', '"r8i", "r7i", "r7a", "r6i"')
    )
    assert set(changes) > {f'{HOSTS}["spot"]', f"{CONNECTION}[0]"}
    assert {address: actions for address, actions in changes.items() if actions != ["update"]} == {}
    wanted = (HOSTS, "module.stack.module.batch.aws_launch_template", CONNECTION)
    assert [address for address in changes if not address.startswith(wanted)] == []


def test_a_release_of_hosts_images_is_rolled_out_without_ending_jobs(dev: Applied) -> None:
    state = state_of(dev)
    environments = instances(state, "aws_batch_compute_environment")
    for each in environments:
        # AWS has released a newer one since these were made.
        each["attributes"]["compute_resources"][0]["ec2_configuration"][0]["image_id_override"] = "ami-0ld"
    with changed_elsewhere(dev) as keep:
        keep(state)
        assert dev.changes() == {f'{HOSTS}["{key}"]': ["update"] for key in ("on_demand", "spot")}
    for each in environments:
        assert each["attributes"]["update_policy"] == [
            {"terminate_jobs_on_update": False, "job_execution_timeout_minutes": 360}
        ]


@pytest.fixture
def closed(dev: Applied) -> Iterator[Callable[..., None]]:
    """Puts the budget's stop into Terraform's state, as a refresh after it would; undone at the end."""

    def close(*kinds: str) -> None:
        state = state_of(dev)
        for kind in kinds:
            key = "insecure_value" if kind == SWITCH else "state"
            for instance in instances(state, kind):
                assert instance["attributes"][key] == "ENABLED"
                instance["attributes"][key] = "DISABLED"
        keep(state)

    with changed_elsewhere(dev) as keep:
        yield close


def states(applied: Applied, *arguments: str) -> dict[str, set[str]]:
    """State of queues and environments after a plan, by address without index."""
    applied.run("plan", "-input=false", "-out=plan", *arguments)
    plan: dict[str, Any] = json.loads(applied.run("show", "-json", "plan").stdout)
    found: dict[str, set[str]] = {}
    for each in plan["resource_changes"]:
        if each["type"] in ("aws_batch_job_queue", "aws_batch_compute_environment"):
            found.setdefault(each["address"].partition("[")[0], set()).add(each["change"]["after"]["state"])
    return found


REPLACED = tuple(f'-replace={kind}["{key}"]' for kind in (QUEUES, HOSTS) for key in ("spot", "on_demand"))


@pytest.mark.parametrize(
    "arguments", [(), ("-var=cost_centre=other",), REPLACED], ids=["plain", "tags", "all made anew"]
)
def test_no_apply_opens_what_the_budget_closed(
    dev: Applied, closed: Callable[..., None], arguments: tuple[str, ...]
) -> None:
    closed(SWITCH, "aws_batch_job_queue", "aws_batch_compute_environment")
    assert states(dev, *arguments) == {QUEUES: {"DISABLED"}, HOSTS: {"DISABLED"}}


def test_it_is_the_switch_that_keeps_closed_what_is_made_anew(dev: Applied, closed: Callable[..., None]) -> None:
    closed("aws_batch_job_queue", "aws_batch_compute_environment")  # as if nothing had been remembered
    assert states(dev, *REPLACED) == {QUEUES: {"ENABLED"}, HOSTS: {"ENABLED"}}


def test_more_cores_change_in_place(dev: Applied) -> None:
    changes = plan_with(dev, ("max_vcpus      = 64", "max_vcpus      = 128"))
    assert changes == {'module.stack.module.batch.aws_batch_compute_environment.this["spot"]': ["update"]}


def test_a_larger_airflow_is_an_update(dev: Applied) -> None:
    small = """class           = "mw1.micro"
    workers         = { min = 1, max = 1 }
    schedulers      = 1
    webservers      = { min = 1, max = 1 }"""
    changes = plan_with(dev, (small, 'class           = "mw1.small"'))
    assert changes == {"module.stack.module.mwaa.aws_mwaa_environment.this[0]": ["update"]}
