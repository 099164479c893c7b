"""How both sides say that a list goes on."""

from __future__ import annotations


def and_more(count: int) -> str:
    """What follows the examples of a list, such as `` and 3 more``; nothing if all are named.

    :param count: how many are not named.
    """
    return f" and {count:,} more" if count > 0 else ""
