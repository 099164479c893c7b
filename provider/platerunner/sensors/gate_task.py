"""What a gate does while it runs: look for an approval, ask, check the answer, keep it, act on it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from platerunner.engine.gates.answers import decide, take
from platerunner.engine.gates.asked import APPROVE, ASKED_KEY
from platerunner.engine.gates.budget_run import run_of_gate
from platerunner.engine.gates.decisions import Decision
from platerunner.engine.gates.gate_run import GateRun
from platerunner.engine.gates.questions import Question
from platerunner.engine.steps.gathering import check_gathered
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.links.gate import gate_url
from platerunner.operators.assets import add_keys, update_nothing
from platerunner.operators.common import ends_in, plain_errors, run_context
from platerunner.sensors.assigning import assign_users
from platerunner.triggers.earlier_answer import LOST, EarlierAnswerTrigger

if TYPE_CHECKING:
    from platerunner.sensors.qc_approval import QCApprovalSensor


class GateTask:
    """One stay of a gate's task on a worker.

    :param operator: the task.
    :param context: Airflow's.
    """

    def __init__(self, operator: "QCApprovalSensor", context: Context) -> None:
        self._operator = operator
        self._context = context
        self._name = operator.gate.name
        self._log = operator.log

    def start(self) -> dict[str, Any]:
        """Pass if these very files were approved before; else ask, unless an earlier try of this run has asked."""
        with plain_errors():
            run = self.run
            check_gathered(run.pipeline, self._name, run.context, run.workspace, ends_in(self._context))
            if run.dry_run:
                for line in run.lines:
                    self._log.info("%s: %s", self._name, line)
                self._log.info("%s: a dry run, so nobody is asked", self._name)
                return {"decision": "dry run"}
            if passed := run.passed():
                self._log.info("%s: %s", self._name, passed)
                return {"decision": "not asked", "because": passed}
            approval = run.approval()
            if approval is not None:
                self._log.info("%s: %s; unchanged since", self._name, approval.sentence)
                return _result(approval)
            if self._is_repeated and (closed := run.closed()) is not None:
                raise AirflowFailException(f"{closed.sentence}; clear this task to ask again")
            asked = run.questions.open()
            if asked is not None and asked.fingerprint == run.fingerprint:
                return self._look_for_answer(asked)
            return self._ask(run)

    def answered(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Check the answer, keep it, and act on it.

        :param event: Airflow's: who chose what, or that nobody did in time.
        """
        with plain_errors():
            run = self.run
            if event.get("error_type") == LOST:
                return self._ask(run)
            if "error" in event:
                self._unanswered(run, event)
            decision = self._decision(run, event)
            if again := take(run, decision):
                return self._ask(run, again)
            self._log.info("%s: %s", self._name, decision.sentence)
            return _result(decision)

    def passed(self, result: dict[str, Any]) -> dict[str, Any]:
        """Let the assets have their keys; a dry run updates none.

        :param result: of the gate that let pass.
        """
        if self.run.dry_run:
            update_nothing(self._operator)
        else:
            add_keys(self._operator, self._context, self._operator.gate.assets, self._values)
        return result

    def _values(self, by: str) -> list[str]:
        context = self.run.context
        if context.branch is not None and context.branch.wildcard == by:
            return [context.branch.value]
        return [str(context.params[by])]

    @cached_property
    def run(self) -> GateRun:
        """The gate in this run of the pipeline."""
        operator = self._operator
        hook = PlaterunnerHook(operator.conn_id)
        context = run_context(operator.pipeline, hook, self._context, operator.branch)
        return run_of_gate(hook, operator.pipeline, self._name, context)

    @property
    def _is_repeated(self) -> bool:
        """Whether Airflow makes this try by itself, as it does when one fails within a second of its answer, too."""
        task = self._context["task_instance"]
        return bool(task.try_number > task.max_tries - (self._operator.retries or 0) + 1)

    def _ask(self, run: GateRun, refused: str = "") -> dict[str, Any]:
        if refused:
            self._log.warning("%s", refused)
        task = self._context["task_instance"]
        url = gate_url(self._operator.pipeline.name, run.run_id, self._operator.task_id, getattr(task, "map_index", -1))
        question = run.question(url, refused)
        self._context["ti"].xcom_push(key=ASKED_KEY, value=run.ask().to_xcom())
        return self._operator.ask(self._context, question, assign_users(run.approvers.users))

    def _look_for_answer(self, asked: Question) -> NoReturn:
        """Wait for the answer to what an earlier try asked: asking again would drop one that was given already."""
        self._log.info("%s was asked at %s, about these very files; waiting for that answer", self._name, asked.at)
        timeout = self._operator.response_timeout
        trigger = EarlierAnswerTrigger(
            ti_id=self._context["task_instance"].id,
            options=self._operator.options,
            params=self._operator.serialized_params,
            timeout_datetime=asked.asked_at + timeout if timeout else None,
        )
        self._operator.defer(trigger=trigger, method_name="execute_complete")

    def _decision(self, run: GateRun, event: Mapping[str, Any]) -> Decision:
        """What an answer comes to: Airflow checks neither names nor what the form holds."""
        user = event.get("responded_by_user") or {}
        return decide(
            run,
            str(user.get("id", "")),
            str(user.get("name", "")),
            approved=list(event["chosen_options"]) == [APPROVE],
            comment=str((event.get("params_input") or {}).get("comment") or ""),
            at=_text(event["responded_at"]),
        )

    def _unanswered(self, run: GateRun, event: Mapping[str, Any]) -> NoReturn:
        """Fail: a gate that nobody answers in time never opens by itself."""
        if event.get("error_type") != "timeout":
            run.tell_over("withdrawn")
            run.questions.settle()
            raise AirflowFailException(f"{self._name}: {event['error']}")
        said = f"nobody answered {self._name} within {self._operator.response_timeout}"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        run.record(Decision("timed out", "", "", now, run.run_id, said, run.numbers))
        raise AirflowFailException(f"{said}; clear this task to ask again")


def _result(decision: Decision) -> dict[str, Any]:
    return {"decision": decision.decision, "by": decision.user, "at": decision.at, "comment": decision.comment}


def _text(moment: Any) -> str:
    return moment if isinstance(moment, str) else str(moment.isoformat())
