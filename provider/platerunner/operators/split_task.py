"""What the task that finds the branches does while it runs."""

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.configuration import conf
from airflow.sdk import Context

from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.steps.branching import start_branches
from platerunner.engine.steps.endings import AwaitFiles
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.operators.common import plain_errors, run_context
from platerunner.operators.parking import park
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline

if TYPE_CHECKING:
    from platerunner.operators.split import SplitOperator

MAX_BRANCHES = 1024
"""What Airflow's ``max_map_length`` is if nobody sets it."""


class SplitTask:
    """One stay of the task on a worker.

    :param operator: the task.
    """

    def __init__(self, operator: "SplitOperator") -> None:
        self._operator = operator
        self._log = operator.log

    def branches(self, context: Context) -> list[str]:
        """The values, as text, in the order of the branches; parks while there are no files that may still arrive.

        :param context: Airflow's.
        """
        spec, hook = self._operator.spec, PlaterunnerHook(self._operator.conn_id)
        with plain_errors():
            pipeline = spec if isinstance(spec, Pipeline) else load_pipeline(Path(spec))
            run = run_context(pipeline, hook, context)
            data, workspace = hook.storage(data_root(pipeline, run)), hook.storage(workspace_url(pipeline, run))
            most = conf.getint("core", "max_map_length", fallback=MAX_BRANCHES)
            found = start_branches(pipeline, run, data, workspace, self._log, most)
            if isinstance(found, AwaitFiles):
                park(self._operator, found.seconds)
        return [branch.value for branch in found]
