"""Runs of a step take turns to submit, so that each sees what the others have going before it submits anything.

A backfill, a second run by hand or a laptop on the lab's workspace may run a step while another run has its units
going: Airflow counts such runs apart, and knows nothing of other Airflows. So whoever plans and submits first writes
its name into ``_platerunner/last_run/<step>.json``, on condition that the record is as it was read (on S3 by its ETag):
of two runs that start in the same instant, one reads again. The record names the turn; the turn is over when the run's
state, which each submission writes anyway, names it too. A lone run makes no call for it that it did not make before.

A process that dies within its turn keeps the others for :data:`LEASE_S`, unless Airflow says that its task is over.
"""

import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from platerunner.batch.calls import PATIENCE_S, explained
from platerunner.batch.model import BatchError, StepState, Submission
from platerunner.batch.state import StateFile
from platerunner.batch.status import describe, find
from platerunner.batch.submit import SETTLE_S
from platerunner.batch.views import has_ended, seconds_since
from platerunner_unit.contract.outcome import last_run_key
from platerunner_unit.contract.storage import NotFoundError, Storage

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

log = logging.getLogger(__name__)
LEASE_S = 2 * PATIENCE_S
"""Seconds that a turn lasts at most without being renewed."""
INTENT_S = PATIENCE_S + SETTLE_S
"""Seconds for which another run may still be about to make a submission whose job is not known."""
LOOK_S = 1.0
TURN = "turn"
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
class _Record:
    owners: tuple[Owner, ...] = ()
    turn: str = ""
    since: float = 0.0
    etag: str | None = None


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
        """Runs whose tasks are over, and which submit no more."""
        self._key = last_run_key(state_file.step, state_file.branch)
        self._read_before: _Record | None = None
        self._mine = _Record()

    def owners(self) -> tuple[Owner, ...]:
        """Who has the step's jobs, and who may have some left, the newest first."""
        self._read_before = self._read()
        return self._read_before.owners

    def take(self) -> list[Going]:
        """Wait until no other run submits, and submit from now on.

        :returns: what other runs have going, and will not be joined by more of it in this turn.
        :raises BatchError: if AWS does not tell.
        """
        told = ""
        while True:
            record, self._read_before = self._read_before or self._read(), None
            others = {owner.run_id: self._state(owner) for owner in self._others(record)}
            busy = self._busy(record, others)
            if not busy:
                going = [going for run_id, state in others.items() for going in self._going(run_id, state)]
                if self._taken(record, self._kept(record, others, going)):
                    return going
            if busy and busy != told:
                log.info("%s: the run %s submits its units now; waiting for it", self._file.step, busy)
                told = busy
            time.sleep(LOOK_S if busy else 0)

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
        return replace(state, extra={**state.extra, TURN: self._mine.turn})

    def give_back(self) -> None:
        """End the turn without a submission."""
        self._file.save(self.ending(self._file.load()))

    def _read(self) -> _Record:
        try:
            data, etag = self._workspace.get_tagged(self._key)
        except NotFoundError:
            return _Record()
        raw = json.loads(data)
        before, turn, since = raw.pop("before", ()), raw.pop(TURN, ""), raw.pop("since", 0.0)
        return _Record((Owner(**raw), *(Owner(**owner) for owner in before)), turn, since, etag)

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

    def _busy(self, record: _Record, others: dict[str, StepState]) -> str:
        """A run that may submit at this moment; empty if there is none."""
        newest = record.owners[0].run_id if record.owners else ""
        for run_id, state in others.items():
            if run_id in self.over:
                continue
            turn_goes_on = run_id == newest and record.turn and state.extra.get(TURN) != record.turn
            if turn_goes_on and time.time() < record.since + LEASE_S:
                return run_id
            if any(seconds_since(intent.submitted_at) < INTENT_S for intent in state.intents):
                return run_id
        return ""

    def _kept(self, record: _Record, others: dict[str, StepState], going: Iterable[Going]) -> list[Owner]:
        """Runs that have jobs, and those of another Airflow that may have some where they are not seen from here."""
        busy, here = {each.run_id for each in going} - self.over, self.owner.airflow
        return [
            owner
            for owner in self._others(record)
            if owner.run_id in busy or (here and owner.airflow != here and others[owner.run_id].live)
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
        return json.dumps({**first, "before": before, TURN: turn, "since": since}).encode()

    def _going(self, run_id: str, state: StepState) -> Iterable[Going]:
        if not state.live:
            return
        with explained(f"look up the jobs of the run {run_id}"):
            views = {view.id: view for view in describe(self._client(), [str(s.job_id) for s in state.live])}
        for submission in state.live:
            if not has_ended(views.get(str(submission.job_id)), submission.submitted_at):
                yield Going(run_id, str(submission.job_id), _units(submission))


def _units(submission: Submission) -> frozenset[str]:
    return frozenset(map(str, submission.units))
