"""One look at the files that ask for launches, as an Airflow task: starts runs, reports refusals, records both."""

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from platerunner.engine.launches.intake import Intake, Taken, Untaken
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.settings import workspace_url
from platerunner.engine.records.codec import RecordError
from platerunner.engine.records.launches import RUN, Launch, Launches, LaunchState, Refused
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.notifications.sending import send
from platerunner.notifications.texts import of_rejected
from platerunner.operators.common import plain_errors
from platerunner.operators.start_runs import Start, check_started, start_run
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.storage import StorageError


class LaunchTask:
    """The task on a worker.

    :param prefix: ``s3://bucket/prefix/`` of the files.
    :param conn_id: connection of type ``platerunner``.
    :param log: Airflow's.
    """

    def __init__(self, pipeline: Pipeline, prefix: str, conn_id: str, log: Any) -> None:
        self._pipeline = pipeline
        self._prefix = prefix
        self._hook = PlaterunnerHook(conn_id)
        self._log = log

    def start_new(self) -> list[str]:
        """Take in the new files; the ids of the runs that they start.

        :raises AirflowSkipException: if there is nothing new.
        :raises airflow.sdk.exceptions.AirflowException: if some could not be started; the next look tries them again.
        """
        with plain_errors():
            roots = self._hook.settings.roots()
            context = RunContext({}, roots["data_root"], roots["workspace_root"])
            workspace = self._hook.storage(workspace_url(self._pipeline, context))
            intake = Intake(self._pipeline, self._hook.storage(self._prefix), workspace, self._hook.settings.queues)
            said = dict(self._try_to_do(taken, intake, Launches(workspace)) for taken in intake.look())
        if not said:
            raise AirflowSkipException(f"there is no new file in {self._prefix}")
        hindered = {name: text for name, text in said.items() if text}
        runs = [name for name in said if name.startswith(RUN)]
        check_started(self._pipeline.name, len({*runs, *hindered}), hindered)
        return runs

    def _try_to_do(self, taken: Taken | Untaken, intake: Intake, launches: Launches) -> tuple[str, str]:
        """The run, or the file that starts none, and what hinders it; one that is hindered holds up no other."""
        if isinstance(taken, Untaken):
            return taken.url, taken.why
        name = taken.what.run if isinstance(taken.what, Launch) else taken.what.file
        try:
            return name, self._do(taken, intake, launches)
        except (StorageError, RecordError) as error:
            return name, str(error)

    def _do(self, taken: Taken, intake: Intake, launches: Launches) -> str:
        """Start the run, or tell the refusal; what was said against starting it, empty if nothing was."""
        said = ""
        if isinstance(taken.what, Refused):
            self._tell(taken.what)
        elif said := self._start(taken.what, launches):
            return said
        intake.settle(taken)
        return said

    def _start(self, launch: Launch, launches: Launches) -> str:
        if said := start_run(self._pipeline.name, Start(launch.run, launch.params, launch.file)):
            launches.note(launch.id, LaunchState.RECEIVED, cause=said)
            return said
        self._log.info("%s asks for %s", launch.file, launch.run)
        launches.note(launch.id, LaunchState.READY)
        return ""

    def _tell(self, refused: Refused) -> None:
        self._log.warning("%s: %s", refused.file, refused.sentence)
        for message in self._pipeline.notify.get("on_rejected", ()):
            send(message.kind, message.options, of_rejected(self._pipeline, refused))
