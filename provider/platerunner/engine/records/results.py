"""The counts that a step of a run ended with, kept for people and pages that look at the run."""

from collections.abc import Mapping
from typing import Any

from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.keys import result_key
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
