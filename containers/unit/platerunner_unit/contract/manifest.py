"""The contract between Airflow and a container: what one unit of a step has to do.

Airflow writes three objects per submission under ``_platerunner/runs/<run id>/<step>/``: ``<n>.step.json`` (what all
units share), ``<n>.units.jsonl`` (line i = array index i, unless jobs have several units: see
:attr:`StepTask.batches`), ``<n>.units.idx`` (line offsets, little-endian uint64, one more than lines). A container
fetches its own lines alone, however many units there are: by the index, or with a single request where lines are alike
and so padded to one length. Then :data:`LINE_VARIABLE` tells the length, and on S3 the lines' object carries the step
file as well.
"""

from __future__ import annotations

import json
import struct
import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, Optional, Union

from platerunner_unit.contract.alike import as_attribute, common_length, pad, step_of
from platerunner_unit.contract.planes import Planes

if TYPE_CHECKING:
    from platerunner_unit.contract.storage import Storage

FORMAT = 1
LINE_VARIABLE = "PLATERUNNER_LINE"
"""Names the length of all lines to a container, in bytes; not set where they differ too much."""
_OFFSET = struct.Struct("<Q")
_IN_MEMORY = 8 * 1024**2
_AT_ONCE = 2 * 1024**2
"""Bytes of a manifest that are fetched with one request where all its units are read."""
# A planner holds a million of these; Python 3.9 knows no slots, but plans nothing.
_SLOTS: dict[str, bool] = {"slots": True} if sys.version_info >= (3, 10) else {}


@dataclass(frozen=True, **_SLOTS)
class InputFile:
    """One input object of a unit.

    :param key: relative to its root.
    :param root: ``data`` or ``workspace``, a key of :attr:`StepTask.roots`.
    :param size: bytes; None if planning expected the file and did not find it.
    :param etag: as listed; None like ``size``.
    :param values: wildcard values, as text (or int where the pattern says so).
    """

    key: str
    root: str = "data"
    size: Optional[int] = None
    etag: Optional[str] = None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def names(self) -> dict[str, str]:
        """The values that its key does not show, such as a dye's name for the microscope's channel."""
        return {name: str(value) for name, value in self.values.items() if str(value) not in self.key}


@dataclass(frozen=True, **_SLOTS)
class OutputFile:
    """One output object that a unit must write.

    :param key: relative to the workspace.
    :param values: wildcard values.
    :param source: path relative to the tool's output folder if its own name differs from the key's end; else None.
    """

    key: str
    values: dict[str, Any] = field(default_factory=dict)
    source: Optional[str] = None


@dataclass(frozen=True)
class OpenOutput:
    """An output whose number of files is not known beforehand.

    :param pattern: key pattern with the unit's own wildcards filled in and the open ones left: ``a/P1/{tile}.tiff``.
    :param at_least: how many files there must be.
    :param at_most: how many there may be; None for any number.
    :param source: the pattern of the tool's own names, relative to its output folder; None if like the key's end.
    """

    pattern: str
    at_least: int = 1
    at_most: Optional[int] = None
    source: Optional[str] = None


@dataclass(frozen=True)
class ToolFile:
    """A file that belongs to the step itself (a .cppipe, a plugin folder's member), content-addressed in the workspace.

    :param key: relative to the workspace.
    :param name: path under which the tool sees it.
    :param sha256: of its content.
    """

    key: str
    name: str
    sha256: str


@dataclass(frozen=True)
class LoadData:
    """How inputs become the rows and columns of CellProfiler's LoadData.

    :param images: column name pattern (``Orig{channel}``) to input name.
    :param metadata: ``Metadata_`` column suffix (``Well``) to wildcard (``well``); a row per distinct combination.
    :param objects: name pattern of objects (``Nuclei``) to the input that has them as masks.
    """

    images: dict[str, str]
    metadata: dict[str, str]
    objects: dict[str, str] = field(default_factory=dict)

    def as_kept(self) -> dict[str, Any]:
        """Plain data. Newer keys are there only if they are used: older runners and records do not know them."""
        objects = {"objects": self.objects} if self.objects else {}
        return {"images": self.images, "metadata": self.metadata, **objects}


@dataclass(frozen=True)
class StepTask:
    """What all units of a submission share.

    :param tool: ``cellprofiler`` or ``command``.
    :param argv: the command with its placeholders, for ``command``.
    :param params: ``with`` after templating, without the files.
    :param files: parameter name to the files that it stands for; a folder has several.
    :param folders: the parameters among them that stand for a folder, be there one file in it, many or none.
    :param roots: ``data`` and ``workspace`` to URL (``s3://bucket/prefix`` or a folder).
    :param allow_flagged: whether image sets may be missing that FlagImage skips on purpose.
    :param leave_out: of input files that cannot be read (``unreadable``), the share (float) or number without which a
        unit goes on.
    :param planes: of the inputs whose files have several, axis to its values; see :data:`.planes.Planes`.
    :param image: as the spec names it.
    :param digest: of the image; None if it could not be resolved.
    :param stall_s: seconds without a log line and without CPU time after which the tool counts as stalled.
    :param timeout_s: the step's time limit in seconds, as Batch enforces it; None for none.
    :param requested: resources asked for, e.g. ``{"memory": 8589934592, "vcpus": 2}`` (bytes, cores).
    :param batches: where each job's units begin and the last one's end, where jobs have several: job j runs the lines
        from ``batches[j]`` up to ``batches[j + 1]``. Empty where line i is the unit of array index i.
    :param carries: whether a unit's program leaves a folder for its next attempt, also after a failure.
    """

    pipeline: str
    run_id: str
    step: str
    submission: int
    module: str
    tool: str
    roots: dict[str, str]
    argv: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    files: dict[str, tuple[ToolFile, ...]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    load_data: Optional[LoadData] = None
    allow_flagged: bool = False
    planes: dict[str, Planes] = field(default_factory=dict)
    leave_out: dict[str, Union[int, float]] = field(default_factory=dict)
    image: str = ""
    digest: Optional[str] = None
    stall_s: float = 1800.0
    timeout_s: Optional[float] = None
    requested: dict[str, Any] = field(default_factory=dict)
    batches: tuple[int, ...] = ()
    carries: bool = False
    format: int = FORMAT

    def to_json(self) -> bytes:
        """The step file's content; mappings keep the order of the spec, which is the order of LoadData's columns."""
        raw = asdict(self)
        # Runners of before do not know them, and need not.
        for name in ("allow_flagged", "batches", "carries", "leave_out", "planes"):
            if not raw[name]:
                del raw[name]
        raw["load_data"] = self.load_data.as_kept() if self.load_data else None
        return json.dumps(raw).encode()

    @classmethod
    def from_json(cls, data: bytes) -> StepTask:
        """Read a step file.

        :param data: its content.
        :raises ValueError: if it was written in another format than this runner reads.
        """
        raw = json.loads(data)
        if raw.get("format") != FORMAT:
            asked = raw.get("format")
            raise ValueError(f"manifest format {asked!r}: this runner reads {FORMAT}; use an image built with it")
        raw["argv"] = tuple(raw["argv"])
        raw["folders"] = tuple(raw["folders"])
        raw["batches"] = tuple(raw.get("batches", ()))
        raw["files"] = {name: tuple(ToolFile(**f) for f in files) for name, files in raw["files"].items()}
        raw["load_data"] = LoadData(**raw["load_data"]) if raw["load_data"] else None
        raw["planes"] = {
            name: {axis: None if values is None else tuple(values) for axis, values in axes.items()}
            for name, axes in raw.get("planes", {}).items()
        }
        return cls(**raw)


@dataclass(frozen=True)
class UnitTask:
    """One unit: a line of the manifest.

    :param unit: unit id, e.g. ``plate=P1/well=A01``.
    :param values: its ``foreach`` wildcards.
    :param fingerprint: hash of everything that decides its result.
    :param inputs: input name to files.
    :param outputs: output name to the files to be written.
    :param open_outputs: output name to the pattern of a number of files not known beforehand.
    :param attempts_before: attempts that earlier submissions of this run made.
    """

    unit: str
    values: dict[str, Any]
    fingerprint: str
    inputs: dict[str, tuple[InputFile, ...]] = field(default_factory=dict)
    outputs: dict[str, tuple[OutputFile, ...]] = field(default_factory=dict)
    open_outputs: dict[str, OpenOutput] = field(default_factory=dict)
    attempts_before: int = 0

    def to_json(self) -> bytes:
        """The manifest line, without its newline."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, line: bytes) -> UnitTask:
        """Read a manifest line."""
        raw = json.loads(line)
        raw["inputs"] = {name: tuple(InputFile(**f) for f in files) for name, files in raw["inputs"].items()}
        raw["outputs"] = {name: tuple(OutputFile(**f) for f in files) for name, files in raw["outputs"].items()}
        raw["open_outputs"] = {name: OpenOutput(**o) for name, o in raw["open_outputs"].items()}
        return cls(**raw)


def write(storage: Storage, prefix: str, step: StepTask, units: Iterable[UnitTask]) -> Optional[int]:
    """Write the three objects of a submission.

    :param storage: the workspace.
    :param prefix: e.g. ``_platerunner/runs/<run id>/<step>/1``.
    :param step: what all units share.
    :param units: in array order; each is written before the next is asked for.
    :returns: the length that all lines have, for :data:`LINE_VARIABLE`; None if they differ too much, or if jobs have
        several.
    """
    shared, lengths = step.to_json(), list[int]()
    storage.put(f"{prefix}.step.json", shared)
    with SpooledTemporaryFile(_IN_MEMORY) as lines, SpooledTemporaryFile(_IN_MEMORY) as padded:
        lengths.extend(lines.write(unit.to_json() + b"\n") for unit in units)
        length = common_length(lengths) if not step.batches else None
        if length is not None:
            pad(lines, padded, length)
            lengths = [length] * len(lengths)
        found = lines if length is None else padded
        found.seek(0)
        storage.put(f"{prefix}.units.jsonl", found, as_attribute(shared) if length is not None else None)
    storage.put(f"{prefix}.units.idx", b"".join(_OFFSET.pack(offset) for offset in accumulate(lengths, initial=0)))
    return length


def read_job(
    storage: Storage, prefix: str, index: int, length: Optional[int] = None
) -> tuple[StepTask, tuple[UnitTask, ...]]:
    """Fetch the step file and what one job has to do: a line, or the lines of a batch.

    :param storage: the workspace.
    :param prefix: as given to :func:`write`.
    :param index: array index, from 0.
    :param length: of all lines, as returned by :func:`write`; None to look the line's place up.
    :raises IndexError: if the manifest ends before.
    """
    if length is not None:
        line, attributes = storage.get_part(f"{prefix}.units.jsonl", index * length, length)
        if len(line) != length or not line.endswith(b"\n"):
            raise ValueError(f"{LINE_VARIABLE}={length}: that is not how long the lines are")
        shared = step_of(attributes) or storage.get(f"{prefix}.step.json")
        return StepTask.from_json(shared), (UnitTask.from_json(line),)
    step = StepTask.from_json(storage.get(f"{prefix}.step.json"))
    if not step.batches:
        return step, _read_lines(storage, prefix, index, index + 1)
    if len(step.batches) < index + 2:
        raise IndexError(f"{storage.url_of(prefix)} has no batch {index}")
    return step, _read_lines(storage, prefix, step.batches[index], step.batches[index + 1])


def _read_lines(storage: Storage, prefix: str, first: int, end: int) -> tuple[UnitTask, ...]:
    count = end - first + 1
    packed = storage.get_range(f"{prefix}.units.idx", first * _OFFSET.size, count * _OFFSET.size)
    if len(packed) < count * _OFFSET.size:
        raise IndexError(f"{storage.url_of(prefix)} has no unit {end - 1}")
    offsets = [offset for (offset,) in _OFFSET.iter_unpack(packed)]
    lines = storage.get_range(f"{prefix}.units.jsonl", offsets[0], offsets[-1] - offsets[0])
    return tuple(UnitTask.from_json(line) for line in lines.splitlines())


def read_units(storage: Storage, prefix: str) -> Iterator[UnitTask]:
    """All units without their files: a unit may have a hundred of these, and an array 10,000 units.

    :param storage: the workspace.
    :param prefix: as given to :func:`write`.
    """
    offsets = [offset for (offset,) in _OFFSET.iter_unpack(storage.get(f"{prefix}.units.idx"))]
    first = 0
    while first < len(offsets) - 1:
        last = max(first + 1, bisect_right(offsets, offsets[first] + _AT_ONCE) - 1)
        start, end = offsets[first], offsets[last]
        part = storage.get_range(f"{prefix}.units.jsonl", start, end - start)
        for line in range(first, last):
            raw = json.loads(part[offsets[line] - start : offsets[line + 1] - start])
            yield UnitTask(raw["unit"], raw["values"], raw["fingerprint"], attempts_before=raw["attempts_before"])
        first = last
