"""What the catalog says of a module."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Resources:
    """What a unit asks of Batch.

    :param vcpus: cores.
    :param memory: bytes.
    :param disk: bytes.
    :param timeout: seconds.
    :param capacity: ``spot`` or ``on_demand``.
    :param stall: seconds without a log line and without CPU time after which the tool counts as stalled.
    :param gpus: whole GPUs.
    :param shared_memory: bytes of ``/dev/shm``; None for the container runtime's own.
    :param swap: bytes of swap beyond memory; None for none.
    """

    vcpus: float = 1.0
    memory: int = 4 * 1024**3
    disk: int = 20 * 1024**3
    timeout: float = 7200.0
    capacity: str = "spot"
    stall: float = 1800.0
    gpus: int = 0
    shared_memory: int | None = None
    swap: int | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of a step's ``with``.

    :param type: ``string``, ``integer``, ``number``, ``boolean``, ``array``, ``file`` or ``folder`` (both relative to
        the spec).
    :param items: type of an array's items, one of the same words; None for any.
    :param default: None if the module itself decides.
    :param values_of: the wildcard of the inputs of which this names a value; None if it names none.
    """

    name: str
    type: str
    description: str
    required: bool = False
    default: Any = None
    enum: tuple[Any, ...] = ()
    minimum: float | None = None
    items: str | None = None
    values_of: str | None = None


@dataclass(frozen=True, slots=True)
class Port:
    """An input or an output that a module knows by name."""

    name: str
    description: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Module:
    """A containerised tool: a row of data, never a class of its own.

    :param tool: how the runner runs it: ``cellprofiler`` or ``command``.
    :param image: default image, a name in the images catalog; empty if the step must name one.
    :param own_image: the tool is in its own image only: a spec's ``defaults.image`` does not touch it.
    :param open_parameters: ``with`` may have keys besides :attr:`parameters`.
    :param inputs: the names that a step may give its inputs; empty for any.
    :param outputs: likewise.
    :param numbers: dotted names of what its report counts, with ``*`` for what the files decide; empty if unknown.
    :param argv: for ``command``, with placeholders ``{inputs.x}``, ``{outputs.y}``, ``{params.z}``, ``{unit}``.
    """

    name: str
    title: str
    description: str
    tool: str
    image: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    resources: Resources = field(default_factory=Resources)
    own_image: bool = False
    open_parameters: bool = False
    inputs: Mapping[str, Port] = field(default_factory=dict)
    outputs: Mapping[str, Port] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
