import dataclasses
import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.embedded import TIMEOUT_S, Account

from platerunner.batch import definitions
from platerunner.batch.definitions import definition_name, ensure_definition, retire
from platerunner.batch.model import JobSpec

GIB = 1024**3
SPEC = JobSpec("demo-measure", "base:latest", ("true",))


def _active(aws: Account, arn: str) -> list[dict]:
    name = arn.rpartition("/")[2].partition(":")[0]
    return aws.batch.describe_job_definitions(jobDefinitionName=name, status="ACTIVE")["jobDefinitions"]


def test_equal_content_is_registered_once(aws: Account) -> None:
    before = aws.cloud.calls["batch.registerjobdefinition"]
    arns = {ensure_definition(aws.batch, SPEC) for _ in range(3)}
    assert len(arns) == 1
    assert aws.cloud.calls["batch.registerjobdefinition"] - before == 1


CHANGES = {
    "image": "imaging:latest",
    "command": ("false",),
    "vcpus": 2.0,
    "memory": 8 * GIB,
    "job_role": "arn:aws:iam::123456789012:role/a",
    "execution_role": "arn:aws:iam::123456789012:role/a",
    "log_group": "/other",
    "platform": "FARGATE",
    "environment": {"A": "1"},
    "secrets": {"A": "arn:aws:ssm:us-east-1:123456789012:parameter/a"},
    "gpus": 1,
    "shared_memory": GIB,
    "swap": GIB,
    "init": False,
    "attempts": 2,
    "shell": True,
}


def test_any_change_of_content_changes_the_name() -> None:
    names = {definition_name(dataclasses.replace(SPEC, **{key: value})) for key, value in CHANGES.items()}
    assert len(names) == len(CHANGES)
    assert definition_name(SPEC) not in names


def test_the_order_of_variables_and_the_tags_change_nothing() -> None:
    one = dataclasses.replace(SPEC, environment={"A": "1", "B": "2"}, tags={"cost": "x"})
    two = dataclasses.replace(SPEC, environment={"B": "2", "A": "1"}, tags={"cost": "y"})
    assert definition_name(one) == definition_name(two)


@given(st.text(max_size=300))
def test_any_prefix_gives_a_name_that_batch_takes(prefix: str) -> None:
    name = definition_name(dataclasses.replace(SPEC, name=prefix))
    assert len(name) <= 128
    assert name[0].isalnum()
    assert all(letter in "-_" or (letter.isascii() and letter.isalnum()) for letter in name)


def test_processes_that_race_end_with_one_definition(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = dataclasses.replace(SPEC, name="raced")
    monkeypatch.setattr(definitions, "_locks", defaultdict(nullcontext))  # processes do not share their locks
    clients = [aws.client("batch") for _ in range(6)]
    all_have_looked = Barrier(6, timeout=TIMEOUT_S)

    def wait_for_the_others(**_: object) -> None:
        all_have_looked.wait()

    for client in clients:
        client.meta.events.register("before-call.batch.RegisterJobDefinition", wait_for_the_others)
    before = aws.cloud.calls["batch.registerjobdefinition"]
    with ThreadPoolExecutor(6) as pool:
        arns = list(pool.map(lambda client: ensure_definition(client, spec), clients))
    assert aws.cloud.calls["batch.registerjobdefinition"] - before == 6, "nobody raced"
    assert len(set(arns)) == 1
    assert [found["jobDefinitionArn"] for found in _active(aws, arns[0])] == arns[:1]


def test_what_is_registered_is_what_was_meant(aws: Account) -> None:
    spec = JobSpec(
        "whole",
        "base:latest",
        ("platerunner-unit", "run"),
        vcpus=0.5,
        memory=GIB + 1,
        job_role="arn:aws:iam::123456789012:role/job",
        environment={"A": "1"},
        secrets={"TOKEN": "arn:aws:ssm:us-east-1:123456789012:parameter/token"},
        gpus=1,
        shared_memory=2 * GIB,
        swap=GIB,
        tags={"cost": "plates"},
    )
    (found,) = _active(aws, ensure_definition(aws.batch, spec))
    container = found["containerProperties"]
    wanted = {r["type"]: r["value"] for r in container["resourceRequirements"]}
    assert wanted == {"VCPU": "0.5", "MEMORY": "1025", "GPU": "1"}
    assert container["linuxParameters"] == {"initProcessEnabled": True, "sharedMemorySize": 2048, "maxSwap": 1024}
    assert container["secrets"] == [{"name": "TOKEN", "valueFrom": spec.secrets["TOKEN"]}]
    assert container["logConfiguration"]["options"] == {"awslogs-group": "/aws/batch/job"}
    assert found["retryStrategy"] == {"attempts": 1}
    assert found["propagateTags"]
    assert found["tags"]["cost"] == "plates"


@pytest.mark.parametrize(("disk", "gib"), [(None, None), (5 * GIB, None), (50 * GIB, 50), (900 * GIB, 200)])
def test_fargate_gets_a_disk_within_its_limits(aws: Account, disk: int | None, gib: int | None) -> None:
    spec = dataclasses.replace(SPEC, name="fargate", platform="FARGATE", disk=disk, shared_memory=GIB)
    (found,) = _active(aws, ensure_definition(aws.batch, spec))
    container = found["containerProperties"]
    assert container.get("ephemeralStorage") == (gib and {"sizeInGiB": gib})
    assert "linuxParameters" not in container


def test_batchs_own_retries_are_for_lost_hosts_alone(aws: Account) -> None:
    definition = ensure_definition(aws.batch, dataclasses.replace(SPEC, name="retrying", attempts=3))
    spot = aws.run(["sh", "-c", "exit 72"], jobDefinition=definition)
    assert len(spot["attempts"]) == 3
    tool = aws.run(["sh", "-c", "exit 84"], jobDefinition=definition)
    assert len(tool["attempts"]) == 1


def test_retire_keeps_the_newest_and_leaves_others_alone(aws: Account) -> None:
    def made(name: str, number: int) -> str:
        return ensure_definition(aws.batch, dataclasses.replace(SPEC, name=name, environment={"N": str(number)}))

    arns = [made("old-step", n) for n in range(4)]
    other = made("old-step-2", 0)
    # Registered within one second, the four share their stamp: which stay is open, how many is not.
    retired = retire(aws.batch, "old-step", keep=1)
    assert len(retired) == 3
    assert set(retired) < set(arns)
    assert _active(aws, other)
    assert retire(aws.batch, "old-step", keep=1) == []


def test_a_definition_that_is_gone_is_restored_as_it_was(aws: Account) -> None:
    spec = dataclasses.replace(SPEC, name="kept-step", gpus=1, environment={"A": "1"})
    arn = ensure_definition(aws.batch, spec)
    # As it comes back from a file.
    [before] = json.loads(json.dumps(definitions.active_of(aws.batch, "kept-step")))
    assert not definitions.restore(aws.batch, before)
    aws.batch.deregister_job_definition(jobDefinition=arn)
    assert definitions.restore(aws.batch, before)
    [after] = definitions.active_of(aws.batch, "kept-step")
    differs = {key for key in {*before, *after} if before.get(key) != after.get(key)}
    assert differs == {"jobDefinitionArn", "revision"}
    assert ensure_definition(aws.batch, spec) == after["jobDefinitionArn"]
