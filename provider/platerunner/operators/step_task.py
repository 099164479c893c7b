"""A step's stay on an Airflow worker: what the engine does, with Airflow's ways to wait, to link and to fail."""

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.configuration import conf
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowException

from platerunner.batch.console import job_url, log_url, outputs_url
from platerunner.batch.model import PACE
from platerunner.batch.reasons import CLEARED
from platerunner.engine.connection import OnClear
from platerunner.engine.records.step_state import UnitFailure
from platerunner.engine.steps.endings import AwaitFiles, AwaitJobs, AwaitRestore
from platerunner.engine.steps.short_waits import end_soon
from platerunner.engine.steps.stay import Ended, Next, Previewed, StepStay
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.links.batch import HERE, BatchJobLink, LogStreamLink, OutputsLink
from platerunner.notifications.texts import DIGEST_KEY, RESULT_KEY
from platerunner.operators.assets import add_keys, update_nothing
from platerunner.operators.common import ends_in, plain_errors, run_context
from platerunner.operators.owner import introduce
from platerunner.operators.parking import park
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.triggers.batch_jobs import BatchJobsTrigger
from platerunner.triggers.restores import RestoreTrigger
from platerunner_unit.contract.keys import blocked_key
from platerunner_unit.contract.telemetry.run_trace import RunTrace

if TYPE_CHECKING:
    from platerunner.operators.batch_module import BatchModuleOperator

FIRST_POLL = "PLATERUNNER_FIRST_POLL"
"""Variable with the seconds from parking to the first look; fewer will do where no executor can lose a race."""


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
            if not self.run.scope.context.options.dry_run:
                self._link()
            return self._follow(self._stay.start())

    def go_on(self) -> dict[str, Any]:
        """Look for raw files again; start if they are there, or if the time is over."""
        with plain_errors():
            return self._follow(self._stay.go_on())

    def collect(self, event: dict[str, Any]) -> dict[str, Any]:
        """Collect the verdicts; submit again what is worth it, else end.

        :param event: the trigger's.
        """
        with plain_errors():
            if event["status"] == "error":
                raise AirflowException(event["message"])  # the next try adopts the jobs
            return self._follow(self._stay.collect())

    def kill(self) -> None:
        """End the jobs, unless the next try is to adopt them."""
        if "run" in self.__dict__ and self._policy(self.run) == "terminate":
            ids = self.run.jobs.stop(CLEARED)
            self._log.info("%s: ended %d jobs", self._step, len(ids))

    @cached_property
    def run(self) -> StepRun:
        """The step in this run of the pipeline."""
        operator, context = self._operator, self._context
        hook = PlaterunnerHook(operator.conn_id)
        pipeline = operator.spec if isinstance(operator.spec, Pipeline) else load_pipeline(Path(operator.spec))
        carrier = getattr(context["ti"], "context_carrier", None) or {}
        # Every task has a carrier; it leads somewhere only where Airflow sends its own spans.
        traced = conf.getboolean("traces", "otel_on", fallback=False)
        trace = RunTrace.carried(carrier) if traced else None
        run = StepRun(hook, pipeline, self._step, run_context(pipeline, hook, context, operator.branch), trace)
        introduce(run, context)
        return run

    @property
    def _stay(self) -> StepStay:
        return StepStay(self.run, self._log, ends_in(self._context))

    def _follow(self, then: Next) -> dict[str, Any]:
        """Wait as Airflow waits, or end."""
        if isinstance(then, Previewed):
            counts = then.plan.counts()
            told = {"estimate": asdict(then.estimate)} if then.estimate else {}
            update_nothing(self._operator)
            return {"pipeline": self.run.scope.pipeline.name, "step": self._step, "dry_run": True, **counts, **told}
        if isinstance(then, AwaitRestore):
            trigger = RestoreTrigger(self._operator.conn_id, then.sample, then.below, then.seconds)
            self._operator.defer(trigger=trigger, method_name="execute_arrived")
        if isinstance(then, AwaitFiles):
            park(self._operator, then.seconds)
        if isinstance(then, AwaitJobs):
            self._link(then.jobs[-1] if then.jobs else "")
            if self._ends_soon(then):
                return self._follow(self._stay.collect())
            self._park(then)
        return self._end(then)

    def _ends_soon(self, then: AwaitJobs) -> bool:
        """Wait here for jobs that are over before the task could come back from its parking.

        On AWS none is: to place a job takes longer. Where the first look is set, as for `dag.test()`, no executor makes
        parking dear.
        """
        run, operator = self.run, self._operator
        if not run.scope.hook.settings.here or operator.first_poll_s is not None or FIRST_POLL in os.environ:
            return False
        return end_soon(run.scope.hook.batch, [*then.jobs, *then.foreign])

    def _park(self, then: AwaitJobs) -> NoReturn:
        run, operator = self.run, self._operator
        first = operator.first_poll_s
        if first is None:
            first = float(os.environ.get(FIRST_POLL) or PACE.first)
        record = run.scope.workspace.url_of(blocked_key(run.scope.context.run_id, self._step, run.scope.branch))
        policy = self._policy(run)
        trigger = BatchJobsTrigger(
            operator.conn_id, then.jobs, self._step, first, policy, record, then.foreign, time.time()
        )
        operator.defer(trigger=trigger, method_name="execute_complete")
        raise AssertionError("defer does not return")

    def _policy(self, run: StepRun) -> OnClear:
        return self._operator.on_clear or run.scope.hook.settings.on_clear

    def _end(self, ended: Ended) -> dict[str, Any]:
        result = ended.result
        self._context["ti"].xcom_push(key=RESULT_KEY, value=result.to_json())
        self._link(result.jobs[-1] if result.jobs else "", ended.failed)
        if ended.failed:
            self._context["ti"].xcom_push(key=DIGEST_KEY, value="\n".join(ended.lines))
        scope = self.run.scope
        ended.judge(scope.step.tolerate, self._log)
        add_keys(self._operator, self._context, scope.step.assets, scope.done_values)
        return result.to_json()

    def _link(self, job: str = "", failed: Sequence[UnitFailure] = ()) -> None:
        """Set all links, empty ones too: Airflow logs an error for each that it does not find."""
        run = self.run
        region, group = run.scope.hook.region, run.scope.hook.settings.log_group
        stream = run.jobs.log_stream(failed[0].job_id if failed else job or None)
        urls = {
            BatchJobLink.key: job_url(region, job) if job else "",
            LogStreamLink.key: log_url(region, group, stream) if stream else "",
            OutputsLink.key: outputs_url(run.scope.workspace.url),
        }
        if run.scope.hook.settings.here:  # AWS's console knows nothing of these
            urls = {key: HERE if url else "" for key, url in urls.items()}
        for key, url in urls.items():
            self._context["ti"].xcom_push(key=key, value=url)
