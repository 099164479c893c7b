"""Consumable resources of the embedded cloud: what jobs hold while they run, such as licences."""

import heapq
from collections.abc import Iterable, Mapping
from typing import Any

from moto.batch.exceptions import ClientException

from platerunner.local.jobs.job import Job

Waiting = tuple[int, int, Job]


class Consumables:
    """How many there are of each, which jobs wait for one, and what definitions ask for."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.of_definitions: dict[str, Mapping[str, int]] = {}
        self._waiting: dict[str, list[Waiting]] = {}

    def create(self, name: str, total: int) -> None:
        """Make one.

        :raises ClientException: if there is one of this name.
        """
        if name in self.totals:
            raise ClientException(f"Consumable resource {name} already exists")
        self.totals[name] = total

    def asked_for(self, properties: Mapping[str, Any] | None) -> dict[str, int]:
        """Name to quantity, as a definition says it.

        :raises ClientException: if there is no such resource.
        """
        asked = (properties or {}).get("consumableResourceList") or ()
        found = {each["consumableResource"].rpartition("/")[2]: int(each["quantity"]) for each in asked}
        if unknown := next((name for name in found if name not in self.totals), None):
            raise ClientException(f"Consumable resource {unknown} does not exist")
        return found

    def lacking(self, job: Job, busy: Iterable[Job]) -> str | None:
        """The resource of which too little is left for a job; None if there is enough of all."""
        others = list(busy) if job.request.consumables else []
        for name, quantity in job.request.consumables.items():
            if sum(other.request.consumables.get(name, 0) for other in others) + quantity > self.totals[name]:
                return name
        return None

    def hold_back(self, name: str, waiting: Waiting) -> None:
        """Let a job wait for a resource, and nobody behind it."""
        heapq.heappush(self._waiting.setdefault(name, []), waiting)

    def released(self, job: Job) -> list[Waiting]:
        """The jobs whose turn it may be when another has ended: as many as it held, and those that wait no more."""
        found: list[Waiting] = []
        for name, quantity in job.request.consumables.items():
            waiting = self._waiting.get(name, [])
            left = quantity
            while waiting and left > 0:
                found.append(heapq.heappop(waiting))
                left -= found[-1][2].status == "RUNNABLE"
        return found
