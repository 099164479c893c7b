"""Import errors of specs, which Airflow does not read itself.

Airflow keeps one import error per DAG file, takes all DAGs of that file for broken, and at every refresh of a bundle
deletes errors that stand under any other name. So the errors of specs have a file of their own, without a DAG, beside
the one that loads them: `lab_broken_specs.py` for `lab_dags.py`. There they stay until they are mended; no DAG stops.

All that depends on the inside of Airflow is in this module. `docs/upstream-import-errors.md` proposes what would make
it needless.
"""

import inspect
import logging
from pathlib import Path
from types import FrameType

from airflow.dag_processing.importers import DagImportError, DagImportResult

log = logging.getLogger(__name__)


class BrokenSpecsError(Exception):
    """What is wrong with specs, where nobody collects it."""


def shown_beside(dag_file: str | None) -> bool:
    """Whether a file beside a DAG file shows what is wrong with its specs.

    :param dag_file: its ``__file__``; None if it has none.
    """
    if dag_file is None:
        return False
    path = Path(dag_file)
    return path.with_name(f"{path.stem.removesuffix('_dags')}_broken_specs.py").is_file()


def file_under(name: str, message: str) -> None:
    """Make something an import error under another name than the running DAG file's; Airflow shows it at times.

    Outside of the import of a DAG file it goes to the log alone.

    :param name: of the spec, e.g. ``dag_specs/demo.yaml``.
    :param message: for the person who wrote it, with lines and remedies.
    """
    result = _running_import(inspect.currentframe())
    if result is not None:
        result.errors.append(DagImportError(file_path=name, message=message, error_type="spec", stacktrace=message))


def file_here(message: str) -> None:
    """Make something the import error of the running DAG file, without a traceback, which would tell nobody anything.

    :raises BrokenSpecsError: outside of the import of a DAG file, or where Airflow keeps its result elsewhere: then the
        error is the file's all the same, below a traceback.
    """
    result = _running_import(inspect.currentframe())
    if result is None:
        raise BrokenSpecsError(message)
    file_under(result.file_path, message)


def _running_import(frame: FrameType | None) -> DagImportResult | None:
    # The importer hands its result to nobody else, so look for it where it is: up the stack, in Airflow's importer.
    while frame is not None:
        if isinstance(result := frame.f_locals.get("result"), DagImportResult):
            return result
        frame = frame.f_back
    return None
