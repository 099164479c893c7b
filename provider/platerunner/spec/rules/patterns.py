"""What every rule about patterns needs."""

import re

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft, readable
from platerunner_unit.contract.pattern_text import MISSING_PART
from platerunner_unit.contract.patterns import Pattern, PatternError


def check_pattern(draft: Draft, keys: Keys, text: str, *, globs: bool) -> None:
    """Note what is wrong with a pattern.

    :param keys: where it stands.
    :param globs: whether ``*`` may be in it.
    """
    plain = _OURS.sub(lambda found: found[0].replace("?", "_"), text)
    for expression, message, remedy in _FOREIGN:
        if found := expression.search(plain):
            at = draft.source.inside(keys, found.start())
            draft.source.add(at, f"`{_short(text)}`: {message.format(found[0])}", remedy, "bad-pattern")
            return
    try:
        pattern = readable(text) or Pattern.parse(text)
    except PatternError as error:
        at = draft.source.inside(keys, error.column - 1)
        draft.source.add(at, f"`{_short(text)}`: {error.message}", _REMEDY, "bad-pattern")
        return
    if pattern.has_glob and not globs:
        star = next(token for token in pattern.tokens if token.kind in ("glob", "optional"))
        message = f"`{_short(text)}` has a `{star.text}`, but the names of outputs must be known beforehand"
        remedy = "Write a wildcard like `{tile}` and give its `range`, or `at_least`."
        draft.source.add(draft.source.inside(keys, star.column - 1), message, remedy, "bad-pattern")


_OURS = re.compile(rf"{MISSING_PART}|\{{\?\}}")
"""Where a question mark has its meaning: behind a part that may be missing, and as itself."""

_FOREIGN = (
    (re.compile(r"\(\?|\\[dDwWsSb.](?=[+*?{)\]]|$)|\.[*+]|\[[^\[\]/]*\][+?*{]"),
     "`{}` is part of a regular expression, and a pattern is none",
     "Write wildcards in braces, like `{plate}/{well}_s{site:int}.tif`; a dot is a dot."),
    (re.compile(r"\\"),
     "`{}` stands between no folders here",
     "Write `/` between folders, on Windows too."),
    (re.compile(r"\[!?[A-Za-z0-9]-[A-Za-z0-9][^\[\]/]*\]|\[![^\[\]/]+\]"),
     "`{}` is taken as it is written, not as a choice of characters",
     "Write a wildcard for the part that differs, like `{site:int}`, and choose with `where`."),
    (re.compile(r"\)\?"),
     "`{}` ends no part that may be missing",
     "Within `( )?` write text and wildcards, like `(_s{site:int=1})?`: no `/`, no `*`, no brackets."),
    (re.compile(r"\?"),
     "`{}` is taken as it is written, not as any character",
     "Write a wildcard like `{site:int}`, or `*`; a question mark itself is `{?}`."),
    (re.compile(r"^~[^/]*/"),
     "`{}` is no home folder here, but a folder of this name",
     "Write a path relative to the root."),
    (re.compile(r"<\w+>|\$\w+|%\w+%"),
     "`{}` is taken as it is written, not as a wildcard",
     "Write a wildcard in braces, like `{well}`."),
    (re.compile(r"(?:^|(?<=/))[ \t]+|[ \t\n]+(?:$|(?=/))"),
     "a blank stands at the start or the end of a name",
     "Delete it."),
)  # fmt: skip
"""What other languages write, with what is wrong and what to do; `*` matches the rare names that hold it."""

_REMEDY = "Write a relative path with wildcards, like `{plate}/{well}_s{site:int}.tif`."


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def braced(names: object) -> str:
    """Wildcards for people: `{plate}`, `{well}`."""
    return ", ".join(f"`{{{name}}}`" for name in names) if isinstance(names, (list, tuple, set, frozenset)) else ""
