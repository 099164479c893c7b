"""Files that two outputs would write, or that two file sets name: all pairs, so it is asked at commit alone."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft
from platerunner.spec.meeting import likely_meet
from platerunner_unit.contract.patterns import Pattern


class Named(NamedTuple):
    """A pattern with its name, for people, and where it stands."""

    name: str
    pattern: Pattern
    keys: Keys


def check_meeting(draft: Draft) -> None:
    """Warn of outputs that would be one file for some values, and note file sets that are one and the same.

    Asked at commit alone, of a spec that is right: all pairs of outputs take longer than the other rules together.
    """
    known = _types(draft)
    for one, other in combinations(_outputs(draft, known), 2):
        if _names(one) != _names(other) and likely_meet(one.pattern, other.pattern):
            message = f"`{other.name}` and `{one.name}` (`{one.pattern}`) may write the same file"
            remedy = "Give one of them another folder or name, or the wildcard a type, such as `{well:well96}`."
            draft.source.warn(draft.source.mark(other.keys).value, message, remedy, "may-meet")
    for one, other in combinations(_file_sets(draft), 2):
        if one.pattern == other.pattern and _definition(draft, one) == _definition(draft, other):
            message, remedy = f"`{other.name}` and `{one.name}` are the same files", "Delete one, and use the other."
            draft.source.at_key(other.keys, message, remedy, "same-files")


def _names(each: Named) -> list[str]:
    """The parts of a pattern; two outputs with the same parts are an error of their own."""
    return [token.text for token in each.pattern.tokens]


def _outputs(draft: Draft, known: Mapping[str, str]) -> Iterator[Named]:
    for step, outputs in draft.outputs.items():
        for name, pattern in outputs.items():
            if pattern is not None:
                types = {each: known.get(each, "text") for each in pattern.wildcards}
                keys = ("steps", step, "outputs", name)
                typed = pattern if types == pattern.types else Pattern(pattern.tokens, types)
                yield Named(f"{step}.{name}", typed, keys)


def _types(draft: Draft) -> dict[str, str]:
    """Wildcard to the type that its values have in every file set."""
    found: dict[str, set[str]] = {}
    for pattern in draft.files.values():
        for name, type_ in (pattern.types if pattern else {}).items():
            found.setdefault(name, set()).add(type_)
    return {name: types.pop() for name, types in found.items() if len(types) == 1}


def _file_sets(draft: Draft) -> Iterator[Named]:
    for name, pattern in draft.files.items():
        if pattern is not None:
            yield Named(f"dataset.{name}", pattern, ("dataset", "files", name))


def _definition(draft: Draft, files: Named) -> object:
    value = draft.data["dataset"]["files"][files.keys[-1]]
    return {"path": value} if isinstance(value, str) else value
