"""A step as one deferrable Airflow task, however many units it has."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from airflow.configuration import conf
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from platerunner.batch.poller import PACE
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.hooks.settings import OnClear
from platerunner.links.batch import (
    BatchJobLink,
    LogStreamLink,
    OutputsLink,
    PlateMapLink,
    job_url,
    log_url,
    outputs_url,
)
from platerunner.notifications.texts import DIGEST_KEY, RESULT_KEY
from platerunner.operators.common import plain_errors, run_context
from platerunner.operators.digest import StepResult, allowed, digest, headline
from platerunner.operators.gathering import check_gathered
from platerunner.operators.ledger import UnitFailure
from platerunner.operators.left_behind import end_left_behind
from platerunner.operators.log_tail import tails, told
from platerunner.operators.preview import preview
from platerunner.operators.step_run import StepRun
from platerunner.operators.trace_context import trace_variables
from platerunner.operators.waiting import Wait, park
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.triggers.batch_jobs import BatchJobsTrigger
from platerunner.triggers.reasons import CLEARED
from platerunner.units.activity import holds
from platerunner.units.model import StepPlan, UnitState

FIRST_POLL = "PLATERUNNER_FIRST_POLL"
"""Variable with the seconds from parking to the first look; less than 5 will do where no executor can lose a race."""
RUNBOOK = "See docs/runbook.md."
MAX_SHOWN = 20
"""Units that a dry run names."""


class BatchModuleOperator(BaseOperator):
    """Runs a step's units on AWS Batch: what is done already is left alone, what is worth it is tried again.

    :param spec: the pipeline, or the path of its YAML file.
    :param step: name of a step that runs units.
    :param conn_id: connection of type ``platerunner``.
    :param on_clear: what becomes of running jobs when somebody clears or marks the task: ``terminate``, or ``adopt`` by
        the next try; None for what the connection says.
    :param first_poll_s: seconds from parking to the first look at the jobs; None for 5, or what the environment says.
    :param branch: in a pipeline with ``split``, the value of its wildcard whose units run; None for a step that is in
        no branch (templated).
    """

    template_fields: Sequence[str] = ("branch",)
    operator_extra_links = (PlateMapLink(), BatchJobLink(), LogStreamLink(), OutputsLink())
    ui_color = "#e3f0e8"

    def __init__(
        self,
        *,
        spec: Pipeline | str | os.PathLike[str],
        step: str,
        conn_id: str = PlaterunnerHook.default_conn_name,
        on_clear: OnClear | None = None,
        first_poll_s: float | None = None,
        branch: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.spec = spec
        self.step = step
        self.conn_id = conn_id
        self.on_clear = on_clear
        self.first_poll_s = first_poll_s
        self.branch = branch
        self._run: StepRun | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Plan, adopt or submit, and wait without a worker."""
        with plain_errors():
            run = self._step_run(context)
            if not holds(run.step, run.context):
                raise AirflowSkipException(f"{self.step}: its condition does not hold: {run.step.when}")
            check_gathered(run.pipeline, self.step, run.context, run.workspace, context)
            if run.context.options.dry_run:
                return self._preview(run)
            self._link(run, context)
            end_left_behind(run, context)
            self._await_inputs(run)
            return self._start(run, context)

    def execute_arrived(self, context: Context, event: Any) -> dict[str, Any]:  # noqa: ARG002
        """Look for raw files again; go on if they are there, or if the time is over.

        :param event: the trigger's, which says only that it is time.
        """
        with plain_errors():
            run = self._step_run(context)
            self._await_inputs(run)
            return self._start(run, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Collect the verdicts; submit again what is worth it, else end.

        :param event: the trigger's.
        """
        with plain_errors():
            if event["status"] == "error":
                raise AirflowException(event["message"])  # the next try adopts the jobs
            return self._collect_all(self._step_run(context), context)

    def on_kill(self) -> None:
        """End the jobs of a task that is killed while a worker has it; a waiting one is the trigger's business."""
        if self._run is not None and self._policy(self._run) == "terminate":
            ids = self._run.stop(CLEARED)
            self.log.info("%s: ended %d jobs", self.step, len(ids))

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
                self.log.warning("%s: goes on without what has not arrived: %s", self.step, "; ".join(missing))
            return
        self.log.info("%s: waits until %s for %s", self.step, wait.until, "; ".join(missing))
        park(self, pause)

    def _start(self, run: StepRun, context: Context) -> dict[str, Any]:
        self._tell(run.start())
        self._wait(run, context)
        return self._collect_all(run, context)

    def _preview(self, run: StepRun) -> dict[str, Any]:
        """Say what would run, and why."""
        plan = preview(run)
        self._tell(plan)
        for unit in [unit for unit in plan.units if unit.state is UnitState.PENDING][:MAX_SHOWN]:
            self.log.info("  %s would run: %s", unit.unit, unit.reason)
        self.log.info("%s: a dry run, so nothing was submitted", self.step)
        return {"pipeline": run.pipeline.name, "step": self.step, "dry_run": True, **plan.counts()}

    def _collect_all(self, run: StepRun, context: Context) -> dict[str, Any]:
        while run.collect():
            self._wait(run, context)
        return self._end(run, context)

    def _wait(self, run: StepRun, context: Context) -> None:
        """Park if there is something to wait for; never a task whose jobs are over already."""
        if jobs := run.waiting_for():
            self._link(run, context, jobs[-1])
            self._park(run, jobs)

    def _park(self, run: StepRun, jobs: Sequence[str]) -> NoReturn:
        first = self.first_poll_s
        if first is None:
            first = float(os.environ.get(FIRST_POLL) or PACE.first)
        trigger = BatchJobsTrigger(self.conn_id, jobs, self.step, first, self._policy(run))
        self.defer(trigger=trigger, method_name="execute_complete")
        raise AssertionError("defer does not return")

    def _policy(self, run: StepRun) -> OnClear:
        return self.on_clear or run.hook.settings.on_clear

    def _end(self, run: StepRun, context: Context) -> dict[str, Any]:
        result, failed = run.finish()
        lines = digest(result, failed, RUNBOOK)
        context["ti"].xcom_push(key=RESULT_KEY, value=result.to_json())
        self._link(run, context, result.jobs[-1] if result.jobs else "", failed)
        for line in told(tails(run, failed)):
            self.log.info("%s", line)
        if failed:
            context["ti"].xcom_push(key=DIGEST_KEY, value="\n".join(lines))
        for line in lines:
            (self.log.error if failed else self.log.info)("%s", line)
        self._judge(run, result, failed)
        return result.to_json()

    def _judge(self, run: StepRun, result: StepResult, failed: Sequence[UnitFailure]) -> None:
        tolerated = allowed(run.step.tolerate, result.units)
        if len(failed) > tolerated:
            raise AirflowFailException(headline(result, failed))
        if failed:
            self.log.warning("%s: %d failed units are tolerated (%d may fail)", self.step, len(failed), tolerated)
        if result.units == 0:
            raise AirflowSkipException(_nothing_to_do(result))

    def _tell(self, plan: StepPlan) -> None:
        counts = plan.counts()
        self.log.info("%s: %s", self.step, ", ".join(f"{count} {word}" for word, count in counts.items() if count))
        for note in plan.notes:
            self.log.info("%s", note)
        waiting = [unit for unit in plan.units if unit.state is UnitState.WAITING]
        for unit in waiting[:5]:
            self.log.info("  %s %s", unit.unit, unit.reason)

    def _link(self, run: StepRun, context: Context, job: str = "", failed: Sequence[UnitFailure] = ()) -> None:
        """Set all links, empty ones too: Airflow logs an error for each that it looks for in vain."""
        region, group = run.hook.region, run.hook.settings.log_group
        stream = run.log_stream(failed[0].job_id if failed else job or None)
        urls = {
            BatchJobLink.key: job_url(region, job) if job else "",
            LogStreamLink.key: log_url(region, group, stream) if stream else "",
            OutputsLink.key: outputs_url(run.workspace.url),
        }
        for key, url in urls.items():
            context["ti"].xcom_push(key=key, value=url)

    def _step_run(self, context: Context) -> StepRun:
        hook = PlaterunnerHook(self.conn_id)
        pipeline = self.spec if isinstance(self.spec, Pipeline) else load_pipeline(Path(self.spec))
        carrier = getattr(context["ti"], "context_carrier", None) or {}
        variables = trace_variables(carrier, tracing=conf.getboolean("traces", "otel_on", fallback=False))
        self._run = StepRun(hook, pipeline, self.step, run_context(pipeline, hook, context, self.branch), variables)
        return self._run


def _nothing_to_do(result: StepResult) -> str:
    if result.waiting:
        return f"{result.step}: all {result.waiting} units wait for inputs, or are left for a later run by `only`"
    return f"{result.step}: all {result.excluded} units are excluded"
