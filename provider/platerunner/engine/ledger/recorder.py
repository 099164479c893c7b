"""Writes the rows of a submission when its jobs have ended: what they took, where they ran, what that cost."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.hosts import Host, HostLookup
from platerunner.batch.model import Ask, Submission
from platerunner.batch.status import describe
from platerunner.batch.views import JobView
from platerunner.engine.access import Access
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings
from platerunner.engine.ledger.charges import charge
from platerunner.engine.ledger.columns import LedgerError, Row
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import ledgers_of, write_rows
from platerunner.engine.ledger.rows import CLEARED, About, EndedJob, Told, divided, row_of
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.price_list import AwsPrices
from platerunner.engine.records.outcomes import OutcomeIndex, OutcomeStore
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import Kept, run_token

log = logging.getLogger(__name__)
READERS = 32
"""Threads that read outcomes: each read is one round trip."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What became of a submission's units.

    :param step: what they share.
    :param units: in array order.
    :param categories: unit id to category, or to :data:`~platerunner.engine.ledger.rows.CLEARED`.
    :param index: of the step's outcomes, listed after the jobs had ended.
    """

    step: StepTask
    units: tuple[UnitTask, ...]
    categories: Mapping[str, str]
    index: OutcomeIndex


class Recorder:
    """Records what a step's jobs took.

    :param access: clients, storages and settings.
    :param step: of the pipeline.
    :param branch: key of the step's branch; empty without a split.
    """

    def __init__(self, access: Access, pipeline: Pipeline, step: Step, workspace: Storage, branch: str) -> None:
        self._access = access
        self._pipeline = pipeline
        self._step = step
        self._workspace = workspace
        self._branch = branch

    def record(self, submission: Submission, verdicts: Verdicts) -> list[Row]:
        """Write the rows of a submission, unless they are there already from an earlier collection.

        :returns: the rows, which somebody may have written before.
        :raises platerunner.batch.model.BatchError: if Batch does not describe the jobs.
        :raises platerunner_unit.contract.storage.StorageError: if no ledger can be written.
        """
        try:
            found = (ledger.find(self._pipeline.name, submission) for ledger in self._ledgers)
            if (there := next((rows for rows in found if rows is not None), None)) is not None:
                return there
        except LedgerError as error:  # a query of the ledger reports it; the step has its verdicts
            log.warning("%s", error)
            return []
        rows = self._rows(submission, verdicts)
        write_rows(self._ledgers, self._pipeline.name, submission, rows)
        return rows

    @cached_property
    def _ledgers(self) -> list[Ledger]:
        return ledgers_of(self._access, self._workspace)

    @cached_property
    def _book(self) -> PriceBook:
        ledger = self._ledgers[0]
        return PriceBook(ledger.storage, ledger.prefix, self._access.region, AwsPrices(self._access))

    @cached_property
    def _lookup(self) -> HostLookup:
        return HostLookup(self._access.ecs)

    @cached_property
    def _about(self) -> About:
        return About(
            spec=_hash_of(self._pipeline.path),
            owner=self._pipeline.owner,
            tags={**self._access.settings.tags, **self._step.cost_tags},
            workspace=self._workspace.url,
            branch=self._branch,
            platform=self._access.settings.platform,
        )

    def _rows(self, submission: Submission, verdicts: Verdicts) -> list[Row]:
        ids = [submission.child_id(i) for i in range(len(verdicts.units))]
        views = {view.id: view for view in describe(self._access.batch, ids)}
        hosts = self._hosts(views.values())
        with ThreadPoolExecutor(READERS) as pool:
            found = pool.map(lambda job, task: find_told(self._workspace, verdicts, task, job), ids, verdicts.units)
            outcomes = list(found)
        jobs = [
            EndedJob(
                job, task, verdicts.categories[task.unit], views.get(job), outcome, _host_of(views.get(job), hosts)
            )
            for job, task, outcome in zip(ids, verdicts.units, outcomes, strict=True)
        ]
        queued = _as_queued(submission, self._access.settings)
        return [self._row(queued, verdicts.step, job) for job in divided(jobs)]

    def _row(self, submission: Submission, step: StepTask, job: EndedJob) -> Row:
        started, seconds = job.started, job.seconds
        span = None if seconds is None else (started or 0.0, seconds)
        ask = Ask.from_json(submission.resources)
        cost = charge(ask, self._about.platform, job.host, span, self._book, part=job.part)
        return row_of(self._about, submission, step, job, cost)

    def _hosts(self, views: Iterable[JobView]) -> Mapping[str, Host]:
        """Container instance to host; without a permission, or when ECS does not answer, none is known."""
        arns = {view.host for view in views if view.host}
        try:
            return self._lookup.find(arns) if arns else {}
        except (BotoCoreError, ClientError, ConnectionProblem) as error:
            log.warning("the instances of %d jobs are not known, nor their prices: %s", len(arns), error)
            return {}


def find_told(workspace: Storage, verdicts: Verdicts, task: UnitTask, job_id: str) -> Told | None:
    """What is stored of a job; None if nothing is.

    :param task: of the job's unit.
    """
    store, step = OutcomeStore(workspace), verdicts.step
    for kept in _candidates(verdicts, task):
        try:
            outcome = store.get(step.step, task.unit, kept)
        except (NotFoundError, json.JSONDecodeError):
            continue
        if outcome.job_id == job_id:
            return Told.of(outcome)
    return None


def _candidates(verdicts: Verdicts, task: UnitTask) -> list[Kept]:
    """Outcomes that may be a job's: the one that its attempt leaves, then others that ended like it."""
    word, run_id = verdicts.categories[task.unit], verdicts.step.run_id
    if word == CLEARED:
        return []
    own = Kept(task.fingerprint, word, run_token(run_id), task.attempts_before + 1)
    listed = verdicts.index.attempts(task.unit, task.fingerprint, run_id, task.attempts_before)
    return [own, *(kept for kept in listed if kept.category is Category(word) and kept != own)]


def _host_of(view: JobView | None, hosts: Mapping[str, Host]) -> Host | None:
    return hosts.get(view.host) if view is not None and view.host else None


def _as_queued(submission: Submission, settings: ConnectionSettings) -> Submission:
    """The submission with the capacity that its queue has: a connection may name one queue for all."""
    kinds = [kind for kind, queue in settings.queues.items() if queue == submission.queue]
    capacity = submission.resources["capacity"]
    if kinds and capacity not in kinds:
        return replace(submission, resources={**submission.resources, "capacity": kinds[0]})
    return submission


def _hash_of(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return None
