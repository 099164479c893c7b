"""A gate: blocks until a person approves what they see, on Airflow's human-in-the-loop."""

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import BaseNotifier, Context, Param
from airflow.sdk.exceptions import AirflowFailException

from platerunner.hooks.connection_id import CONN_ID
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.links.gate import GateLink, gate_url
from platerunner.notifications.events import notifiers
from platerunner.operators.common import plain_errors, run_context
from platerunner.operators.gathering import check_gathered
from platerunner.sensors.asked import APPROVE, ASKED_KEY, REJECT
from platerunner.sensors.decisions import Decision, Word
from platerunner.sensors.gate_run import GateRun
from platerunner.sensors.questions import Question
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Gate, Pipeline
from platerunner.triggers.earlier_answer import LOST, EarlierAnswerTrigger

log = logging.getLogger(__name__)

MAX_COMMENT = 4000
"""Characters of a comment that are kept."""
# May be null: a form field that may not be would keep Airflow's buttons grey until something is written.
COMMENT = Param(
    None,
    type=["null", "string"],
    format="multiline",
    title="Comment",
    description="Needed to reject: what is wrong, and where.",
)


class QCApprovalSensor(HITLOperator):
    """Waits for approvers to approve or reject; an approval stands as long as the files that it was about are the same.

    :param spec: the pipeline, or the path of its YAML file.
    :param gate: name of a gate in it.
    :param conn_id: connection of type ``platerunner``.
    :param branch: in a pipeline with ``split``, the value of its wildcard that the gate asks about; None for a gate
        that is in no branch (templated).
    """

    # The question is made at run time from what the spec and the report say: nothing in it is a template.
    template_fields: Sequence[str] = ("branch",)
    operator_extra_links = (GateLink(),)
    ui_color = "#f6e7c1"

    def __init__(
        self,
        *,
        spec: Pipeline | str | os.PathLike[str],
        gate: str,
        conn_id: str = CONN_ID,
        branch: str | None = None,
        **kwargs: Any,
    ) -> None:
        pipeline = spec if isinstance(spec, Pipeline) else load_pipeline(Path(spec))
        declared = pipeline.steps[gate]
        if not isinstance(declared, Gate):
            raise TypeError(f"{gate} is no gate of {pipeline.name}")
        timeout = timedelta(seconds=declared.timeout) if declared.timeout else None
        kwargs["params"] = {"comment": COMMENT}  # Airflow puts the DAG's params there, which are no part of the form
        super().__init__(
            subject=f"{pipeline.title or pipeline.name}: {declared.title}",
            options=[APPROVE, REJECT],
            response_timeout=timeout,
            **kwargs,
        )
        told = [*self.notifiers, *notifiers("on_gate", pipeline)]
        self.notifiers: Sequence[Any] = [partial(_tell, notifier) for notifier in told]
        self.pipeline = pipeline
        self.gate = declared
        self.conn_id = conn_id
        self.branch = branch

    @property
    def serialized_params(self) -> dict[str, dict[str, Any]]:
        """The form: a comment, and none of the DAG's own params."""
        return {"comment": self.params.get_param("comment").serialize()}

    def execute(self, context: Context) -> dict[str, Any]:
        """Pass if these very files were approved before; else ask, unless an earlier try of this run has asked."""
        with plain_errors():
            run = self._gate_run(context)
            check_gathered(self.pipeline, self.gate.name, run.context, run.workspace, context)
            if run.dry_run:
                self.log.info("%s: a dry run, so nobody is asked", self.gate.name)
                return {"decision": "dry run"}
            approval = run.approval()
            if approval is not None:
                self.log.info("%s: %s; unchanged since", self.gate.name, approval.sentence)
                return _result(approval)
            asked = run.questions.open()
            if asked is not None and asked.fingerprint == run.fingerprint:
                return self._look_for_answer(asked, context)
            return self._ask(run, context)

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Check the answer, keep it, and act on it.

        :param event: Airflow's: who chose what, or that nobody did in time.
        """
        with plain_errors():
            run = self._gate_run(context)
            if event.get("error_type") == LOST:
                return self._ask(run, context)
            if "error" in event:
                self._unanswered(run, event)
            decision = self._decision(run, event)
            if decision.decision == "refused":
                run.record(decision)
                return self._ask(run, context, f"{decision.sentence}; it asks again.")
            asked = run.questions.open()
            if asked is None or asked.fingerprint != run.fingerprint:
                return self._ask(run, context, "The files have changed since the question was asked; look again.")
            return self._settle(run, decision)

    def _settle(self, run: GateRun, decision: Decision) -> dict[str, Any]:
        key = run.record(decision)
        self.log.info("%s: %s", self.gate.name, decision.sentence)
        self.log.info("recorded in %s", run.workspace.url_of(key))
        if decision.decision == "rejected":
            raise AirflowFailException(f"{decision.sentence}; clear this task to ask again")
        return _result(decision)

    def _ask(self, run: GateRun, context: Context, refused: str = "") -> dict[str, Any]:
        if refused:
            self.log.warning("%s", refused)
        task = context["task_instance"]
        url = gate_url(self.pipeline.name, run.run_id, self.task_id, getattr(task, "map_index", -1))
        self.body = run.question(url, refused)
        if self.branch is not None:
            self.subject = f"{self.subject} ({self.branch})"
        self.assigned_users = run.approvers.assignable() or None
        context["ti"].xcom_push(key=ASKED_KEY, value=run.ask().to_xcom())
        result: dict[str, Any] = super().execute(context)
        return result

    def _look_for_answer(self, asked: Question, context: Context) -> NoReturn:
        """Wait for the answer to what an earlier try asked: asking again would drop one that was given already."""
        self.log.info("%s was asked at %s, about these very files; waiting for that answer", self.gate.name, asked.at)
        timeout = self.response_timeout
        trigger = EarlierAnswerTrigger(
            ti_id=context["task_instance"].id,
            options=self.options,
            params=self.serialized_params,
            timeout_datetime=asked.asked_at + timeout if timeout else None,
        )
        self.defer(trigger=trigger, method_name="execute_complete")

    def _decision(self, run: GateRun, event: Mapping[str, Any]) -> Decision:
        """What an answer comes to: Airflow checks neither names nor what the form holds, so both are checked here."""
        user = event.get("responded_by_user") or {}
        user_id, name = str(user.get("id", "")), str(user.get("name", ""))
        word: Word = "approved" if list(event["chosen_options"]) == [APPROVE] else "rejected"
        comment = str((event.get("params_input") or {}).get("comment") or "").strip()[:MAX_COMMENT]
        if wrong := self._wrong(run, user_id, name, word, comment):
            word, comment = "refused", f"{wrong}{f'; they wrote: {comment}' if comment else ''}"
        return Decision(
            decision=word,
            user_id=user_id,
            user=name or user_id or "somebody unknown",
            at=_text(event["responded_at"]),
            run_id=run.run_id,
            comment=comment,
            numbers=run.numbers,
        )

    def _wrong(self, run: GateRun, user_id: str, name: str, word: Word, comment: str) -> str:
        """Why an answer does not count; empty if it does."""
        if not run.approvers.include(user_id, name):
            return f"no approver of this gate ({run.approvers.sentence})"
        if word == "rejected" and not comment:
            return "a rejection needs a comment: what is wrong, and where"
        return ""

    def _unanswered(self, run: GateRun, event: Mapping[str, Any]) -> NoReturn:
        """Fail: a gate that nobody answers in time never opens by itself."""
        if event.get("error_type") != "timeout":
            run.questions.settle()
            raise AirflowFailException(f"{self.gate.name}: {event['error']}")
        said = f"nobody answered {self.gate.name} within {self.response_timeout}"
        now = datetime.now(UTC).isoformat(timespec="seconds")
        run.record(Decision("timed out", "", "", now, run.run_id, said, run.numbers))
        raise AirflowFailException(f"{said}; clear this task to ask again")

    def _gate_run(self, context: Context) -> GateRun:
        hook = PlaterunnerHook(self.conn_id)
        return GateRun(hook, self.pipeline, self.gate.name, run_context(self.pipeline, hook, context, self.branch))


def _tell(notifier: BaseNotifier, context: Context) -> None:
    """Let a notifier tell of the question; one that fails must not fail the gate, which asks all the same."""
    try:
        notifier(context)
    except Exception as error:
        log.warning("%s told nobody of this question: %s", type(notifier).__name__, error)


def _result(decision: Decision) -> dict[str, Any]:
    return {"decision": decision.decision, "by": decision.user, "at": decision.at, "comment": decision.comment}


def _text(moment: Any) -> str:
    return moment if isinstance(moment, str) else str(moment.isoformat())
