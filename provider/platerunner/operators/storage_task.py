"""What the tasks around a run's file system do while they run."""

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import Context

from platerunner.engine.file_systems.life import RunStorage
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.operators.common import plain_errors, run_context
from platerunner.operators.parking import park
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline

if TYPE_CHECKING:
    from platerunner.operators.storage import StorageOperator


def look(operator: "StorageOperator", context: Context) -> None:
    """Make it or delete it, as far as that goes now.

    :param context: Airflow's.
    """
    spec, hook = operator.spec, PlaterunnerHook(operator.conn_id)
    with plain_errors():
        pipeline = spec if isinstance(spec, Pipeline) else load_pipeline(Path(spec))
        storage = RunStorage(hook, pipeline, run_context(pipeline, hook, context))
        pause = storage.tear_down() if operator.end else storage.set_up()
    if pause is not None:
        park(operator, pause)
