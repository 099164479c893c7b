"""Hosts are looked up by the hundred, and each once."""

import pytest

from platerunner.batch.hosts import AT_ONCE, HostLookup

ARN = "arn:aws:ecs:eu-west-1:123456789012:container-instance/{cluster}/{n:032x}"


class Ecs:
    """ECS that knows all hosts but those that are gone, and counts what it is asked."""

    def __init__(self) -> None:
        self.calls = list[tuple[str, int]]()
        self.gone = set[str]()

    def describe_container_instances(self, cluster: str, containerInstances: list[str]) -> dict:  # noqa: N803  (AWS's)
        self.calls.append((cluster, len(containerInstances)))
        there = [arn for arn in containerInstances if arn not in self.gone]
        return {"containerInstances": [{"containerInstanceArn": arn, "ec2InstanceId": "i-1"} for arn in there]}


@pytest.fixture
def ecs():
    return Ecs()


def arns(count: int, cluster: str = "spot") -> list[str]:
    return [ARN.format(cluster=cluster, n=n) for n in range(count)]


def test_a_call_names_a_hundred_of_a_cluster(ecs):
    asked = [*arns(2 * AT_ONCE + 1), *arns(3, "on-demand")]
    assert set(HostLookup(ecs).find(asked)) == set(asked)
    assert ecs.calls == [("spot", 100), ("spot", 100), ("spot", 1), ("on-demand", 3)]


def test_a_host_that_was_seen_is_known_after_its_end_and_not_asked_for_again(ecs):
    lookup, (first, second, third) = HostLookup(ecs), arns(3)
    ecs.gone = {second}
    assert set(lookup.find([first, second, first])) == {first}
    ecs.gone = {first}
    assert set(lookup.find([first, second, third])) == {first, second, third}
    assert ecs.calls == [("spot", 2), ("spot", 2)], "the one that was not known is asked for again"
