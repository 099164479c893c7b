"""Which units a person means: ``analysis:plate=P1/*``, ``well=A0?``, ``analysis``."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Self
from urllib.parse import unquote

from platerunner.documents.problems import suggest
from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.unit_keys import SINGLE


@dataclass(frozen=True, slots=True)
class UnitPattern:
    """A step, or all of them, and what some of a unit's wildcards have to be.

    :param text: as written.
    :param step: None for every step; a step with a matrix stands for all its members.
    :param values: wildcard to what its value must match (``*``, ``?`` and ``[...]`` as in file names).
    """

    text: str
    step: str | None
    values: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str, pipeline: Pipeline) -> Self:
        """Read ``step:wildcard=value/...``; the step, or all after it, may be left out.

        :param pipeline: whose steps and wildcards there are.
        :raises PlanningError: if it names an unknown step or wildcard.
        """
        head, colon, rest = text.strip().partition(":")
        named = bool(colon) and "=" not in head
        step, units = (head, rest) if named else (None, text.strip())
        if not named and "=" not in text and units != "*":
            step, units = units, ""
        steps = {each.name: each.foreach for each in pipeline.modules}
        meant = [name for name in steps if step is None or _is_of(name, step)]
        if step is not None and not meant:
            raise PlanningError(
                f"`{text}`: no step that runs units is called `{step}`. {suggest(step, steps, 'steps')}"
            )
        known = {wildcard for name in meant for wildcard in steps[name]}
        parts = [part for part in units.split("/") if part not in ("", "*", SINGLE)]
        return cls(text, step, tuple(_value(text, part, known) for part in parts))

    def covers(self, step: str, values: Mapping[str, Any]) -> bool:
        """Whether a unit has all that is named, and matches it."""
        return self._is_of(step) and all(name in values and _fits(values[name], glob) for name, glob in self.values)

    def allows(self, step: str, values: Mapping[str, Any]) -> bool:
        """Whether nothing of a unit contradicts what is named: a plate's own unit has no well, and so may run."""
        return self._is_of(step) and all(name not in values or _fits(values[name], glob) for name, glob in self.values)

    def concerns(self, step: str, values: Mapping[str, Any]) -> bool:
        """Whether it is meant for a step: it names it, or no step, and its units have all that is named.

        :param values: of any unit.
        """
        return self.step == step or (self.step is None and all(name in values for name, _ in self.values))

    def _is_of(self, step: str) -> bool:
        return self.step is None or _is_of(step, self.step)


def _is_of(name: str, step: str) -> bool:
    """Whether a step is the one that is named, or a member of its matrix: no other names have a hyphen."""
    return name == step or name.startswith(f"{step}-")


def _value(text: str, part: str, known: Any) -> tuple[str, str]:
    name, equals, glob = part.partition("=")
    if not equals or not glob:
        raise PlanningError(f"`{text}`: `{part}` is no `wildcard=value`, such as `plate=P1`.")
    if name not in known:
        raise PlanningError(f"`{text}`: no unit has a `{name}`. {suggest(name, known, 'wildcards')}")
    return name, unquote(glob)


def _fits(value: Any, glob: str) -> bool:
    return fnmatchcase(str(value), glob)
