"""The file system of each run: what it is asked for, and sizes that AWS has."""

import math

from platerunner.catalog.quantities import QuantityError, size
from platerunner.spec.draft import Draft

LEAST = "1.2 TiB"
"""What FSx for Lustre has at least. It comes in 1.2 TiB, 2.4 TiB and multiples of that, and
AWS counts 1.2 TiB as 1,200 GiB.

Source: https://docs.aws.amazon.com/fsx/latest/APIReference/API_CreateFileSystem.html
"""
_STEP_GIB = 1200


def capacity_of(text: str) -> int:
    """GiB as AWS counts them.

    :param text: a size, like ``2.4 TiB``.
    :raises QuantityError: if AWS has no such size; the remedy names the next larger one.
    """
    asked = size(text)
    whole = max(1, math.ceil(asked / size(LEAST) - 0.001))
    whole += whole > 1 and whole % 2
    if asked != size(f"{_STEP_GIB * whole} GiB") and abs(asked - size(LEAST) * whole) > whole:
        raise QuantityError(
            f"FSx for Lustre has no {text}", f"Write `{whole * 1.2:g} TiB`, which is the next larger size."
        )
    return whole * _STEP_GIB


def check_fast_storage(draft: Draft) -> None:
    """Note what is missing, what has no effect, and a size that AWS does not have."""
    storage = draft.data.get("storage")
    if not isinstance(storage, dict) or draft.is_doubtful("storage"):
        return
    kind = storage["kind"]
    if kind != "none" and "data" not in storage:
        remedy = 'Write which files come through it, such as `data: "{{ data_root }}"`.'
        draft.source.at_key(("storage",), f"`storage` of the kind {kind} says no `data`", remedy, "idle-storage")
    if kind != "fsx" and "size" in storage:
        why = "an EFS grows by itself" if kind == "efs" else "there is no file system"
        draft.source.at_key(("storage", "size"), f"`size` has no effect: {why}", "Delete it.", "idle-storage")
    try:
        if kind == "fsx" and "size" in storage:
            capacity_of(storage["size"])
    except QuantityError as error:
        draft.source.at_value(("storage", "size"), error.message, error.remedy, "no-such-size")
