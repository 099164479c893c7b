"""What pages show of a step of a run: the counts that it ended with, and what AWS Batch says of its jobs that wait."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.keys import blocked_key, result_key
from platerunner_unit.contract.storage import NotFoundError, Storage

RESULT = Kind("a result of a step", numbered=False, remedy="delete it; it tells counts, and nothing depends on it")


def save_result(workspace: Storage, run_id: str, step: str, counts: Mapping[str, Any], branch: str = "") -> None:
    """Keep what a step ended with.

    :param counts: of :meth:`platerunner.engine.steps.digest.StepResult.to_json`.
    :param branch: key of the branch whose step it is; empty if there are none.
    """
    workspace.put(result_key(run_id, step, branch), encode(RESULT, counts, indent=1))


def load_result(workspace: Storage, run_id: str, step: str, branch: str = "") -> Mapping[str, Any] | None:
    """What a step ended with; None if it never ended.

    :param branch: as for :func:`save_result`.
    """
    try:
        counts: Mapping[str, Any] = read(RESULT, workspace, result_key(run_id, step, branch))[1]
    except NotFoundError:
        return None
    return counts


BLOCKED = Kind("a record of what AWS Batch says of its jobs", numbered=False, remedy="delete it; it is written anew")


def write_blocked(storage: Callable[[str], Storage], url: str, reasons: Sequence[str]) -> None:
    """Keep the present reasons, for the trigger that waits; earlier ones stay.

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
