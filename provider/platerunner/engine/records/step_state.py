"""What a step of a run remembers between processes: ``_platerunner/runs/<run id>/<step>/state.json``."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any, Self

from platerunner.batch.model import Ask, Submission
from platerunner.batch.reasons import CLEARED
from platerunner.engine.planning.model import PlannedUnit
from platerunner.engine.records.codec import Kind, RecordError, decode, encode
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.hints import hint_of
from platerunner_unit.contract.keys import state_key
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.storage import NotFoundError, Storage

STATE = Kind("a state of a step", remedy="end the step's jobs by hand, delete the file, then clear the task")
LEFT_OUT_HINT = "Start a run without `only`, or name the unit in `accept_failed` of the run's params."
UNSETTLED_HINT = "Files or settings changed again and again while the step ran: wait until they rest."
SENTENCE_CHARS = 300
"""Characters of a sentence or a line that the state and the digest keep; the outcome keeps it whole."""


Untold = tuple[str, float, Mapping[str, str]]


def now() -> str:
    """The time as states hold it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class UnitFailure:
    """The latest failed attempt of a unit, as far as a digest needs it.

    :param job_id: of the child; None if it never had one.
    :param hint: what to do about it; of older versions' records, what its category says.
    :param fingerprint: of what was attempted; empty in older versions' records.
    :param settled: whether it is known that the unit fails as it is now; not stored.
    """

    unit: str
    category: Category
    sentence: str
    line: str = ""
    job_id: str | None = None
    hint: str = ""
    fingerprint: str = ""
    settled: bool = True

    @property
    def cleared(self) -> bool:
        """Whether we ended its job ourselves because no run waited for it; that tells nothing about the unit."""
        return self.category is Category.STOPPED_BY_USER and self.line == CLEARED

    def is_of(self, unit: PlannedUnit) -> bool:
        """Whether this unit was attempted as it is planned now."""
        return self.fingerprint in ("", unit.fingerprint)

    @classmethod
    def of(cls, task: UnitTask, verdict: Verdict, job_id: str | None) -> "UnitFailure":
        """From a verdict on what a task says."""
        sentence, line = verdict.sentence[:SENTENCE_CHARS], verdict.line[:SENTENCE_CHARS]
        category = Category(verdict.category)
        return cls(task.unit, category, sentence, line, job_id, hint_of(verdict), task.fingerprint)

    @classmethod
    def left_out(cls, unit: PlannedUnit) -> "UnitFailure":
        """The failure of a unit that failed in an earlier run, and that this run leaves out."""
        category = unit.reason.failures[0]
        return cls(unit.unit, category, "It failed in an earlier run, and `only` leaves it out.", hint=LEFT_OUT_HINT)

    @classmethod
    def unsettled(cls, unit: PlannedUnit) -> "UnitFailure":
        """The failure of a unit that is still to be done when the step has to end."""
        sentence = f"It is still to be done, after as many rounds as a try may take: {unit.reason}."
        return cls(unit.unit, Category.UNKNOWN, sentence, hint=UNSETTLED_HINT, settled=False)

    def to_json(self) -> dict[str, Any]:
        """The stored form, which is kept under the unit's id."""
        raw = asdict(self)
        del raw["unit"], raw["settled"]
        return {**raw, "category": str(self.category)}

    @classmethod
    def from_json(cls, unit: str, raw: Mapping[str, Any]) -> "UnitFailure":
        """Read the stored form."""
        return cls(unit, **{**raw, "category": Category(raw["category"])})


@dataclass(frozen=True, slots=True)
class StepState:
    """What a step of a run remembers.

    Mappings are by unit id. A task that starts again keeps only part of this: :meth:`fresh`.

    :param submissions: oldest first.
    :param attempts: attempts that count against the step's limit.
    :param losses: attempts lost with their host, which count against no limit of the unit's own.
    :param made: all attempts that the run ever made; the number of the next one's log follows.
    :param failures: the latest attempt of units that failed.
    :param seen: categories of a failed unit's attempts before that.
    :param succeeded: units that succeeded in this run, sorted.
    :param needs: what the next attempt asks for, of units that needed other than the step gives.
    :param retried: category to the number of units that were tried again for it.
    :param last_n: the highest number that a submission ever had, if that one is forgotten.
    :param rounds: times that this try has run what had changed since it planned.
    :param foreign: jobs of other runs that have units of this one going.
    :param forgotten: whether what the run's `rerun` asks for is forgotten already.
    :param turn: the latest turn to submit that has ended; see :mod:`platerunner.engine.steps.turns`.
    :param started: when the task began, in seconds of the epoch.
    :param waits_since: when it began to wait for raw files; None if it does not wait.
    :param waited_since: when its last wait that is over had begun; 0 for never.
    :param untold: numbers that no collector took yet: the metric's name, the value and the attributes of each.
    """

    run_id: str
    step: str
    submissions: tuple[Submission, ...] = ()
    attempts: Mapping[str, int] = field(default_factory=dict)
    losses: Mapping[str, int] = field(default_factory=dict)
    made: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, UnitFailure] = field(default_factory=dict)
    seen: Mapping[str, tuple[Category, ...]] = field(default_factory=dict)
    succeeded: tuple[str, ...] = ()
    needs: Mapping[str, Ask] = field(default_factory=dict)
    retried: Mapping[str, int] = field(default_factory=dict)
    last_n: int = 0
    rounds: int = 0
    foreign: tuple[str, ...] = ()
    forgotten: bool = False
    turn: str = ""
    started: float | None = None
    waits_since: float | None = None
    waited_since: float = 0.0
    untold: tuple[Untold, ...] = ()

    @property
    def next_n(self) -> int:
        """The number of the next submission; that of a forgotten one is not used again, nor its manifest's name."""
        return max([self.last_n, *(s.n for s in self.submissions)]) + 1

    @property
    def live(self) -> tuple[Submission, ...]:
        """Submissions with a job whose verdicts are still to be collected."""
        return tuple(s for s in self.submissions if s.live)

    @property
    def intents(self) -> tuple[Submission, ...]:
        """Submissions that may or may not have been made: find them by name before making them again."""
        return tuple(s for s in self.submissions if s.job_id is None and s.ended_at is None)

    def with_submission(self, submission: Submission) -> Self:
        """A copy in which the submission of that number is this one, or is added."""
        others = [s for s in self.submissions if s.n != submission.n]
        return replace(self, submissions=tuple(sorted([*others, submission], key=lambda s: s.n)))

    def without(self, submission: Submission) -> Self:
        """A copy that has forgotten a submission which was never made."""
        kept = tuple(s for s in self.submissions if s.n != submission.n)
        return replace(self, submissions=kept, last_n=self.next_n - 1)

    def fresh(self) -> "StepState":
        """The state of a task that starts again: attempts count from zero.

        Needs and log numbers are kept, what no collector knows yet, that the units to be done again were forgotten
        already, and when it waited.
        """
        return StepState(
            self.run_id,
            self.step,
            self.submissions,
            made=self.made,
            needs=self.needs,
            last_n=self.last_n,
            forgotten=self.forgotten,
            waited_since=self.waited_since,
            untold=self.untold,
        )

    def to_json(self) -> bytes:
        """The stored form. Its `extra` has what older versions kept apart: they go on with a run of this one."""
        raw = {each.name: getattr(self, each.name) for each in fields(self)}
        raw["failures"] = {unit: failure.to_json() for unit, failure in self.failures.items()}
        raw["needs"] = {unit: need.to_json() for unit, need in self.needs.items()}
        top = {name: raw.pop(name) for name in _TOP}
        top["submissions"] = [_submission(submission) for submission in self.submissions]
        extra = {name: value for name, value in raw.items() if value or name in _ALWAYS}
        return encode(STATE, {**top, "extra": extra}, indent=1, sort=True)

    @classmethod
    def from_json(cls, data: bytes, place: str = "state.json") -> Self:
        """Read a stored state.

        :param place: where it is, for the message.
        :raises RecordError: if it cannot be understood: guessing could submit everything again.
        """
        _, content = decode(STATE, data, place)
        try:
            return cls._of(content)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RecordError(f"{place} cannot be read ({error!r}): {STATE.remedy}") from error

    @classmethod
    def _of(cls, content: Mapping[str, Any]) -> Self:
        raw = {**content, **content["extra"]}
        del raw["extra"]
        raw["submissions"] = tuple(
            Submission(**{**s, "units": tuple(s["units"]), "batches": tuple(s.get("batches", ()))})
            for s in raw["submissions"]
        )
        failures = raw.get("failures", {}).items()
        raw["failures"] = {unit: UnitFailure.from_json(unit, failure) for unit, failure in failures}
        raw["seen"] = {unit: tuple(map(Category, words)) for unit, words in raw.get("seen", {}).items()}
        raw["needs"] = {unit: Ask.from_json(need) for unit, need in raw.get("needs", {}).items()}
        raw["untold"] = tuple((name, value, attributes) for name, value, attributes in raw.get("untold", ()))
        return cls(**raw | {name: tuple(raw.get(name, ())) for name in ("succeeded", "foreign")})


def _submission(submission: Submission) -> dict[str, Any]:
    """Its stored form; `batches` only where it says something, since versions of before do not know it."""
    raw = asdict(submission)
    if not raw["batches"]:
        del raw["batches"]
    return raw


_TOP = ("run_id", "step", "submissions", "attempts", "losses")
_ALWAYS = frozenset({"made", "failures", "seen", "succeeded", "needs"})
"""Keys of `extra` that are written even if empty, so that a reader of the file sees that there are none."""


class StateFile:
    """Where the state of a step in a run is kept.

    :param storage: the workspace.
    :param branch: key of the branch whose step it is; empty if there are none.
    """

    def __init__(self, storage: Storage, run_id: str, step: str, branch: str = "") -> None:
        self._storage = storage
        self.run_id = run_id
        self.step = step
        self.branch = branch
        self.key = state_key(run_id, step, branch)

    def load(self) -> StepState:
        """What is known; a new state if nothing is.

        :raises RecordError: if the file cannot be understood.
        """
        try:
            return StepState.from_json(self._storage.get(self.key), self._storage.url_of(self.key))
        except NotFoundError:
            return StepState(self.run_id, self.step)

    def save(self, state: StepState) -> StepState:
        """Write it.

        :returns: the same state.
        """
        self._storage.put(self.key, state.to_json())
        return state
