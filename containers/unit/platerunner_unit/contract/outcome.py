"""The record of one attempt of a unit, and where it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import InputFile

PREFIX = "_platerunner"
FORMAT = 1


@dataclass(frozen=True)
class OutputRecord:
    """An output as stage-out wrote it.

    :param name: the output's name in the spec.
    :param key: relative to the workspace.
    :param size: bytes.
    :param sha256: of its content.
    """

    name: str
    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """What an attempt did: unit, fingerprint, verdict, outputs, resources used, timing.

    :param ingredients: what the fingerprint was made of (digest, files, with, load_data, inputs), to explain a rerun.
    :param evidence: the evidence as plain JSON.
    :param usage: ``peak_memory`` (bytes), ``cpu_s``, ``disk`` (bytes), ``requested``.
    :param timing: ``started`` and ``ended`` (ISO 8601, UTC), ``stage_in_s``, ``tool_s``, ``stage_out_s``.
    :param modules: per-module seconds, as the tool reports them.
    """

    pipeline: str
    run_id: str
    step: str
    unit: str
    values: dict[str, Any]
    fingerprint: str
    attempt: int
    verdict: Verdict
    job_id: Optional[str] = None
    image: str = ""
    digest: Optional[str] = None
    ingredients: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    outputs: tuple[OutputRecord, ...] = ()
    usage: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)
    modules: tuple[dict[str, Any], ...] = ()
    log: str = ""
    format: int = FORMAT

    @property
    def key(self) -> str:
        """Where it is kept, relative to the workspace."""
        return outcome_key(self.step, self.unit, self.fingerprint, Category(self.verdict.category))

    def to_json(self) -> bytes:
        """The stored form."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Outcome:
        """Read a stored outcome."""
        raw = json.loads(data)
        notes = tuple(raw["verdict"].pop("notes", ()))
        raw["verdict"] = Verdict(**raw["verdict"], notes=notes)
        raw["outputs"] = tuple(OutputRecord(**o) for o in raw["outputs"])
        raw["modules"] = tuple(raw["modules"])
        return cls(**raw)


def inputs_as_kept(inputs: Mapping[str, Sequence[InputFile]]) -> dict[str, list[list[Any]]]:
    """Inputs in the form in which :attr:`Outcome.ingredients` has them, so that they can be compared later."""
    return {
        name: [[file.root, file.key, file.size, file.etag, file.names] for file in files]
        for name, files in inputs.items()
    }


def outcomes_prefix(step: str) -> str:
    """The prefix under which one LIST tells what of a step is done."""
    return f"{PREFIX}/outcomes/{step}/"


def outcome_key(step: str, unit: str, fingerprint: str, category: Category) -> str:
    """Where an outcome is kept, relative to the workspace."""
    return f"{outcomes_prefix(step)}{unit}/{fingerprint}.{category.value}.json"


def parse_outcome_key(key: str) -> Optional[tuple[str, str, Category]]:
    """Unit id, fingerprint and category of an outcome's key; None if the key is no outcome's.

    :param key: relative to the workspace.
    """
    parts = key.split("/")
    stem = parts[-1].split(".")
    if len(parts) < 5 or len(stem) != 3 or stem[2] != "json" or parts[:2] != [PREFIX, "outcomes"]:
        return None
    try:
        return "/".join(parts[3:-1]), stem[0], Category(stem[1])
    except ValueError:
        return None


def run_prefix(run_id: str, step: str, branch: str = "") -> str:
    """Where a run keeps a step's state and manifests.

    :param branch: which one, like ``plate=P1``, of a step that each branch of the pipeline has for itself.
    """
    return f"{PREFIX}/runs/{run_id}/{step}/{branch}/" if branch else f"{PREFIX}/runs/{run_id}/{step}/"


def branches_key(run_id: str) -> str:
    """Where a run of a pipeline with ``split`` keeps which branches it has."""
    return f"{PREFIX}/runs/{run_id}/branches.json"


def waiting_key(run_id: str) -> str:
    """Where a run keeps when it began to wait for raw files."""
    return f"{PREFIX}/runs/{run_id}/waiting.json"


def needs_key(step: str, branch: str = "") -> str:
    """Where a pipeline keeps what the units of a step were found to need beyond their step's resources.

    :param branch: as in :func:`run_prefix`; branches write at the same time, so that each has a file of its own.
    """
    return f"{PREFIX}/needs/{step}/{branch}.json" if branch else f"{PREFIX}/needs/{step}.json"


def last_run_key(step: str, branch: str = "") -> str:
    """Where a pipeline keeps which run has the jobs of a step, or had them last.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{PREFIX}/last_run/{step}/{branch}.json" if branch else f"{PREFIX}/last_run/{step}.json"


def log_key(run_id: str, step: str, unit: str, attempt: int) -> str:
    """Where an attempt's log is kept."""
    return f"{PREFIX}/logs/{run_id}/{step}/{unit}/{attempt}.log.gz"


def gate_prefix(gate: str = "", branch: str = "") -> str:
    """Where the decisions on a gate are kept; without a gate, those on all gates.

    :param branch: as in :func:`run_prefix`; each has decisions of its own.
    """
    return "/".join(name for name in (PREFIX, "gates", gate, branch) if name) + "/"


def decisions_key(gate: str, fingerprint: str, branch: str = "") -> str:
    """Where the decisions on one state of a gate's files are kept."""
    return f"{gate_prefix(gate, branch)}{fingerprint}.json"


def question_key(run_id: str, gate: str, branch: str = "") -> str:
    """Where a run keeps what a gate has asked and is not answered yet."""
    return f"{run_prefix(run_id, gate, branch)}question.json"
