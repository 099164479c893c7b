"""Starts runs of a pipeline with params, one for each upload; a run that was started before is not started again."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowSkipException

from platerunner.hooks.connection_id import CONN_ID
from platerunner.spec.model import Pipeline
from platerunner.spec.uploaded import as_params

_UNFIT = re.compile(r"[^A-Za-z0-9_.~:+-]+")
"""What Airflow takes in no id of a run."""
LONGEST = 80


@dataclass(frozen=True, slots=True)
class Start:
    """A run to be started.

    :param params: as in a trigger form.
    :param why: for people.
    """

    run_id: str
    params: Mapping[str, Any]
    why: str


class _StartOperator(BaseOperator):
    """Starts runs with params.

    :param pipeline: id of its DAG.
    :param declared: the pipeline's params.
    """

    lacking = "nothing"

    def __init__(self, *, pipeline: str, declared: Mapping[str, Mapping[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline = pipeline
        self.declared = declared

    def execute(self, context: Context) -> list[str]:
        """Start them; the ids of the runs.

        :raises AirflowSkipException: if nothing asks for a run, as when a person triggers it.
        :raises AirflowException: if some could not be started.
        """
        starts = self.starts(context)
        if not starts:
            raise AirflowSkipException(f"{self.lacking} started this; start {self.pipeline} itself, with its params")
        refused: dict[str, str] = {}
        for start in starts:
            said = start_run(self.pipeline, start)
            self.log.info("%s, for %s: %s", start.run_id, start.why, said or "started")
            refused |= {start.run_id: said} if said else {}
        check_started(self.pipeline, len(starts), refused)
        return [start.run_id for start in starts]

    def starts(self, context: Context) -> list[Start]:
        """The runs to be started."""
        raise NotImplementedError


class StartUploadedOperator(_StartOperator):
    """Starts a run for each upload of which an asset's events tell."""

    lacking = "no upload"

    def starts(self, context: Context) -> list[Start]:
        """A run for each."""
        return [start_of(payload, self.declared) for payload in _payloads(context)]


class StartKeyedOperator(_StartOperator):
    """Starts the run of a key that assets' events have had.

    :param param: that the key is to the run.
    """

    lacking = "no key of an asset"

    def __init__(self, *, param: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.param = param

    def starts(self, context: Context) -> list[Start]:
        """The run; always the same one of the run that this is in."""
        key = getattr(context["dag_run"], "partition_key", None)
        if key is None:
            return []
        run_id = f"asset-{_fit(key)}-{_short(context['run_id'])}"
        return [Start(run_id, as_params({self.param: key}, self.declared), f"{self.param} {key}")]


class StartLaunchedOperator(BaseOperator):
    """Starts a run for each file in a folder that asks for one, and says beside the others why they start nothing.

    :param spec: the pipeline.
    :param prefix: ``s3://bucket/prefix/`` of the files.
    :param conn_id: connection of type ``platerunner``.
    """

    def __init__(self, *, spec: Pipeline, prefix: str, conn_id: str = CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spec = spec
        self.prefix = prefix
        self.conn_id = conn_id

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002
        """Look at what is new, and start the runs; their ids.

        :raises AirflowSkipException: if there is nothing new.
        :raises AirflowException: if some could not be started.
        """
        # A DAG file starts no run, and this is slow to import.
        from platerunner.operators.launch_task import LaunchTask

        return LaunchTask(self.spec, self.prefix, self.conn_id, self.log).start_new()


def check_started(pipeline: str, asked: int, refused: Mapping[str, str]) -> None:
    """:raises AirflowException: if runs were not started.

    :param asked: how many should have been.
    :param refused: run id to what was said against it.
    """
    if refused:
        told = "; ".join(f"{run_id}: {said}" for run_id, said in list(refused.items())[:5])
        raise AirflowException(
            f"{len(refused)} of {asked} runs of {pipeline} were not started: {told}. Clear this task when that is "
            "fixed; what was started is not started twice."
        )


def start_of(payload: Mapping[str, Any], declared: Mapping[str, Mapping[str, Any]]) -> Start:
    """The run that an upload starts: the same one, however often its message comes.

    :param payload: of :class:`~platerunner.triggers.uploads.UploadsTrigger`.
    :param declared: the pipeline's params.
    """
    values = payload["values"]
    run_id = f"upload-{_fit('-'.join(map(str, values.values())))}-{_short(str(payload['message']))}"
    return Start(run_id, as_params(values, declared), f"{payload['files']} files, {payload['last']}")


def _fit(name: str) -> str:
    return _UNFIT.sub("_", name)[:LONGEST]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def start_run(pipeline: str, start: Start) -> str:
    """Start a run, unless there is one with this id; what was said against it, empty if nothing was.

    :param pipeline: id of its DAG.
    """
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse, TriggerDagRun  # slow, and no DAG file needs it
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    try:
        answer = SUPERVISOR_COMMS.send(
            TriggerDagRun(dag_id=pipeline, run_id=start.run_id, conf=dict(start.params), note=start.why)
        )
    except AirflowRuntimeError as error:
        answer = error.error
    if not isinstance(answer, ErrorResponse) or answer.error == ErrorType.DAGRUN_ALREADY_EXISTS:
        return ""
    return f"{answer.error.value}: {answer.detail}"


def _payloads(context: Context) -> Iterable[Mapping[str, Any]]:
    events = context.get("triggering_asset_events") or {}
    for asset in events:
        for event in events[asset]:
            if isinstance(payload := (event.extra or {}).get("payload"), dict):
                yield payload
