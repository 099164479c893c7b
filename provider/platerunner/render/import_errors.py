"""Import errors of files that Airflow does not read itself.

Airflow files an import error under the DAG file that raised it, and takes all DAGs of that file for broken. A spec is
read by a DAG file that serves other specs too, so its errors go into the running import's result under the spec's own
name: the UI, the API and ``airflow dags list-import-errors`` show them like any other, and the other specs load.
"""

import inspect
import logging
from types import FrameType

from airflow.dag_processing.importers import DagImportError, DagImportResult

log = logging.getLogger(__name__)


def report(name: str, message: str) -> None:
    """Make a spec's errors an import error of its own; outside of a DAG import they go to the log alone.

    :param name: of the spec, e.g. ``dag_specs/demo.yaml``.
    :param message: for the person who wrote it, with lines and remedies.
    """
    result = _running_import(inspect.currentframe())
    if result is None:
        log.error("%s: %s", name, message)
        return
    result.errors.append(DagImportError(file_path=name, message=message, error_type="spec", stacktrace=message))


def _running_import(frame: FrameType | None) -> DagImportResult | None:
    # The importer hands its result to nobody else, so look for it where it is: up the stack, in Airflow's importer.
    while frame is not None:
        if isinstance(result := frame.f_locals.get("result"), DagImportResult):
            return result
        frame = frame.f_back
    return None
