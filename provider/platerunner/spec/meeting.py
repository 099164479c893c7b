"""Which patterns may have a key in common, so that a file could be written twice, or read by a stranger."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from platerunner.spec.model import Pipeline
from platerunner_unit.contract.patterns import Pattern


def may_meet(one: Pattern, other: Pattern) -> bool:
    """Whether two patterns may have a key in common; False only if they certainly have none."""
    if "**" in one.text or "**" in other.text:
        return True
    parts = one.text.split("/"), other.text.split("/")
    return len(parts[0]) == len(parts[1]) and all(map(_may_be_same, *parts))


def typed(pattern: Pattern, types: Mapping[str, str]) -> Pattern:
    """The pattern with what is known of its values.

    :param types: of :func:`known_types`.
    """
    return Pattern(pattern.tokens, {name: types.get(name, "text") for name in pattern.wildcards})


def known_types(pipeline: Pipeline) -> dict[str, str]:
    """Wildcard to the type that its values have in all steps; those that a tool, a range or a matrix may give lack."""
    types: dict[str, str] = {}
    for files in pipeline.dataset.files.values():
        for name, type_ in Pattern.parse(files.pattern).types.items():
            types[name] = type_ if types.get(name, type_) == type_ and name not in files.rename else "text"
    free = set(_from_elsewhere(pipeline))
    return {name: type_ for name, type_ in types.items() if name not in free}


def _from_elsewhere(pipeline: Pipeline) -> Iterator[str]:
    for step in pipeline.modules:
        for output in step.outputs.values():
            yield from output.ranges
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
