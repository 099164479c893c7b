"""Runs of a step take turns to submit, so that each sees what the others have going before it submits anything.

A backfill, a second run by hand or a laptop on the lab's workspace may run a step while another run has its units
going: Airflow counts such runs apart, and knows nothing of other Airflows. So a run that plans and submits first writes
its name into ``_platerunner/last_run/<step>.json``, on condition that the record is as it was read (on S3 by its ETag):
of two runs that start in the same instant, one reads again. The record names the turn; the turn is over when the run's
state, which each submission writes anyway, names it too. A lone run makes no call for it that it did not make before.

A process that dies within its turn keeps the others for :data:`LEASE_S`, unless Airflow says that its task is over: a
run that waits asks again and again, and says until when it waits.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from platerunner.batch.calls import PATIENCE_S, explained
from platerunner.batch.model import BatchError
from platerunner.batch.status import describe, find
from platerunner.batch.submit import SETTLE_S
from platerunner.batch.views import UNKNOWN_S, has_ended, seconds_since
from platerunner.engine.records.codec import Kind, decode, encode
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner_unit.contract.keys import last_run_key
from platerunner_unit.contract.storage import NotFoundError, Storage

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)
LEASE_S = 2 * PATIENCE_S
"""Seconds that a turn lasts at most without being renewed."""
INTENT_S = PATIENCE_S + SETTLE_S
"""Seconds for which another run may still be about to make a submission whose job is not known."""
LOOK_S = 1.0
JUDGE_S = 10.0
"""Seconds between two questions to Airflow whether the task of a run that is waited for is over."""
TURN = "turn"
LAST_RUN = Kind("a record of who submits", numbered=False, remedy="delete it if no run of the step is going")
REMEMBERED = 20
"""Runs at most: an Airflow that is gone for good judges its runs no more."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The task that has a step's jobs.

    :param airflow: which Airflow knows the task; another one must not judge it. Empty outside of any.
    """

    airflow: str
    dag_id: str
    task_id: str
    run_id: str
    map_index: int = -1


@dataclass(frozen=True, slots=True)
class Going:
    """What another run has going.

    :param run_id: that run's.
    :param job_id: of an array or a single job that has not ended.
    :param units: ids of its units.
    """

    run_id: str
    job_id: str
    units: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Busy:
    """A run that may submit at this moment, and when it is taken for dead if it does not go on."""

    owner: Owner
    until: float


@dataclass(frozen=True, slots=True)
class _Record:
    owners: tuple[Owner, ...] = ()
    turn: str = ""
    since: float = 0.0
    etag: str | None = None


def owners_of(workspace: Storage, step: str, branch: str = "") -> tuple[Owner, ...]:
    """The tasks that have a step's jobs or may have some left, the newest first.

    :param branch: key of the branch whose step it is; empty if there are none.
    """
    return _read(workspace, last_run_key(step, branch)).owners


def _read(workspace: Storage, key: str) -> _Record:
    try:
        data, etag = workspace.get_tagged(key)
    except NotFoundError:
        return _Record()
    _, raw = decode(LAST_RUN, data, workspace.url_of(key))
    before, turn, since = raw.pop("before", ()), raw.pop(TURN, ""), raw.pop("since", 0.0)
    return _Record((Owner(**raw), *(Owner(**owner) for owner in before)), turn, since, etag)


class Turns:
    """The turns of one run at one step.

    :param workspace: the pipeline's.
    :param state_file: the run's.
    :param client: makes the Batch client, which is asked only if other runs have jobs.
    :param owner: the task that submits.
    """

    def __init__(
        self, workspace: Storage, state_file: StateFile, client: Callable[[], "BatchClient"], owner: Owner
    ) -> None:
        self._workspace = workspace
        self._file = state_file
        self._client = client
        self.owner = owner
        self.over: frozenset[str] = frozenset()
        """Runs whose tasks are over and whose jobs were ended."""
        self.is_over: Callable[[Owner], bool] = lambda _owner: False
        """Whether a task is over, as far as it is known here."""
        self.own_cloud = False
        """Whether the client's Batch began with this process; see :class:`~platerunner.engine.access.Access`."""
        self._silent: set[str] = set()
        """Runs whose tasks ended while they were waited for: they submit no more, but may have jobs."""
        self._told, self._asked = "", 0.0
        self._key = last_run_key(state_file.step, state_file.branch)
        self._read_before: _Record | None = None
        self._mine = _Record()

    def owners(self) -> tuple[Owner, ...]:
        """The tasks that have the step's jobs or may have some left, the newest first."""
        self._read_before = self._read()
        return self._read_before.owners

    def take(self) -> list[Going]:
        """Wait until no other run submits, and submit from now on.

        :returns: what other runs have going, and will not be joined by more of it in this turn.
        :raises BatchError: if AWS does not tell.
        """
        while True:
            record, self._read_before = self._read_before or self._read(), None
            others = {owner: self._state(owner) for owner in self._others(record)}
            if busy := self._busy(record, others):
                self._wait_for(busy)
                continue
            going = [going for owner, state in others.items() for going in self._going(owner.run_id, state)]
            if self._taken(record, self._kept(others, going)):
                return going

    @contextmanager
    def held(self) -> Iterator[list[Going]]:
        """A turn, in which to plan and submit; what other runs have going.

        It ends with the state that :meth:`ending` makes, or with what went wrong.
        """
        going = self.take()
        try:
            yield going
        except BaseException:
            self.give_back()
            raise

    def _wait_for(self, busy: _Busy) -> None:
        """Wait a little for a run that submits, unless its task turns out to be over."""
        run_id, now = busy.owner.run_id, time.monotonic()
        if run_id != self._told:
            self._told = run_id
            self._tell(busy)
        if now >= self._asked + JUDGE_S:
            self._asked = now
            if self.is_over(busy.owner):
                log.info("%s: the task of the run %s is over; going on", self._file.step, run_id)
                self._silent.add(run_id)
                time.sleep(SETTLE_S)  # AWS may have taken its last job a moment ago
                return
        time.sleep(LOOK_S)

    def _tell(self, busy: _Busy) -> None:
        known = busy.owner.airflow and busy.owner.airflow == self.owner.airflow
        log.info(
            "%s: the run %s submits its units now; waiting for it. If it has died, this run goes on at %s UTC%s",
            self._file.step,
            busy.owner.run_id,
            f"{datetime.fromtimestamp(busy.until, UTC):%H:%M:%S}",
            f", or as soon as its task {busy.owner.task_id} is marked as failed" if known else "",
        )

    def renew(self) -> None:
        """Keep a turn that takes long.

        :raises BatchError: if it took too long, and another run has its turn.
        """
        if time.time() < self._mine.since + LEASE_S / 2:
            return
        since = time.time()
        etag = self._workspace.put_if(self._key, self._json(self._mine.owners, self._mine.turn, since), self._mine.etag)
        if etag is None:
            raise BatchError(f"{self._file.step}: submitting took so long that another run began: clear the task")
        self._mine = replace(self._mine, since=since, etag=etag)

    def ending(self, state: StepState) -> StepState:
        """The state that ends the turn as soon as it is written."""
        return replace(state, turn=self._mine.turn)

    def give_back(self) -> None:
        """End the turn without a submission."""
        self._file.save(self.ending(self._file.load()))

    def _read(self) -> _Record:
        return _read(self._workspace, self._key)

    def _others(self, record: _Record) -> Iterable[Owner]:
        return (owner for owner in record.owners if owner.run_id != self.owner.run_id)

    def _state(self, owner: Owner) -> StepState:
        """Another run's state, in which the jobs of its submissions are known if there are any."""
        file = StateFile(self._workspace, owner.run_id, self._file.step, self._file.branch)
        state = file.load()
        for intent in state.intents:
            with explained(f"look up the job {intent.name} of the run {owner.run_id}"):
                if found := find(self._client(), intent.queue, intent.name):
                    state = state.with_submission(replace(intent, job_id=found[0]))
        return state

    def _busy(self, record: _Record, others: dict[Owner, StepState]) -> _Busy | None:
        """A run that may submit at this moment; None if there is none."""
        now = time.time()
        for owner, state in others.items():
            if owner.run_id in self.over or owner.run_id in self._silent:
                continue
            ends = [now - seconds_since(intent.submitted_at) + INTENT_S for intent in state.intents]
            if owner == record.owners[0] and record.turn and state.turn != record.turn:
                ends.append(record.since + LEASE_S)
            if (until := max(ends, default=now)) > now:
                return _Busy(owner, until)
        return None

    def _kept(self, others: dict[Owner, StepState], going: Iterable[Going]) -> list[Owner]:
        """Runs that have jobs, and those of another Airflow that may have some where they are not seen from here."""
        busy, here = {each.run_id for each in going} - self.over, self.owner.airflow
        return [
            owner
            for owner, state in others.items()
            if owner.run_id in busy or (here and owner.airflow != here and state.live)
        ]

    def _taken(self, record: _Record, before: list[Owner]) -> bool:
        """Whether this run has its turn now; False if another was quicker."""
        owners, turn, since = (self.owner, *before[:REMEMBERED]), uuid.uuid4().hex, time.time()
        etag = self._workspace.put_if(self._key, self._json(owners, turn, since), record.etag)
        if etag is not None:
            self._mine = _Record(owners, turn, since, etag)
        return etag is not None

    def _json(self, owners: tuple[Owner, ...], turn: str, since: float) -> bytes:
        first, *before = map(asdict, owners)
        return encode(LAST_RUN, {**first, "before": before, TURN: turn, "since": since})

    def _going(self, run_id: str, state: StepState) -> Iterable[Going]:
        if not state.live:
            return
        with explained(f"look up the jobs of the run {run_id}"):
            views = {view.id: view for view in describe(self._client(), [str(s.job_id) for s in state.live])}
        # The process of a run that is over has died, and its embedded cloud with it. One on another host may live.
        unknown_s = 0.0 if self.own_cloud and run_id in self.over else UNKNOWN_S
        for submission in state.live:
            if not has_ended(views.get(str(submission.job_id)), submission.submitted_at, unknown_s):
                yield Going(run_id, str(submission.job_id), frozenset(map(str, submission.units)))
