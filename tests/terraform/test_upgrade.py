"""Upgrades lose nothing: queues stay, a new compute environment comes before the old one goes."""

from __future__ import annotations

import pytest
from tests.terraform.applied import Applied

FIRST_NEW = ["create", "delete"]


def plan_with(applied: Applied, old: str, new: str) -> dict[str, list[str]]:
    main = applied.folder / "main.tf"
    before = main.read_text()
    assert before.count(old) >= 1
    try:
        main.write_text(before.replace(old, new))
        return applied.changes()
    finally:
        main.write_text(before)


def test_nothing_changes_by_itself(dev: Applied) -> None:
    assert dev.changes() == {}


@pytest.mark.parametrize(
    ("old", "new"), [("disk_gib = 200", "disk_gib = 400"), ('"r7i", "r7a", "r6i"', '"r8i", "r7i", "r7a", "r6i"')]
)
def test_compute_environments_are_replaced_behind_their_queues(dev: Applied, old: str, new: str) -> None:
    changes = plan_with(dev, old, new)
    replaced = {address for address, actions in changes.items() if "delete" in actions}
    assert replaced
    assert all(
        address.startswith("module.stack.module.batch.aws_batch_compute_environment.this") for address in replaced
    )
    assert all(changes[address] == FIRST_NEW for address in replaced)
    queues = {address: actions for address, actions in changes.items() if "aws_batch_job_queue" in address}
    assert queues
    assert set(map(tuple, queues.values())) == {("update",)}


def test_more_cores_change_in_place(dev: Applied) -> None:
    changes = plan_with(dev, "max_vcpus      = 64", "max_vcpus      = 128")
    assert changes == {'module.stack.module.batch.aws_batch_compute_environment.this["spot"]': ["update"]}


def test_a_larger_airflow_is_an_update(dev: Applied) -> None:
    small = """class           = "mw1.micro"
    workers         = { min = 1, max = 1 }
    schedulers      = 1
    webservers      = { min = 1, max = 1 }"""
    changes = plan_with(dev, small, 'class           = "mw1.small"')
    assert changes == {"module.stack.module.mwaa.aws_mwaa_environment.this[0]": ["update"]}
