"""Reading a spec for a command, with its problems on stderr instead of a traceback."""

from pathlib import Path

from platerunner.cli.console import fail
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import PlacedError, SpecError


def said_of(spec: Path, error: Exception) -> str:
    """An error of a spec, with the file in front unless the error names file and line itself."""
    return str(error) if isinstance(error, PlacedError) and error.place else f"{spec}: {error}"


def load_or_fail(path: Path, *, look_into_files: bool = False) -> Pipeline:
    """The pipeline of a spec; ends the command with every problem of the file if it has any.

    :param path: the YAML file.
    :param look_into_files: as for :func:`platerunner.spec.loader.load_pipeline`.
    """
    try:
        return load_pipeline(path, look_into_files=look_into_files)
    except SpecError as error:
        fail(str(error))
