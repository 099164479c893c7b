"""What a gate has asked in a run, and about which files: kept until the answer is settled.

It is in the workspace, since Airflow drops a task's XComs at each try, and an answer must outlive the try that it was
given to: one that comes within a second or two of the question can fail the task in the executor (see docs/adr/).
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.keys import question_key
from platerunner_unit.contract.storage import NotFoundError, Storage

QUESTION = Kind("a question of a gate", numbered=False, remedy="delete it; the gate asks again")


@dataclass(frozen=True, slots=True)
class Question:
    """A question that waits for its answer.

    :param fingerprint: of the gated files when it was asked.
    :param at: when, ISO 8601, UTC.
    """

    fingerprint: str
    at: str

    @property
    def asked_at(self) -> datetime:
        """When it was asked."""
        return datetime.fromisoformat(self.at)


class Questions:
    """The question of one gate in one run.

    :param workspace: of the pipeline.
    :param branch: that the gate asks about, such as ``plate=P1``; empty without a split.
    """

    def __init__(self, workspace: Storage, run_id: str, gate: str, branch: str = "") -> None:
        self._workspace = workspace
        self._key = question_key(run_id, gate, branch)

    def open(self) -> Question | None:
        """What was asked and is not settled."""
        try:
            return Question(**read(QUESTION, self._workspace, self._key)[1])
        except NotFoundError:
            return None

    def ask(self, fingerprint: str) -> None:
        """Keep what is asked now."""
        question = Question(fingerprint, datetime.now(UTC).isoformat(timespec="seconds"))
        self._workspace.put(self._key, encode(QUESTION, asdict(question)))

    def settle(self) -> None:
        """Forget it: it was answered, or nobody answered in time."""
        self._workspace.delete(self._key)
