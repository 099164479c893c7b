"""Conditional writes to a storage: of several writers at once, one succeeds, and the others learn that they lost."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

import obstore

from platerunner_unit.contract.stores.errors import StorageError
from platerunner_unit.contract.transfer import Answer

if TYPE_CHECKING:
    from pathlib import Path

    from platerunner_unit.contract.storage import Storage

UNIMPLEMENTED = 501
"""HTTP status with which a store refuses a header that it does not know."""
NO_CONDITIONS = (
    "the store does not know conditional writes (If-None-Match, If-Match), by which runs take turns, so it cannot be a"
    " workspace: take a bucket on Amazon S3, a newer version of the store, or a folder"
)
QUICKER = (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError)
"""Somebody else has written the object."""


def put_in_turn(storage: Storage, key: str, data: bytes, etag: Optional[str]) -> Optional[Any]:
    """Write an object if nobody has written it since it was read.

    :param etag: as it was read; None if there was none.
    :returns: what obstore tells of the object that it wrote; None if somebody else was quicker.
    :raises StorageError: if the store does not know conditional writes, as some that are not Amazon's do not.
    """
    if storage.local is not None:
        return _put_locked(storage, storage.path(key), key, data, etag)
    mode: Any = "create" if etag is None else {"e_tag": f'"{etag}"'}
    try:
        return obstore.put(storage.writer(), key, data, mode=mode)
    except QUICKER:
        return None
    except obstore.exceptions.BaseError as error:
        if Answer.of(str(error)).status == UNIMPLEMENTED:
            raise StorageError(f"{storage.url_of(key)}: {NO_CONDITIONS}") from error
        raise


def _put_locked(storage: Storage, path: Path, key: str, data: bytes, etag: Optional[str]) -> Optional[Any]:
    """Write in a folder: all processes that write there are on this machine."""
    import fcntl  # Windows has none, and no run there

    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        now = storage.head(key).etag if path.exists() else None
        return obstore.put(storage.writer(), key, data) if now == etag else None
    finally:
        os.close(folder)
