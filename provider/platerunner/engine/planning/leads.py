"""Where to look for the values that matter if names come before them that may be anything, as in ``{batch}/{plate}/``.

The folders above are looked up first: a batch has few of them, and a hundred plates below each that need no look.
"""

from collections.abc import Callable, Iterable

from platerunner_unit.contract.patterns import Pattern

MOST = 64
"""Folders above at most; with more of them, one LIST of all keys takes no longer."""


def prefixes_of(pattern: Pattern, filled: Pattern, folders: Callable[[str], Iterable[str]]) -> list[str]:
    """What the keys of a pattern with some wildcards filled in begin with; together they lose none.

    :param pattern: with all its wildcards.
    :param filled: the same with those that matter filled in.
    :param folders: looks up what lies directly in a folder.
    """
    prefix, leads = filled.literal_prefix, _leads(filled)
    differ = (level for level, (one, other) in enumerate(zip(_leads(pattern), leads, strict=False)) if one != other)
    free, own = prefix.count("/"), next(differ, 0)
    found = [prefix[: prefix.rfind("/") + 1]]
    for _ in range(free, own):
        found = [below for folder in found for below in folders(folder)]
        if len(found) > MOST:
            return [prefix]
    return [f"{folder}{leads[own]}" for folder in found] if own > free else [prefix]


def _leads(pattern: Pattern) -> list[str]:
    """What each name on a key's way begins with, with the slash after it if all of it is known.

    It ends at a part that may be several names, or none.
    """
    leads, known = [""], True
    for token in pattern.tokens:
        if token.kind == "optional" or token.text.startswith("**"):
            break
        if token.kind != "literal":
            known = False
            continue
        names = token.text.split("/")
        for number, name in enumerate(names):
            slash = "/" if number < len(names) - 1 else ""
            leads[-1] += f"{name}{slash}" if known else ""
            if slash:
                leads.append("")
                known = True
    return leads
