"""What every rule about patterns needs."""

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft, readable
from platerunner_unit.contract.patterns import Pattern, PatternError


def check_pattern(draft: Draft, keys: Keys, text: str, *, globs: bool) -> None:
    """Note what is wrong with a pattern.

    :param keys: where it stands.
    :param globs: whether ``*`` may be in it.
    """
    try:
        pattern = readable(text) or Pattern.parse(text)
    except PatternError as error:
        at = draft.source.inside(keys, error.column - 1)
        draft.source.add(at, f"`{_short(text)}`: {error.message}", _REMEDY, "bad-pattern")
        return
    if pattern.has_glob and not globs:
        star = next(token.column for token in pattern.tokens if token.kind == "glob")
        message = f"`{_short(text)}` has a `*`, but the names of outputs must be known beforehand"
        remedy = "Write a wildcard like `{tile}` and give its `range`, or `at_least`."
        draft.source.add(draft.source.inside(keys, star - 1), message, remedy, "bad-pattern")


_REMEDY = "Write a relative path with wildcards, like `{plate}/{well}_s{site:int}.tif`."


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def braced(names: object) -> str:
    """Wildcards for people: `{plate}`, `{well}`."""
    return ", ".join(f"`{{{name}}}`" for name in names) if isinstance(names, (list, tuple, set, frozenset)) else ""
