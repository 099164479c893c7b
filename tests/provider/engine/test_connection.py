"""Queues of a connection: which one a step's units go to."""

import pytest

from platerunner.catalog.model import Resources
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings

ALL = {
    "gpu": "q-gpu",
    "spot": "q-spot",
    "on_demand": "q-od",
    "large": "q-large",
    "large_on_demand": "q-large-od",
    "fargate": "q-f",
}


def lab(queues: dict[str, str]) -> ConnectionSettings:
    return ConnectionSettings.from_extra("lab", {"queues": queues})


@pytest.mark.parametrize(
    ("queues", "capacity", "resources", "queue"),
    [
        (ALL, "spot", Resources(), "q-spot"),
        (ALL, "on_demand", Resources(), "q-od"),
        (ALL, "spot", Resources(gpus=1), "q-gpu"),
        (ALL, "spot", Resources(gpus=1, pool="large"), "q-large"),
        (ALL, "on_demand", Resources(pool="large"), "q-large-od"),
        (ALL, "on_demand", Resources(pool="fargate"), "q-f"),
        ({"gpu": "q-gpu", "spot": "q-spot"}, "on_demand", Resources(), "q-spot"),
        ({"spot": "q-spot"}, "spot", Resources(gpus=1), "q-spot"),
    ],
)
def test_what_a_step_asks_for_chooses_the_queue(
    queues: dict[str, str], capacity: str, resources: Resources, queue: str
) -> None:
    assert lab(queues).queue(capacity, resources) == queue


def test_a_pool_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(
        ConnectionProblem, match=r"no queue for the pool 'big', only fargate, gpu, large, .*add \"big\""
    ):
        lab(ALL).queue("spot", Resources(pool="big"))


def test_the_pool_fargate_alone_is_on_fargate() -> None:
    assert [lab(ALL).platform_for(Resources(pool=pool)) for pool in ("", "large", "fargate")] == [
        "EC2",
        "EC2",
        "FARGATE",
    ]


GIB = 1024**3
DISKS = {"spot": "100 GiB", "spot_large": "900 GiB", "spot_larger": "2000 GiB", "on_demand": "100 GiB"}


def lab_with_disks(disks: dict[str, str]) -> ConnectionSettings:
    queues = {name: f"q-{name}" for name in (*DISKS, "large")}
    return ConnectionSettings.from_extra("lab", {"queues": queues, "host_disk": disks})


@pytest.mark.parametrize(
    ("capacity", "declared", "asked", "queue"),
    [
        ("spot", 50, 50, "q-spot"),
        ("spot", 100, 100, "q-spot"),
        ("spot", 101, 101, "q-spot_large"),
        ("spot", 50, 400, "q-spot_large"),  # a retry with more
        ("spot", 50, 1000, "q-spot_larger"),
        ("spot", 50, 4000, "q-spot_larger"),  # more than any has: the most that there is
        ("on_demand", 50, 400, "q-on_demand"),  # spot's hosts are none for it
    ],
)
def test_disk_decides_the_hosts(capacity: str, declared: int, asked: int, queue: str) -> None:
    found = lab_with_disks(DISKS).queue(capacity, Resources(disk=declared * GIB), asked * GIB)
    assert found == queue


def test_a_step_that_no_hosts_have_disk_for_is_refused() -> None:
    with pytest.raises(ConnectionProblem, match=r"asks for 3000 GiB of disk, and hosts have spot 100 GiB, spot_large"):
        lab_with_disks(DISKS).queue("spot", Resources(disk=3000 * GIB))


def test_nothing_is_refused_where_nobody_says_what_hosts_have() -> None:
    assert lab_with_disks({}).queue("spot", Resources(disk=3000 * GIB)) == "q-spot"
    assert lab_with_disks(DISKS).queue("spot", Resources(disk=3000 * GIB, pool="large")) == "q-large"


@pytest.mark.parametrize(("disks", "said"), [({"other": "1 GiB"}, "no queue of it"), ({"spot": "many"}, "host_disk")])
def test_a_host_disk_that_is_wrong_is_named(disks: dict[str, str], said: str) -> None:
    with pytest.raises(ConnectionProblem, match=said):
        lab_with_disks(disks)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"aws:lab": "x"}, "`aws:` begins the names of others"),
        ({"lab": "a*b"}, r"no such value of the tag 'lab': it has `\*`"),
        ({f"tag{n}": "x" for n in range(48)}, "it has 48 tags; leave 47"),
    ],
)
def test_tags_that_aws_does_not_take_are_refused(tags: dict[str, str], said: str) -> None:
    with pytest.raises(ConnectionProblem, match=said):
        ConnectionSettings.from_extra("lab", {"queues": {"spot": "q"}, "tags": tags})
    taken = {"Förderung": "研究 Ⅷ", "x" * 128: "y" * 256, "platerunner:environment": "dev"}  # by the last IT's roles go
    assert ConnectionSettings.from_extra("lab", {"queues": {"spot": "q"}, "tags": taken}).tags == taken
