"""What a step's task does while it runs: plan, adopt or submit, park, collect, judge."""

import os
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from airflow.configuration import conf
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from platerunner.batch.console import job_url, log_url, outputs_url
from platerunner.batch.poller import PACE
from platerunner.batch.reasons import CLEARED
from platerunner.engine.connection import OnClear
from platerunner.engine.planning.activity import holds
from platerunner.engine.planning.model import StepPlan, UnitState
from platerunner.engine.records.step_state import UnitFailure
from platerunner.engine.steps.digest import StepResult, allowed, digest, headline, is_red
from platerunner.engine.steps.log_tail import tails, told
from platerunner.engine.steps.preview import preview
from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.trace_context import trace_variables
from platerunner.engine.steps.waiting import Wait
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.links.batch import HERE, LOOPBACK, BatchJobLink, LogStreamLink, OutputsLink
from platerunner.notifications.texts import DIGEST_KEY, RESULT_KEY
from platerunner.operators.common import plain_errors, run_context
from platerunner.operators.gathering import check_gathered
from platerunner.operators.left_behind import end_left_behind, introduce
from platerunner.operators.parking import park
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.triggers.batch_jobs import BatchJobsTrigger
from platerunner_unit.contract.keys import blocked_key

if TYPE_CHECKING:
    from platerunner.operators.batch_module import BatchModuleOperator

FIRST_POLL = "PLATERUNNER_FIRST_POLL"
"""Variable with the seconds from parking to the first look; less than 5 will do where no executor can lose a race."""
RUNBOOK = "See docs/runbook.md."
MAX_SHOWN = 20
"""Units that a dry run names."""


class StepTask:
    """One stay of a step's task on a worker.

    :param operator: the task.
    :param context: Airflow's.
    """

    def __init__(self, operator: "BatchModuleOperator", context: Context) -> None:
        self._operator = operator
        self._context = context
        self._step = operator.step
        self._log = operator.log

    def start(self) -> dict[str, Any]:
        """Plan, adopt or submit, and wait without a worker."""
        with plain_errors():
            run = self.run
            if not holds(run.step, run.context):
                raise AirflowSkipException(f"{self._step}: its condition does not hold: {run.step.when}")
            check_gathered(run.pipeline, self._step, run.context, run.workspace, self._context)
            if run.context.options.dry_run:
                return self._preview(run)
            self._link(run)
            if run.step.waiting_for:
                end_left_behind(run)  # nobody shall pay for them while this run waits
                self._await_inputs(run)
            return self._start(run)

    def go_on(self) -> dict[str, Any]:
        """Look for raw files again; start if they are there, or if the time is over."""
        with plain_errors():
            self._await_inputs(self.run)
            return self._start(self.run)

    def collect(self, event: dict[str, Any]) -> dict[str, Any]:
        """Collect the verdicts; submit again what is worth it, else end.

        :param event: the trigger's.
        """
        with plain_errors():
            if event["status"] == "error":
                raise AirflowException(event["message"])  # the next try adopts the jobs
            return self._collect_all(self.run)

    def kill(self) -> None:
        """End the jobs, unless the next try shall adopt them."""
        if "run" in self.__dict__ and self._policy(self.run) == "terminate":
            ids = self.run.stop(CLEARED)
            self._log.info("%s: ended %d jobs", self._step, len(ids))

    @cached_property
    def run(self) -> StepRun:
        """The step in this run of the pipeline."""
        operator, context = self._operator, self._context
        hook = PlaterunnerHook(operator.conn_id)
        pipeline = operator.spec if isinstance(operator.spec, Pipeline) else load_pipeline(Path(operator.spec))
        carrier = getattr(context["ti"], "context_carrier", None) or {}
        variables = trace_variables(carrier, tracing=conf.getboolean("traces", "otel_on", fallback=False))
        run = StepRun(hook, pipeline, self._step, run_context(pipeline, hook, context, operator.branch), variables)
        introduce(run, context)
        return run

    def _await_inputs(self, run: StepRun) -> None:
        """Park while raw files are missing that may still arrive."""
        if not run.step.waiting_for:
            return
        missing = run.not_arrived()
        wait = Wait(run.step.waiting_for, run.waits_since()) if missing else None
        pause = wait.pause(time.time()) if wait else None
        if wait is None or pause is None:
            run.waited()
            if missing:
                self._log.warning("%s: goes on without what has not arrived: %s", self._step, "; ".join(missing))
            return
        self._log.info("%s: waits until %s: %s", self._step, wait.until, "; ".join(missing))
        park(self._operator, pause)

    def _start(self, run: StepRun) -> dict[str, Any]:
        end_left_behind(run)
        self._tell(run, run.start())
        self._wait(run)
        return self._collect_all(run)

    def _preview(self, run: StepRun) -> dict[str, Any]:
        """Say what would run, and why."""
        plan = preview(run)
        self._tell(run, plan)
        for unit in [unit for unit in plan.units if unit.state is UnitState.PENDING][:MAX_SHOWN]:
            self._log.info("  %s would run: %s", unit.unit, unit.reason)
        self._log.info("%s: a dry run, so nothing was submitted", self._step)
        return {"pipeline": run.pipeline.name, "step": self._step, "dry_run": True, **plan.counts()}

    def _collect_all(self, run: StepRun) -> dict[str, Any]:
        while run.collect():
            self._wait(run)
        return self._end(run)

    def _wait(self, run: StepRun) -> None:
        """Park if there is something to wait for; never a task whose jobs are over already."""
        if jobs := run.waiting_for():
            self._link(run, jobs[-1])
            self._park(run, jobs)

    def _park(self, run: StepRun, jobs: Sequence[str]) -> NoReturn:
        first = self._operator.first_poll_s
        if first is None:
            first = float(os.environ.get(FIRST_POLL) or PACE.first)
        record = run.workspace.url_of(blocked_key(run.context.run_id, self._step, run.branch))
        own, policy = [job for job in jobs if job not in run.foreign], self._policy(run)
        trigger = BatchJobsTrigger(self._operator.conn_id, own, self._step, first, policy, record, run.foreign)
        self._operator.defer(trigger=trigger, method_name="execute_complete")
        raise AssertionError("defer does not return")

    def _policy(self, run: StepRun) -> OnClear:
        return self._operator.on_clear or run.hook.settings.on_clear

    def _end(self, run: StepRun) -> dict[str, Any]:
        result, failed = run.finish()
        lines = digest(result, failed, RUNBOOK)
        self._context["ti"].xcom_push(key=RESULT_KEY, value=result.to_json())
        self._link(run, result.jobs[-1] if result.jobs else "", failed)
        for line in told(tails(run, failed)):
            self._log.info("%s", line)
        if failed:
            self._context["ti"].xcom_push(key=DIGEST_KEY, value="\n".join(lines))
        for line in lines:
            (self._log.error if failed else self._log.info)("%s", line)
        self._judge(run, result, failed)
        return result.to_json()

    def _judge(self, run: StepRun, result: StepResult, failed: Sequence[UnitFailure]) -> None:
        if is_red(result, failed, run.step.tolerate):
            raise AirflowFailException(headline(result, failed))
        if failed:
            tolerated = allowed(run.step.tolerate, result.units)
            self._log.warning("%s: %d failed units are tolerated (%d may fail)", self._step, len(failed), tolerated)
        if result.units == 0:
            raise AirflowSkipException(_nothing_to_do(result))

    def _tell(self, run: StepRun, plan: StepPlan) -> None:
        counts = plan.counts()
        self._log.info("%s: %s", self._step, ", ".join(f"{count} {word}" for word, count in counts.items() if count))
        for note in plan.notes:
            self._log.warning("%s", note)
        if left := run.context.options.left_failed(plan):
            examples = ", ".join(unit.unit for unit in left[:5])
            self._log.warning(
                "%s: `only` leaves out %d units that failed earlier (%s): it fails unless `accept_failed` has them",
                self._step,
                len(left),
                examples,
            )
        waiting = [unit for unit in plan.units if unit.state is UnitState.WAITING]
        for unit in waiting[:5]:
            self._log.info("  %s %s", unit.unit, unit.reason)

    def _link(self, run: StepRun, job: str = "", failed: Sequence[UnitFailure] = ()) -> None:
        """Set all links, empty ones too: Airflow logs an error for each that it looks for in vain."""
        region, group = run.hook.region, run.hook.settings.log_group
        stream = run.log_stream(failed[0].job_id if failed else job or None)
        urls = {
            BatchJobLink.key: job_url(region, job) if job else "",
            LogStreamLink.key: log_url(region, group, stream) if stream else "",
            OutputsLink.key: outputs_url(run.workspace.url),
        }
        if urlsplit(run.hook.settings.endpoint_url or "").hostname in LOOPBACK:  # AWS's console knows nothing of these
            urls = {key: HERE if url else "" for key, url in urls.items()}
        for key, url in urls.items():
            self._context["ti"].xcom_push(key=key, value=url)


def _nothing_to_do(result: StepResult) -> str:
    if result.waiting:
        return f"{result.step}: all {result.waiting} units wait for inputs, or are left for a later run by `only`"
    return f"{result.step}: all {result.excluded} units are excluded"
