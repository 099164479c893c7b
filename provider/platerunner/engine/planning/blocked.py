"""What AWS Batch says of a step's jobs that wait: written by the trigger that waits for them, read by pages."""

import json
from collections.abc import Callable, Sequence

from platerunner_unit.contract.outcome import run_prefix
from platerunner_unit.contract.storage import NotFoundError, Storage


def blocked_key(run_id: str, step: str, branch: str = "") -> str:
    """Where it is kept, relative to the workspace."""
    return f"{run_prefix(run_id, step, branch)}blocked.json"


def write_blocked(storage: Callable[[str], Storage], url: str, reasons: Sequence[str]) -> None:
    """Keep what is said now; nothing takes away what was said before.

    :param storage: makes the storage of a URL.
    :param url: of the file.
    """
    folder, _, name = url.rpartition("/")
    storage(folder).put(name, json.dumps(list(reasons)).encode())


def read_blocked(workspace: Storage, run_id: str, step: str, branch: str = "") -> tuple[str, ...]:
    """What was said last; nothing if nothing ever was."""
    try:
        return tuple(json.loads(workspace.get(blocked_key(run_id, step, branch))))
    except NotFoundError:
        return ()
