"""Which patterns may have a key in common, so that a file could be written twice, or read by a stranger."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from platerunner.spec.file_patterns import pattern_of
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.patterns.wildcard_types import type_of


def may_meet(one: Pattern, other: Pattern) -> bool:
    """Whether two patterns may have a key in common; False only if they certainly have none."""
    if "**" in one.text or "**" in other.text:
        return True
    parts = one.text.split("/"), other.text.split("/")
    return len(parts[0]) == len(parts[1]) and all(map(_may_be_same, *parts))


def likely_meet(one: Pattern, other: Pattern) -> bool:
    """Whether two patterns have a key in common for values that people give.

    Two wildcards meet only where the same text stands around them: `{plate}_Illum{channel}` and `{plate}_Corr{channel}`
    have keys in common as well, but of plates that nobody has.
    """
    parts = one.text.split("/"), other.text.split("/")
    if len(parts[0]) != len(parts[1]) or any(map(_certainly_differ, *parts)):  # nearly all, and without parsing
        return False
    if "**" in one.text or "**" in other.text:
        return False
    pairs = [(_part(one, a), _part(other, b)) for a, b in zip(*parts, strict=True)]
    return all(_likely_same(a, b) for a, b in pairs)


def _certainly_differ(one: str, other: str) -> bool:
    return one != other and not any(mark in text for text in (one, other) for mark in "{*")


def _shape(pattern: Pattern) -> str:
    """A pattern without the names of its wildcards."""
    return "".join(token.text if token.kind == "literal" else "{}" for token in pattern.tokens)


def _part(whole: Pattern, text: str) -> Pattern:
    part = Pattern.parse(text)
    return Pattern(part.tokens, {name: whole.types[name] for name in part.wildcards})


def _likely_same(one: Pattern, other: Pattern) -> bool:
    for fixed, open_ in ((one, other), (other, one)):
        if not fixed.wildcards and not fixed.has_glob:
            return open_.match(fixed.text) is not None
    if _shape(one) != _shape(other):
        return False
    named = zip(one.tokens, other.tokens, strict=True)
    pairs = [(one.types[a.text], other.types[b.text]) for a, b in named if a.kind == b.kind == "wildcard"]
    return all(_compatible(*pair) for pair in pairs)


def _compatible(one: str, other: str) -> bool:
    """Whether a value may have both types."""
    kinds = [type_of(type_).kind for type_ in (one, other)]
    return kinds[0] == kinds[1] or not _NARROW.issuperset(kinds)


_NARROW = frozenset({"digits", "alpha", "well"})
"""Types of which no value can have two; text, words, hex digits and choices may be any of them."""


def typed(pattern: Pattern, types: Mapping[str, str]) -> Pattern:
    """The pattern with what is known of its values.

    :param types: of :func:`known_types`.
    """
    return Pattern(pattern.tokens, {name: types.get(name, "text") for name in pattern.wildcards})


def known_types(pipeline: Pipeline) -> dict[str, str]:
    """Wildcard to the type that its values have in all steps; those that a tool, a range or a matrix may give lack."""
    types: dict[str, str] = {}
    for files in pipeline.dataset.files.values():
        for name, type_ in pattern_of(files).types.items():
            types[name] = type_ if types.get(name, type_) == type_ and name not in files.rename else "text"
    free = set(_from_elsewhere(pipeline))
    return {name: type_ for name, type_ in types.items() if name not in free}


def _from_elsewhere(pipeline: Pipeline) -> Iterator[str]:
    for step in pipeline.modules:
        for output in step.outputs.values():
            yield from (*output.ranges, *output.named)
            if output.at_least is not None:
                yield from set(Pattern.parse(output.pattern).wildcards) - set(step.foreach)
        for ref in step.inputs.values():
            yield from (name for member in ref.members for name, _ in member.values)


@lru_cache(maxsize=1 << 14)
def _may_be_same(one: str, other: str) -> bool:
    """Whether two folders or names may be the same."""
    a, b = Pattern.parse(one), Pattern.parse(other)
    for fixed, open_ in ((a, b), (b, a)):
        if [token.kind for token in fixed.tokens] == ["literal"]:
            return open_.match(fixed.tokens[0].text) is not None
    return all(x.startswith(y) or y.startswith(x) for x, y in zip(_ends(a), _ends(b), strict=True))


def _ends(part: Pattern) -> tuple[str, str]:
    """What a folder or name begins with, and what it ends with backwards, as far as it is known."""
    first, last = part.tokens[0], part.tokens[-1]
    return first.text if first.kind == "literal" else "", last.text[::-1] if last.kind == "literal" else ""
