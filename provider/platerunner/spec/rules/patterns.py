"""Patterns: what every rule about them needs, and where one piece ends and the next begins."""

import re
from collections.abc import Iterator

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft, readable
from platerunner_unit.contract.patterns import Pattern, PatternError, Token
from platerunner_unit.contract.patterns.text import MISSING_PART
from platerunner_unit.contract.patterns.wildcard_types import Type, type_of
from platerunner_unit.contract.words import shorten


def check_pattern(draft: Draft, keys: Keys, text: str, *, globs: bool) -> None:
    """Note what is wrong with a pattern.

    :param keys: where it stands.
    :param globs: whether ``*`` may be in it.
    """
    plain = _OURS.sub(lambda found: found[0].replace("?", "_"), text)
    for expression, message, remedy in _FOREIGN:
        if found := expression.search(plain):
            at = draft.source.inside(keys, found.start())
            draft.source.add(at, f"`{shorten(text)}`: {message.format(found[0])}", remedy, "bad-pattern")
            return
    try:
        pattern = readable(text) or Pattern.parse(text)
    except PatternError as error:
        at = draft.source.inside(keys, error.column - 1)
        draft.source.add(at, f"`{shorten(text)}`: {error.message}", _REMEDY, "bad-pattern")
        return
    if pattern.has_glob and not globs:
        star = next(token for token in pattern.tokens if token.kind in ("glob", "optional"))
        message = f"`{shorten(text)}` has a `{star.text}`, but the names of outputs must be known beforehand"
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


def braced(names: object) -> str:
    """Wildcards for people: `{plate}`, `{well}`."""
    return ", ".join(f"`{{{name}}}`" for name in names) if isinstance(names, (list, tuple, set, frozenset)) else ""


_GLOB = "*"
# What follows a piece directly and may begin with a character that the piece may end with. A well ends after its
# column, and `**/` with a slash.
_RUNS_INTO = {
    "digits": frozenset({"digits", "text", "word", "hex", _GLOB}),
    "hex": frozenset({"digits", "alpha", "text", "word", "hex", _GLOB}),
    **dict.fromkeys(("text", "word", "alpha"), frozenset({"text", "word", "alpha", "hex", _GLOB})),
    _GLOB: frozenset({"digits", "text", "word", "alpha", "hex"}),
}


def check_apart(draft: Draft, keys: Keys, pattern: Pattern, complete: frozenset[str] = frozenset()) -> None:
    """Note neighbours without anything between them if a name does not show where the first ends.

    :param keys: where the pattern stands.
    :param complete: wildcards whose every combination must exist, so that a wrong cut would be noticed.
    """
    for first, second in unclear(pattern):
        at = draft.source.inside(keys, second.column - 1)
        message = f"a name does not say where {_shown(pattern, first)} ends and {_shown(pattern, second)} begins"
        if (first.kind == "wildcard" and pattern.types[first.text] == "digits") and _kind(pattern, second) in {
            "text",
            "word",
        }:
            if not {first.text, second.text} <= complete:
                text = (
                    f"{_shown(pattern, first)} takes all digits, also those that {_shown(pattern, second)} begins with"
                )
                remedy = f"{_remedy(pattern, first, second)} Ignore this if it never begins with one."
                draft.source.warn(at, text, remedy, "ambiguous")
            continue
        draft.source.add(at, message, _remedy(pattern, first, second), "ambiguous")
        return  # the next pair often shares a piece with this one


def unclear(pattern: Pattern) -> Iterator[tuple[Token, Token]]:
    """Pairs of pieces with nothing or only fixed widths between, where a name does not show the end of the first."""
    tokens = pattern.tokens
    for index, first in enumerate(tokens):
        last = first if _is_open(pattern, first) else None
        for second in tokens[index + 1 :]:
            # Digits of the pattern itself may belong to a number before them; other text shows where a piece ends.
            is_text = second.kind == "literal" and _kind(pattern, first) != "digits"
            if last is None or is_text or not _run(pattern, last, second):
                break
            if _is_open(pattern, second):
                yield first, second
                break
            last = second


def _run(pattern: Pattern, one: Token, other: Token) -> bool:
    """Whether a piece may end with what the next may begin with."""
    kinds = _kind(pattern, one), _kind(pattern, other)
    return kinds[1] in _RUNS_INTO.get(kinds[0], ())


def _type(pattern: Pattern, token: Token) -> Type | None:
    if token.kind == "wildcard":
        return type_of(pattern.types[token.text])
    return type_of(token.text[2:-1]) if token.kind == "glob" and token.text.startswith("{") else None


def _is_open(pattern: Pattern, token: Token) -> bool:
    type_ = _type(pattern, token)
    return type_.is_open if type_ else token.text == _GLOB


def _kind(pattern: Pattern, token: Token) -> str:
    """What its characters are."""
    if token.kind == "literal":
        return "digits" if token.text.isdigit() else ""
    type_ = _type(pattern, token)
    return type_.kind if type_ else token.text


def _remedy(pattern: Pattern, first: Token, second: Token) -> str:
    """What to do; a width that it proposes was tried."""
    ways = ["Write what stands between them, such as `_`"]
    if sized := next(_with_width(pattern, first, second), None):
        ways.append(f"give one a width, like `{sized}`")
    if {_kind(pattern, first), _kind(pattern, second)} & {"text", "word"} and _kind(pattern, first) == "digits":
        ways.append("give the second a type that begins with a letter, such as `{channel:alpha}`")
    return f"{', '.join(ways)}, or make one wildcard of the two, such as `{{site_id}}`."


def _with_width(pattern: Pattern, first: Token, second: Token) -> Iterator[str]:
    """One of the two pieces with a width, with which the other is clear."""
    for one in (second, first):
        width = 36 if "guid" in one.text.lower() or one.text == _GLOB else 3
        text = f"{{{'' if one.text == _GLOB else one.text}:{width}}}"
        whole = "".join(text if each is one else _source(pattern, each) for each in pattern.tokens)
        try:
            left = {each.text for pair in unclear(Pattern.parse(whole)) for each in pair}
        except PatternError:
            continue
        if left.isdisjoint((first.text, second.text, text)):
            yield text


def _source(pattern: Pattern, token: Token) -> str:
    return Pattern((token,), {name: pattern.types[name] for name in _names(token)}).text


def _names(token: Token) -> Iterator[str]:
    for each in (token, *token.parts):
        if each.kind == "wildcard":
            yield each.text


def _shown(pattern: Pattern, token: Token) -> str:
    return f"`{_source(pattern, token)}`"
