"""Keys that two units of a step would write, although their values differ: plate P1, well 1A and plate P11, well A."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from platerunner.engine.planning.available import Available
from platerunner.engine.planning.errors import PlanningError
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.wildcard_types import may_hold


class UnitKeys:
    """Watches what the units of a step write; costs nothing where values follow from keys.

    :param outputs: name to pattern, of those whose names are known beforehand.
    :param available: the step's inputs, which have the values.
    """

    def __init__(self, step: str, outputs: Mapping[str, Pattern], available: Mapping[str, Available]) -> None:
        self._step = step
        types = _types(available.values())
        self._watched = {name: pattern for name, pattern in outputs.items() if not follows(pattern, types)}
        self._doubtful: dict[str, set[str]] = {name: set() for name in self._watched}

    def look(self, task: UnitTask) -> None:
        """Remember a unit's keys of which other values would be read: of any two that are the same, one is such."""
        for name, pattern in self._watched.items():
            for file in task.outputs[name]:
                if _texts(pattern.match(file.key)) != _texts(file.values):
                    self._doubtful[name].add(file.key)

    def check(self, tasks: Iterable[UnitTask]) -> None:
        """Refuse keys that are written twice.

        :param tasks: of all units; asked for only if there was something to remember.
        :raises PlanningError: if two units, or one twice, would write one key; it names both.
        """
        if not any(self._doubtful.values()):
            return
        first: dict[tuple[str, str], str] = {}
        for task in tasks:
            for name, keys in self._doubtful.items():
                for key in [file.key for file in task.outputs[name] if file.key in keys]:
                    if (name, key) in first:
                        raise PlanningError(self._sentence(name, key, first[name, key], task.unit))
                    first[name, key] = task.unit

    def _sentence(self, name: str, key: str, one: str, other: str) -> str:
        who = (
            f"units {one} and {other} would both write"
            if one != other
            else f"{one or 'its only unit'} would write twice"
        )
        remedy = f"Give each wildcard of `{self._watched[name]}` a folder of its own."
        return f"step {self._step}, output {name}: {who} `{key}`. {remedy}"


def follows(pattern: Pattern, types: Mapping[str, str]) -> bool:
    """Whether the values certainly follow from a key, so that different values make different keys.

    Folder by folder: a wildcard is known if it ends where something stands that it cannot have, or if it is the only
    one of its folder or name that is left.

    :param types: wildcard to the type that its values have.
    """
    if any(type_ not in ("text", types.get(name)) for name, type_ in pattern.types.items()):
        return False  # it may be written in another way than its values are told apart
    known: set[str] = set()
    for part in [Pattern.parse(part) for part in pattern.text.split("/")]:
        tokens = [(token.kind, token.text) for token in part.tokens]
        for way in (tokens, [(kind, text[::-1] if kind == "literal" else text) for kind, text in reversed(tokens)]):
            _walk(way, types, known)
        left = {text for kind, text in tokens if kind == "wildcard" and text not in known}
        if len(left) > 1:
            return False
        known.update(left)
    return True


def _walk(tokens: Sequence[tuple[str, str]], types: Mapping[str, str], known: set[str]) -> None:
    """Take the wildcards for known that end at a character which they cannot have, up to the first that does not."""
    for (kind, text), (after, literal) in zip(tokens, [*tokens[1:], ("end", "")], strict=True):
        if kind == "wildcard" and text not in known:
            if after != "literal" or may_hold(types.get(text, "text"), literal[0]):
                return
            known.add(text)


def _types(inputs: Iterable[Available]) -> dict[str, str]:
    """Wildcard to the type that its values have; text if inputs differ, or if its values go by other names."""
    types: dict[str, str] = {}
    for each in inputs:
        for name, type_ in each.pattern.types.items():
            types[name] = type_ if types.get(name, type_) == type_ and name not in each.renamed else "text"
    return types


def _texts(values: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if values is None else {name: str(value) for name, value in values.items()}
