"""What is known of a file's origin: a graph of files and of the attempts that wrote them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from platerunner.engine.planning.errors import PlanningError
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.unit_keys import shown_key

DATA, WORKSPACE = "data", "workspace"


class LineageError(PlanningError):
    """A file's origin is not known; the message is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A decision on a gate that a file, or the step that made it, has passed.

    :param decision: as recorded, such as ``approved``.
    :param at: ISO 8601, UTC.
    :param saw: whether the gate showed this very file; else the spec says that the step waits for the gate.
    """

    gate: str
    decision: str
    user: str
    at: str
    comment: str = ""
    saw: bool = True


@dataclass(frozen=True, slots=True)
class Spent:
    """What the ledger says of the attempts at a unit that led to its success.

    :param usd: of the attempt that succeeded; None if no price is known.
    :param failed: attempts with the same fingerprint that failed before.
    :param usd_failed: of these, as far as it is known.
    """

    usd: float | None
    failed: int = 0
    usd_failed: float = 0.0


@dataclass(frozen=True, slots=True)
class File:
    """A file in one of its versions.

    :param root: ``data`` or ``workspace``.
    :param key: relative to its root.
    :param size: bytes; None if it is not known.
    :param etag: as it was listed when it was read; empty if that is not known.
    :param sha256: of its content; empty if nobody has hashed it.
    :param made_by: id of the attempt that wrote it; empty for a raw file, and if no attempt on record did.
    :param gates: decisions that saw it.
    :param url: where it is.
    """

    root: str
    key: str
    size: int | None = None
    etag: str = ""
    sha256: str = ""
    made_by: str = ""
    gates: tuple[Passed, ...] = ()
    url: str = ""

    @property
    def id(self) -> str:
        """Tells it from other files, and from other versions of itself."""
        version = self.made_by or self.sha256 or self.etag
        return f"{self.root}:{self.key}@{version}"

    @property
    def shown(self) -> str:
        """Its key as people know it."""
        return shown_key(self.key)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that wrote files.

    :param outcome: its record.
    :param inputs: input name to ids of files.
    :param gates: that its step waits for.
    :param spent: None if the ledger does not have it.
    """

    outcome: Outcome
    inputs: Mapping[str, Sequence[str]]
    gates: tuple[Passed, ...] = ()
    spent: Spent | None = None

    @property
    def id(self) -> str:
        """The key of its outcome, as it was written."""
        return self.outcome.key

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        of, made = self.outcome, self.outcome.ingredients
        return {
            **{name: getattr(of, name) for name in _TOLD},
            "verdict": of.verdict.category,
            "started": of.timing.get("started"),
            "ended": of.timing.get("ended"),
            **{name: made.get(name) for name in ("tool", "argv", "with", "load_data")},
            "tool_files": made.get("files") or {},
            "inputs": self.inputs,
            "outputs": [asdict(each) for each in of.outputs],
            "gates": [asdict(each) for each in self.gates],
            "cost": asdict(self.spent) if self.spent else None,
        }


_TOLD = ("pipeline", "run_id", "step", "unit", "fingerprint", "attempt", "job_id", "image", "digest", "log")


@dataclass(slots=True)
class Lineage:
    """Files and attempts, by id.

    :param targets: ids of the files that were asked about.
    :param notes: what a person should know besides, as sentences.
    """

    targets: list[str] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    attempts: dict[str, Attempt] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def raw(self) -> list[File]:
        """The raw files, by key."""
        return sorted((each for each in self.files.values() if each.root == DATA), key=lambda each: each.key)

    def inputs_of(self, attempt: str) -> Iterator[tuple[str, list[File]]]:
        """Input name and files of an attempt."""
        for name, ids in self.attempts[attempt].inputs.items():
            yield name, [self.files[each] for each in ids]

    @property
    def usd(self) -> tuple[float, int]:
        """What all attempts cost as far as it is known, failed ones too, and of how many it is not known."""
        spent = [each.spent for each in self.attempts.values()]
        known = sum((each.usd or 0.0) + each.usd_failed for each in spent if each is not None)
        return known, sum(each is None or each.usd is None for each in spent)

    def with_attempt(self, attempt: str, **changes: Any) -> None:
        """Add what was found out about an attempt."""
        self.attempts[attempt] = replace(self.attempts[attempt], **changes)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        usd, unknown = self.usd
        return {
            "targets": self.targets,
            "files": {id_: asdict(each) for id_, each in self.files.items()},
            "attempts": {id_: each.to_json() for id_, each in self.attempts.items()},
            "usd": usd,
            "attempts_without_price": unknown,
            "notes": self.notes,
        }
