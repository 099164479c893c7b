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
    :param pool: name of a queue of the connection; empty for the one of the capacity.
    :param measured: whether the memory is what history says that units took, with a margin; then :attr:`memory` is for
        a step without history.
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
    pool: str = ""
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """One key of a step's ``with``.

    :param type: ``string``, ``integer``, ``number``, ``boolean``, ``array``, ``object``, ``file`` or ``folder`` (both
        relative to the spec).
    :param items: type of an array's items, one of the same words; None for any.
    :param default: None if the module itself decides.
    :param values_of: the inputs' wildcard whose value this names; None if it names none.
    :param content: what a file holds, so that it is looked at before a run: ``plate-map``; empty if that is unknown.
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
    content: str = ""


@dataclass(frozen=True, slots=True)
class Takes:
    """How long a unit takes, as a guess for those who have no history.

    :param start: seconds that any unit takes.
    :param per_gib: seconds for each GiB of its inputs.
    """

    start: float
    per_gib: float


@dataclass(frozen=True, slots=True)
class Port:
    """An input or an output that a module knows by name."""

    name: str
    description: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers for a module, and whether a spec should use it.

    :param status: ``approved``, ``trial`` or ``deprecated``.
    :param owner: a team or a person; empty if the catalog does not say.
    :param replaced_by: the module to use instead; empty if there is none.
    :param until: day after which nobody answers for a deprecated module, like ``2027-06-01``; empty if none is set.
    :param changelog: version to what is new in it.
    """

    status: str = "trial"
    owner: str = ""
    replaced_by: str = ""
    until: str = ""
    changelog: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Module:
    """A containerised tool: a row of data, never a class of its own.

    :param tool: how the runner runs it: ``cellprofiler``, ``command``, ``plink`` or ``regenie``.
    :param image: default image, a name in the images catalog; empty if the step must name one.
    :param own_image: the tool is in its own image only: a spec's ``defaults.image`` does not touch it.
    :param open_parameters: ``with`` may have keys besides :attr:`parameters`.
    :param inputs: the names that a step may give its inputs; empty for any.
    :param outputs: likewise.
    :param numbers: dotted names of what its report counts, with ``*`` for what the files decide; empty if unknown.
    :param carries: whether its program leaves a folder for the next attempt of its unit.
    :param takes: how long a unit takes; None if nobody can say.
    :param argv: for all but ``cellprofiler``, with placeholders ``{inputs.x}``, ``{outputs.y}``, ``{params.z}``,
        ``{unit}``.
    :param version: such as ``1.2.0``; empty if the catalog does not say. An older one that stands beside the newest
        has it in its name, too: ``imaging.montage@1.1.0``.
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
    takes: Takes | None = None
    carries: bool = False
    version: str = ""
    standing: Standing = field(default_factory=Standing)

    @property
    def takes_argv(self) -> bool:
        """Whether a command line runs it; CellProfiler's is made by the runner."""
        return self.tool != "cellprofiler"
