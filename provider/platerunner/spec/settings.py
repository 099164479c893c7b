"""What a valid spec says of how the units of a step run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from platerunner.catalog.model import Resources


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a unit is tried, and how its resources grow.

    :param attempts: attempts that count (lost hosts do not), in one run.
    :param memory: factor for ``out_of_memory``; ``disk`` and ``timeout`` likewise.
    :param on_demand_after: spot losses after which a unit goes to the on-demand queue.
    """

    attempts: int = 3
    memory: float = 2.0
    disk: float = 2.0
    timeout: float = 2.0
    on_demand_after: int = 2


@dataclass(frozen=True, slots=True)
class Batch:
    """How many units run in one job, one after another.

    :param size: values of :attr:`by` at most.
    :param by: the wildcard of ``foreach`` that is counted. Units of a batch agree in all wildcards before it.
    """

    size: int
    by: str


@dataclass(frozen=True, slots=True)
class Budget:
    """What a run may cost by its estimate, and what happens if it would cost more.

    :param per_run: USD; None for no limit.
    :param per_plate: USD, of what one plate's units would cost; None for no limit.
    :param on_exceed: ``ask``, ``stop`` or ``tell``.
    """

    per_run: float | None = None
    per_plate: float | None = None
    on_exceed: str = "ask"


@dataclass(frozen=True, slots=True)
class LoadDataMapping:
    """How a step's inputs become CellProfiler's LoadData; see :class:`platerunner_unit.contract.manifest.LoadData`."""

    images: Mapping[str, str]
    metadata: Mapping[str, str]
    objects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Override:
    """Other settings for a step when a condition on the params holds, or for some units; see :meth:`Step.under`.

    :param when: Jinja expression template over ``params``; None for always.
    :param where: wildcard of ``foreach`` to value or list of values, as text (templated); empty for all units.
    :param resources: what the step asks for under another module, whose catalog entry may differ; None for no change.
    :param asks: resources, by name, that the override names itself.
    :param place: where it is written, for people: ``line 14 of cells.yaml``.
    """

    when: str | None = None
    module: str | None = None
    image: str | None = None
    with_: Mapping[str, Any] = field(default_factory=dict)
    load_data: LoadDataMapping | None = None
    resources: Resources | None = None
    where: Mapping[str, Any] = field(default_factory=dict)
    asks: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
