"""The instances that the embedded cloud's jobs run on, as far as AWS would show them: all are this machine."""

import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SIZES = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16, "8xlarge": 32, "16xlarge": 64, "48xlarge": 192}
"""Size of an m7i instance to its vCPUs; it has 4 GiB of memory for each. Source: https://aws.amazon.com/ec2/instance-types/m7i/"""
FAMILY = "m7i"
GIB_PER_VCPU = 4


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """An instance.

    :param arn: of its container instance.
    :param type: the smallest of its family that gives what this machine does.
    :param memory: MiB.
    """

    arn: str
    id: str
    type: str
    zone: str
    vcpus: int
    memory: int
    spot: bool
    since: float = field(default_factory=time.time)

    def shown(self) -> dict[str, Any]:
        """Its entry in DescribeContainerInstances."""
        resources = {"CPU": self.vcpus * 1024, "MEMORY": self.memory}
        attributes = {"ecs.instance-type": self.type, "ecs.availability-zone": self.zone}
        return {
            "containerInstanceArn": self.arn,
            "ec2InstanceId": self.id,
            "status": "ACTIVE",
            "registeredAt": self.since,
            "registeredResources": [
                {"name": name, "type": "INTEGER", "integerValue": value} for name, value in resources.items()
            ],
            "attributes": [{"name": name, "value": value} for name, value in attributes.items()],
        }


class Instances:
    """One instance per compute environment at a time; one that is lost has a successor.

    :param account: id.
    :param vcpus: that the machine gives to jobs.
    :param memory: MiB that it gives to jobs.
    """

    def __init__(self, account: str, region: str, vcpus: float, memory: int) -> None:
        self._account = account
        self._region = region
        self._size = _size_for(vcpus, memory)
        self._now: dict[str, Instance] = {}
        self._all: dict[str, Instance] = {}

    def of(self, environment: str, *, spot: bool) -> Instance:
        """The instance that a job starts on.

        :param environment: the compute environment of its queue.
        :param spot: whether its instances may be taken back.
        """
        if environment not in self._now:
            made = self._make(environment, spot=spot)
            self._now[environment] = self._all[made.arn] = made
        return self._now[environment]

    def lose(self, instance: Instance) -> None:
        """Take an instance away; jobs that start from now on get another."""
        self._now = {name: each for name, each in self._now.items() if each is not instance}

    def describe(self, names: Iterable[str]) -> dict[str, Any]:
        """What DescribeContainerInstances answers.

        :param names: ARNs.
        """
        asked = list(names)
        found = [self._all[name].shown() for name in asked if name in self._all]
        failures = [{"arn": name, "reason": "MISSING"} for name in asked if name not in self._all]
        return {"containerInstances": found, "failures": failures}

    def _make(self, environment: str, *, spot: bool) -> Instance:
        vcpus = SIZES[self._size]
        place = f"arn:aws:ecs:{self._region}:{self._account}:container-instance/{environment}"
        return Instance(
            arn=f"{place}/{uuid.uuid4().hex}",
            id=f"i-{uuid.uuid4().hex[:17]}",
            type=f"{FAMILY}.{self._size}",
            zone=f"{self._region}a",
            vcpus=vcpus,
            memory=vcpus * GIB_PER_VCPU * 1024,
            spot=spot,
        )


def _size_for(vcpus: float, memory: int) -> str:
    fits = (size for size, cores in SIZES.items() if cores >= vcpus and cores * GIB_PER_VCPU * 1024 >= memory)
    return next(fits, list(SIZES)[-1])
