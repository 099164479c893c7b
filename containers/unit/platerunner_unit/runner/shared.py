"""Inputs through the file system of the run: linked where they are, and left there for other jobs on EFS."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from uuid import uuid4

from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.mounted import Mounted
from platerunner_unit.contract.storage import Storage
from platerunner_unit.runner.stage import download


def fetch(mounted: Mounted, storage: Storage, file: InputFile, target: Path) -> None:
    """Link an input from the file system, if it is there as planned; else fetch it from S3.

    :raises platerunner_unit.runner.stage.StagingError: if it is not in S3 as planned.
    """
    shared = mounted.path_of(storage.url_of(file.key), file.etag) if file.etag else None
    if shared is None:
        return download(storage, file, target)
    if not _is_there(shared, file):
        if mounted.kind == "fsx":  # it came after the bucket was linked, or is another one by now
            return download(storage, file, target)
        _leave(partial(download, storage, file), shared)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    target.symlink_to(shared)
    return None


def _is_there(path: Path, file: InputFile) -> bool:
    try:
        return path.stat().st_size == file.size
    except FileNotFoundError:
        return False


def _leave(fetch_to: partial[None], shared: Path) -> None:
    """Fetch a file so that others see it whole or not at all; two jobs that do so at once leave the same."""
    part = shared.with_name(f"{shared.name}.{uuid4().hex}")
    try:
        fetch_to(part)
        part.replace(shared)
    finally:
        part.unlink(missing_ok=True)
