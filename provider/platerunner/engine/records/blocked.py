"""What AWS Batch says of a step's jobs that wait: written by the trigger that waits for them, read by pages."""

from collections.abc import Callable, Sequence

from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.keys import blocked_key
from platerunner_unit.contract.storage import NotFoundError, Storage

BLOCKED = Kind("a record of what AWS Batch says of its jobs", numbered=False, remedy="delete it; it is written anew")


def write_blocked(storage: Callable[[str], Storage], url: str, reasons: Sequence[str]) -> None:
    """Keep what is said now; nothing takes away what was said before.

    :param storage: makes the storage of a URL.
    :param url: of the file.
    """
    folder, _, name = url.rpartition("/")
    storage(folder).put(name, encode(BLOCKED, list(reasons)))


def read_blocked(workspace: Storage, run_id: str, step: str, branch: str = "") -> tuple[str, ...]:
    """What was said last; nothing if nothing ever was."""
    try:
        return tuple(read(BLOCKED, workspace, blocked_key(run_id, step, branch))[1])
    except NotFoundError:
        return ()
