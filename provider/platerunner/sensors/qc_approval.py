"""A gate: blocks until a person approves what they see, on Airflow's human-in-the-loop."""

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import BaseNotifier, Context, Param

from platerunner.engine.gates.asked import APPROVE, REJECT
from platerunner.hooks.connection_id import CONN_ID
from platerunner.links.gate import GateLink
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate

if TYPE_CHECKING:
    from platerunner.sensors.gate_task import GateTask

log = logging.getLogger(__name__)

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
        kwargs["params"] = {"comment": COMMENT}  # Airflow puts the DAG's params there, which are not part of the form
        super().__init__(
            subject=f"{pipeline.title or pipeline.name}: {declared.title}",
            options=[APPROVE, REJECT],
            response_timeout=timeout,
            **kwargs,
        )
        told = [*self.notifiers, *_told(pipeline)]
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
        task = self._on_worker(context)
        return task.passed(task.start())

    def execute_complete(self, context: Context, event: Mapping[str, Any]) -> dict[str, Any]:
        """Check the answer, keep it, and act on it.

        :param event: Airflow's: who chose what, or that nobody did in time.
        """
        task = self._on_worker(context)
        return task.passed(task.answered(event))

    def ask(self, context: Context, question: str, assigned: Sequence[Any]) -> dict[str, Any]:
        """Put the question, and wait without a worker.

        :param question: Markdown.
        :param assigned: the users who may answer; empty for everybody who may edit the DAG.
        """
        self.body = question
        if self.branch is not None:
            self.subject = f"{self.subject} ({self.branch})"
        self.assigned_users = list(assigned) or None
        result: dict[str, Any] = super().execute(context)
        return result

    def _on_worker(self, context: Context) -> "GateTask":
        # As for a step: a DAG file asks nobody.
        from platerunner.sensors.gate_task import GateTask

        return GateTask(self, context)


def _tell(notifier: BaseNotifier, context: Context) -> None:
    """Let a notifier send the question; one that fails must not fail the gate, which asks all the same."""
    try:
        notifier(context)
    except Exception as error:
        log.warning("%s told nobody of this question: %s", type(notifier).__name__, error)


def _told(pipeline: Pipeline) -> Sequence[BaseNotifier]:
    """To whom the spec sends a question."""
    if "on_gate" not in pipeline.notify:
        return ()
    from platerunner.notifications.events import notifiers  # most specs tell nobody

    return notifiers("on_gate", pipeline)
