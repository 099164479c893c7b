"""What units of a step were found to need: a unit that ran out of memory asks for enough in later runs."""

from collections.abc import Mapping

from platerunner.batch.model import Ask
from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.keys import needs_key
from platerunner_unit.contract.storage import NotFoundError, Storage

NEEDS = Kind("a record of what units need", numbered=False, remedy="delete it; units ask for what the step says again")


def load_needs(workspace: Storage, step: str, branch: str = "") -> dict[str, Ask]:
    """Unit id to what its last attempt was given beyond the step's resources.

    :param branch: key of the branch whose step it is; empty if there are none.
    """
    try:
        _, needs = read(NEEDS, workspace, needs_key(step, branch))
    except NotFoundError:
        return {}
    return {unit: Ask.from_json(raw) for unit, raw in needs.items()}


def save_needs(workspace: Storage, step: str, needs: Mapping[str, Ask], branch: str = "") -> None:
    """Add to what is kept; nothing is written if there is nothing new.

    :param needs: unit id to what it needs, as in a step's state.
    :param branch: as for :func:`load_needs`.
    """
    kept = load_needs(workspace, step, branch)
    merged = {**kept, **needs}
    if merged != kept:
        workspace.put(
            needs_key(step, branch),
            encode(NEEDS, {unit: need.to_json() for unit, need in merged.items()}, indent=1, sort=True),
        )
