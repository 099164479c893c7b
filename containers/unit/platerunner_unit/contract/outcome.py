"""The record of one attempt of a unit."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.unit_keys import Kept, outcome_key, run_token

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
        kept = Kept(self.fingerprint, self.verdict.category, run_token(self.run_id), self.attempt)
        return outcome_key(self.step, self.unit, kept)

    def to_json(self) -> bytes:
        """The stored form."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Outcome:
        """Read a stored outcome."""
        return cls.of(json.loads(data))

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Outcome:
        """The outcome in a piece of plain JSON, which this changes."""
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
