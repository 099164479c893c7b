"""A step's own files (pipelines, plugins): hashed for the fingerprint, kept in the workspace under their digest."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from platerunner.engine.planning.model import StepSettings
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.manifest import ToolFile
from platerunner_unit.contract.storage import Storage

ToolFiles = Mapping[str, tuple[ToolFile, ...]]


def hash_files(settings: StepSettings) -> dict[str, tuple[ToolFile, ...]]:
    """The step's files by parameter, with the keys that they have or will have in the workspace.

    :param settings: of the step.
    """
    return {
        param: tuple(_tool_file(name, Path(path)) for name, path in members)
        for param, members in settings.files.items()
    }


def store_files(workspace: Storage, settings: StepSettings, files: Mapping[str, tuple[ToolFile, ...]]) -> None:
    """Put the files into the workspace that are not there yet.

    :param files: as :func:`hash_files` gives them.
    :raises platerunner_unit.contract.storage.AccessDeniedError: if the workspace cannot be written.
    """
    for param, members in files.items():
        for file, (_, path) in zip(members, settings.files[param], strict=True):
            if not workspace.exists(file.key):
                workspace.upload(Path(path), file.key, file.sha256)


def _tool_file(name: str, path: Path) -> ToolFile:
    stat = path.stat()
    sha256 = _sha256(path, stat.st_mtime_ns, stat.st_size)
    return ToolFile(f"{PREFIX}/files/{sha256}/{name}", name, sha256)


@lru_cache(maxsize=1024)
def _sha256(path: Path, _mtime_ns: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
