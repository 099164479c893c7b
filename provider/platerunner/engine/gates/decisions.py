"""The record of a gate's decisions: who decided what, when, and on exactly which files."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from platerunner.engine.records.codec import Kind, encode, read, read_at_once
from platerunner_unit.contract.keys import decisions_key, gate_prefix
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.storage import NotFoundError, Storage

DECISIONS = Kind("a record of decisions")

Word = Literal["approved", "rejected", "refused", "timed out", "marked success"]
"""What became of a question: ``refused`` is an answer that does not count: by somebody who is not an approver, or a
rejection without a comment. ``marked success`` is Airflow's own button, which asks no approver: it lets that run pass
and is not an approval that stands."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer to a gate.

    :param decision: only ``approved`` opens the gate for good.
    :param user_id: Airflow's id of who answered.
    :param user: their name.
    :param at: ISO 8601, UTC.
    :param comment: as written; for a refused answer, with the reason why it does not count.
    :param numbers: the figures that were shown.
    """

    decision: Word
    user_id: str
    user: str
    at: str
    run_id: str
    comment: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """``approved by ada on 2026-11-21 12:00 UTC: "flat enough"``."""
        at = datetime.fromisoformat(self.at)
        on = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if at.tzinfo else self.at
        comment = f': "{self.comment}"' if self.comment else ""
        if self.decision == "refused":
            return f"the answer of {self.user} on {on} does not count: {self.comment}"
        return f"{self.decision}{f' by {self.user}' if self.user else ''} on {on}{comment}"


def gated_fingerprint(files: Iterable[InputFile]) -> str:
    """What an approval is for: a hash over key, size and ETag of every gated file, in any order."""
    lines = sorted(f"{file.key}\0{file.size}\0{file.etag}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Made:
    """A decision with the gate that it was about.

    :param branch: that the gate asks about, such as ``plate=P1``; empty without a split.
    :param fingerprint: of the gated files.
    :param files: how many they were.
    """

    gate: str
    branch: str
    fingerprint: str
    files: int
    decision: Decision


def decisions(workspace: Storage, gate: str, fingerprint: str, branch: str = "") -> list[Decision]:
    """All decisions on these very files, oldest first."""
    try:
        _, raw = read(DECISIONS, workspace, decisions_key(gate, fingerprint, branch))
    except NotFoundError:
        return []
    return [Decision(**entry) for entry in raw["decisions"]]


def history(workspace: Storage, gate: str = "") -> list[Made]:
    """Every decision that a workspace has on record, newest first.

    :param gate: of one gate alone; empty for all.
    """
    keys = [found.key for found in workspace.list(gate_prefix(gate)) if found.key.endswith(".json")]
    kept = read_at_once(lambda key: read(DECISIONS, workspace, key)[1], keys)
    made = [entry for each in kept for entry in _made(each)]
    return sorted(made, key=lambda entry: entry.decision.at, reverse=True)


def _made(raw: Mapping[str, Any]) -> Iterator[Made]:
    branch, files = str(raw.get("branch", "")), len(raw["files"])
    for entry in raw["decisions"]:
        yield Made(str(raw["gate"]), branch, str(raw["fingerprint"]), files, Decision(**entry))


def latest(workspace: Storage, gate: str) -> dict[str, Decision]:
    """The last decision on a gate in each branch, on whatever files; a gate in no branch has the empty one.

    :returns: nothing if nobody was ever asked.
    """
    return {entry.branch: entry.decision for entry in reversed(history(workspace, gate))}


def standing(made: Sequence[Decision]) -> Decision | None:
    """The approval that stands: the last answer that counts, if it is one."""
    counted = [decision for decision in made if decision.decision in ("approved", "rejected")]
    return counted[-1] if counted and counted[-1].decision == "approved" else None


def record(workspace: Storage, gate: str, files: Sequence[InputFile], decision: Decision, branch: str = "") -> str:
    """Add a decision to the record, with the files that it was about; the key that it is kept under.

    :param files: the gated files, as they were listed when the question was asked.
    """
    remember(workspace, gate, files, branch)
    return add(workspace, gate, gated_fingerprint(files), decision, branch)


def remember(workspace: Storage, gate: str, files: Sequence[InputFile], branch: str = "") -> None:
    """Keep what a question is about, before there is an answer, so that a decision that is made elsewhere has it."""
    key = decisions_key(gate, gated_fingerprint(files), branch)
    if workspace.exists(key):
        return
    seen = sorted(({"key": f.key, "size": f.size, "etag": f.etag} for f in files), key=lambda entry: str(entry["key"]))
    about = {"gate": gate, "branch": branch, "fingerprint": gated_fingerprint(files)}
    workspace.put(key, encode(DECISIONS, {**about, "decisions": [], "files": seen}, indent=1))


def add(workspace: Storage, gate: str, fingerprint: str, decision: Decision, branch: str = "") -> str:
    """Add a decision on files that were asked about; the key that it is kept under."""
    key = decisions_key(gate, fingerprint, branch)
    _, content = read(DECISIONS, workspace, key)
    content["decisions"].append(asdict(decision))
    workspace.put(key, encode(DECISIONS, content, indent=1))
    return key
