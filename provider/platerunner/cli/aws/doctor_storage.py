"""The doctor's checks of where images come from and where results go."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

from platerunner.cli.aws.doctor_checks import Check, Finding, State
from platerunner_unit.contract.keys import probe_key
from platerunner_unit.contract.storage import Storage, StorageError

if TYPE_CHECKING:
    from platerunner.hooks.platerunner import PlaterunnerHook

CONTENT = b"platerunner doctor"


def _data(hook: "PlaterunnerHook") -> Iterator[Finding]:
    url = hook.settings.roots()["data_root"]
    try:
        storage = hook.storage(url)
        found = next(storage.list(), None)
    except (StorageError, OSError) as error:
        remedy = "correct `data_root` in the connection, or grant s3:ListBucket and s3:GetObject"
        yield Finding(State.FAIL, "data root", f"{error}: {remedy}.")
        return
    if storage.local is not None and not storage.local.is_dir():
        message = f"the folder {url} does not exist: make it, or correct `data_root` in the connection"
        yield Finding(State.FAIL, "data root", f"{message}.")
    else:
        yield Finding(State.OK, "data root", f"{url} can be listed{'' if found else '; it is empty'}.")


def _buckets(hook: "PlaterunnerHook") -> Iterator[Finding]:
    """Check that other people's buckets can be listed with the access that the connection gives."""
    for name, settings in hook.settings.buckets.items():
        how = settings.get("access", "with the lab's own credentials").replace("_", " ")
        try:
            hook.storage(f"s3://{name}").folders()
        except (StorageError, OSError) as error:
            remedy = f"correct `buckets.{name}` in the connection, or grant s3:ListBucket and s3:GetObject"
            yield Finding(State.FAIL, "buckets", f"{error}: {remedy}.")
        else:
            yield Finding(State.OK, "buckets", f"s3://{name} can be listed ({how}).")


def _workspace(hook: "PlaterunnerHook") -> Iterator[Finding]:
    url = hook.settings.roots()["workspace_root"]
    try:
        whole = _round_trip(hook.storage(url))
    except (StorageError, OSError) as error:
        remedy = "correct `workspace_root` in the connection, or grant s3:PutObject, s3:GetObject and s3:DeleteObject"
        yield Finding(State.FAIL, "workspace root", f"{error}: {remedy}.")
        return
    if whole:
        yield Finding(State.OK, "workspace root", f"{url} can be written, read and cleaned up.")
    else:
        yield Finding(State.FAIL, "workspace root", f"{url} gave back other bytes than were written: use another.")


def _round_trip(storage: Storage) -> bool:
    """Write an object, read it back, compare the two, and delete it."""
    key = probe_key(f"doctor-{uuid4().hex}")
    storage.put(key, CONTENT)
    try:
        return storage.get(key) == CONTENT
    finally:
        storage.delete(key)


CHECKS = (
    Check("data root", "s3:ListBucket", _data),
    Check("buckets", "s3:ListBucket", _buckets),
    Check("workspace root", "s3:PutObject", _workspace),
)
