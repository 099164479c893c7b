"""Reading a spec for a command, with its problems on stderr instead of a traceback."""

from pathlib import Path

from platerunner.cli.console import fail
from platerunner.spec.loader import load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import PlacedError, SpecError
from platerunner_unit.contract.storage import StorageError


def said_of(spec: Path, error: Exception) -> str:
    """An error of a spec, with the file in front unless the error names file and line itself, and what to do."""
    return hinted(str(error) if isinstance(error, PlacedError) and error.place else f"{spec}: {error}", error)


def hinted(said: str, error: Exception) -> str:
    """A sentence on an error, with what to do about it if a storage's answer tells that."""
    hint = error.failure.meaning.hint if isinstance(error, StorageError) else ""
    return f"{said}. {hint}" if hint else said


def load_or_fail(path: Path, *, look_into_files: bool = False) -> Pipeline:
    """The pipeline of a spec; ends the command with every problem of the file if it has any.

    :param path: the YAML file.
    :param look_into_files: as for :func:`platerunner.spec.loader.load_pipeline`.
    """
    try:
        return load_pipeline(path, look_into_files=look_into_files)
    except SpecError as error:
        fail(str(error))
