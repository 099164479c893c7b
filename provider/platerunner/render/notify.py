"""What a spec's `notify` and `deadline` are in Airflow: callbacks of tasks and runs, and a deadline alert.

Where there is a collector, the callbacks of runs tell it, too.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from platerunner.engine.telemetry import is_on
from platerunner.render.refusals import refusal
from platerunner.spec.model import Event, Message, OnConfig, Pipeline
from platerunner.spec.problems import Problem, SpecError

TASK_EVENTS: Mapping[str, Event] = {"on_failure_callback": "on_failure", "on_retry_callback": "on_retry"}


def task_callbacks(pipeline: Pipeline, default_args: Mapping[str, Any]) -> dict[str, Any]:
    """What each task calls, besides what the DAG file's own default arguments have.

    :param default_args: as the DAG file gives them.
    """
    callbacks = {}
    for key, event in TASK_EVENTS.items():
        if event in pipeline.notify:
            from platerunner.notifications.events import notifiers  # most specs tell nobody

            given = default_args.get(key) or []
            callbacks[key] = [*(given if isinstance(given, list | tuple) else [given]), *notifiers(event, pipeline)]
    return callbacks


def run_callbacks(pipeline: Pipeline) -> dict[str, Any]:
    """Arguments of the DAG: what a run calls at its end, and when it is late.

    :raises SpecError: if this Airflow cannot send what the spec asks for.
    """
    arguments: dict[str, Any] = {}
    if is_on():
        from platerunner.operators.run_end import RunTeller

        arguments["on_success_callback"] = [RunTeller("success", pipeline)]
        arguments["on_failure_callback"] = [RunTeller("failed", pipeline)]
    if isinstance(pipeline.schedule, OnConfig):
        from platerunner.operators.launch_end import LaunchTeller

        for key, failed in (("on_success_callback", False), ("on_failure_callback", True)):
            arguments[key] = [*arguments.get(key, []), LaunchTeller(pipeline, failed=failed)]
    if not pipeline.notify:
        return arguments
    _check_packages(pipeline)
    from platerunner.notifications.events import notifiers

    if on_success := notifiers("on_success", pipeline):
        arguments["on_success_callback"] = [*on_success, *arguments.get("on_success_callback", [])]
    if pipeline.deadline is not None:
        arguments["deadline"] = _deadline(pipeline, pipeline.deadline)
    return arguments


def _deadline(pipeline: Pipeline, seconds: float) -> DeadlineAlert:
    from platerunner.notifications.events import tell_deadline

    messages = [[message.kind, dict(message.options)] for message in pipeline.notify["on_deadline"]]
    return DeadlineAlert(
        # The one reference that every run has, however it started.
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=seconds),
        callback=AsyncCallback(
            tell_deadline, kwargs={"pipeline": pipeline.name, "title": pipeline.title, "messages": messages}
        ),
    )


def _check_packages(pipeline: Pipeline) -> None:
    from platerunner.notifications.sending import missing_package

    told = [message for messages in pipeline.notify.values() for message in messages]
    problems = [_problem(pipeline, message, package) for message in told if (package := missing_package(message.kind))]
    if problems:
        raise SpecError(problems)


def _problem(pipeline: Pipeline, message: Message, package: str) -> Problem:
    sentence = f"this Airflow cannot send by `{message.kind}`: `{package}` is not installed"
    remedy = f"Add `{package}` to what Airflow is installed with (MWAA: `requirements.txt`), or tell it in another way."
    return refusal(pipeline, message.position, sentence, remedy, "missing-package")
