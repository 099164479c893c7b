"""A step whose raw files lie in an archive of S3: it asks for them once, waits without a worker, and goes on."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from platerunner.engine.archives import looker, paying
from platerunner.engine.estimates.restore_rates import rates_of
from platerunner.engine.planning.archived import Archived, ArchivedFile, files_of, find_archived, with_archived
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.planning.restore_prices import EXPEDITED, GB, Rates, cannot, price_of
from platerunner.engine.records.plans import record_plan
from platerunner.engine.records.restores import Requests, RestoreFile
from platerunner.engine.restores import RestoreRefusedError, request
from platerunner.engine.steps.endings import AwaitRestore, FailedError, Log
from platerunner.engine.steps.step_scope import StepScope
from platerunner.spec.dataset import Restore
from platerunner_unit.contract.stores.buckets import REQUESTER_PAYS
from platerunner_unit.contract.words import show_usd

SAMPLE = 20
PAUSES_S = {EXPEDITED: 30.0, "standard": 300.0, "bulk": 600.0}
"""Seconds between looks at the sample."""


class Restoring:
    """Restores the archived raw files of a step.

    :param restore: as the spec says.
    :param log: gets messages for people.
    """

    def __init__(self, scope: StepScope, restore: Restore, log: Log) -> None:
        self._scope = scope
        self._restore = restore
        self._log = log
        self._step = scope.step.name
        self._file = RestoreFile(scope.workspace, scope.context.run_id, self._step, scope.branch)

    def look(self) -> AwaitRestore | None:
        """Request what was not requested yet, and wait; None if all can be read.

        :raises FailedError: if the restore is impossible or takes too long, or a copy expired before it was read.
        """
        plan = self._scope.plan()
        archived = self._archived(plan)
        files, before = list(files_of(archived).values()), self._file.load()
        if not files:
            if before.since:
                self._log.info("%s: READY: what was archived is restored", self._step)
            return None
        self._check(files, before)
        self._request([file for file in files if not file.restoring and file.url not in before])
        self._keep(plan, archived)
        self._log.info("%s: WAITING for %d archived objects, without a worker", self._step, len(files))
        sample = random.sample(files, min(SAMPLE, len(files)))
        pause = PAUSES_S[self._restore.tier]
        return AwaitRestore(pause, tuple(file.url for file in sample), self._scope.data.url)

    def _archived(self, plan: StepPlan) -> Archived:
        look = looker(lambda: self._scope.hook.s3, self._scope.hook.settings.buckets, restored=True)
        return find_archived(look, {"data": self._scope.data.url}, plan.of(UnitState.PENDING))

    def _check(self, files: Sequence[ArchivedFile], before: Requests) -> None:
        if why := cannot(files, self._restore):
            raise FailedError(f"{self._step}: {why}")
        lost = [file for file in files if not file.restoring and file.url in before]
        if lost:
            self._file.forget()
            raise FailedError(
                f"{self._step}: {len(lost)} of {len(before)} objects were restored and archived again before they "
                f"were read, such as {lost[0].url}: raise `days` ({self._restore.days}) under `dataset.restore`, and "
                "clear the task, which asks for them again"
            )
        if before.since and time.time() > before.since + self._restore.timeout:
            self._file.forget()
            raise FailedError(
                f"{self._step}: {len(files)} objects are still archived when `timeout` under `dataset.restore` is "
                f"over, such as {files[0].url}: clear the task to wait as long again, which asks for nothing twice"
            )

    def _request(self, files: Sequence[ArchivedFile]) -> None:
        """Request restores, and record them on the way, so that after a crash few are requested twice."""
        self._file.begin(self._restore.tier)
        if not files:
            return
        size, price = sum(file.size for file in files) / GB, price_of(files, self._restore, self._rates)
        said = "%s: asks S3 to restore %d objects (%.3g GB), tier %s, for %d days: about %s USD, %s"
        tier, days = self._restore.tier, self._restore.days
        self._log.info(said, self._step, len(files), size, tier, days, show_usd(price), self._rates.said)
        try:
            for urls in request(self._client, files, self._restore):
                self._file.add(urls)
        except RestoreRefusedError as error:
            raise FailedError(f"{self._step}: {error}") from error

    @cached_property
    def _rates(self) -> Rates:
        return rates_of(self._scope.hook, self._scope.workspace)

    @property
    def _client(self) -> object:
        bucket = self._scope.data.url.removeprefix("s3://").partition("/")[0]
        own = self._scope.hook.settings.buckets.get(bucket, {})
        return paying(self._scope.hook.s3) if own.get("access") == REQUESTER_PAYS else self._scope.hook.s3

    def _keep(self, plan: StepPlan, archived: Archived) -> None:
        """Let pages show which units wait."""
        units = (replace(unit, state=UnitState.WAITING) if unit.unit in archived else unit for unit in plan.units)
        told = with_archived(replace(plan, units=tuple(units)), archived, self._restore, lambda: self._rates)
        record_plan(self._scope.workspace, self._scope.context.run_id, told, self._scope.branch)
