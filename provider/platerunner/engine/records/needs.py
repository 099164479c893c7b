"""What units of a step were found to need, kept across runs: who ran out of memory once asks for enough at once."""

import json
from collections.abc import Mapping
from typing import Any

from platerunner_unit.contract.outcome import needs_key
from platerunner_unit.contract.storage import NotFoundError, Storage

Needs = dict[str, dict[str, Any]]


def load_needs(workspace: Storage, step: str, branch: str = "") -> Needs:
    """Unit id to what its last attempt was given beyond the step's resources.

    :param branch: key of the branch whose step it is; empty if there are none.
    """
    try:
        needs: Needs = json.loads(workspace.get(needs_key(step, branch)))
    except NotFoundError:
        return {}
    return needs


def save_needs(workspace: Storage, step: str, needs: Mapping[str, Mapping[str, Any]], branch: str = "") -> None:
    """Add to what is kept; nothing is written if there is nothing new.

    :param needs: unit id to what it needs, as in a step's state.
    :param branch: as for :func:`load_needs`.
    """
    kept = load_needs(workspace, step, branch)
    merged = {**kept, **needs}
    if merged != kept:
        workspace.put(needs_key(step, branch), json.dumps(merged, indent=1, sort_keys=True).encode())
