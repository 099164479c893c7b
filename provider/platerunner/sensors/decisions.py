"""The record of a gate's decisions: who decided what, when, and on exactly which files."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from platerunner_unit.manifest import InputFile
from platerunner_unit.outcome import PREFIX
from platerunner_unit.storage import NotFoundError, Storage

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer to a gate.

    :param decision: ``refused`` is an answer by somebody who is no approver: it opens nothing.
    :param user_id: Airflow's id of who answered.
    :param user: their name.
    :param at: ISO 8601, UTC.
    :param comment: as written.
    :param numbers: the figures that were shown.
    :param branch: that the question was about, like ``plate=P1``; empty for a gate that is in no branch.
    """

    decision: Literal["approved", "rejected", "refused"]
    user_id: str
    user: str
    at: str
    run_id: str
    comment: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)
    branch: str = ""

    @property
    def sentence(self) -> str:
        """``approved by ada on 2026-11-21T12:00:00+00:00: "flat enough"``."""
        comment = f': "{self.comment}"' if self.comment else ""
        return f"{self.decision} by {self.user} on {self.at}{comment}"


def gated_fingerprint(files: Iterable[InputFile]) -> str:
    """What an approval is for: a hash over key, size and ETag of every gated file, in any order."""
    lines = sorted(f"{file.key}\0{file.size}\0{file.etag}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:32]


def decisions_key(gate: str, fingerprint: str) -> str:
    """Where the decisions on one state of a gate's files are kept, relative to the workspace."""
    return f"{PREFIX}/gates/{gate}/{fingerprint}.json"


def decisions(workspace: Storage, gate: str, fingerprint: str) -> list[Decision]:
    """All decisions on these very files, oldest first."""
    try:
        raw = json.loads(workspace.get(decisions_key(gate, fingerprint)))
    except NotFoundError:
        return []
    return [Decision(**entry) for entry in raw["decisions"]]


def latest(workspace: Storage, gate: str) -> dict[str, Decision]:
    """The last decision on a gate in each branch, on whatever files; a gate in no branch has the empty one.

    :returns: nothing if nobody was ever asked.
    """
    files = [found.key for found in workspace.list(f"{PREFIX}/gates/{gate}/")]
    made = [Decision(**entry) for key in files for entry in json.loads(workspace.get(key))["decisions"]]
    return {decision.branch: decision for decision in sorted(made, key=lambda decision: decision.at)}


def standing(made: Sequence[Decision]) -> Decision | None:
    """The approval that stands: the last decision that counts, if it is one."""
    counted = [decision for decision in made if decision.decision != "refused"]
    return counted[-1] if counted and counted[-1].decision == "approved" else None


def record(workspace: Storage, gate: str, files: Sequence[InputFile], decision: Decision) -> str:
    """Add a decision to the record, with the files that it was about; the key that it is kept under.

    :param files: the gated files, as they were listed when the question was asked.
    """
    fingerprint = gated_fingerprint(files)
    made = [*decisions(workspace, gate, fingerprint), decision]
    seen = sorted(({"key": f.key, "size": f.size, "etag": f.etag} for f in files), key=lambda entry: str(entry["key"]))
    content = {
        "format": FORMAT,
        "gate": gate,
        "fingerprint": fingerprint,
        "decisions": [asdict(entry) for entry in made],
        "files": seen,
    }
    key = decisions_key(gate, fingerprint)
    workspace.put(key, json.dumps(content, indent=1).encode())
    return key
