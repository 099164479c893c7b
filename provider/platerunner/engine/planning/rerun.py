"""What a run's params become when a person picks units of one step to run again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from typing import Any
from urllib.parse import quote

from platerunner_unit.contract.unit_keys import SINGLE, parse_unit_id


@dataclass(frozen=True, slots=True)
class Picked:
    """Units that a person picked on a step's map.

    :param units: all of them, by id.
    :param done: those of them that are done, and would not run without being asked for.
    :param everything: whether no unit of the step that is still to run was left out.
    :param beside: patterns of the step's other units that the run does, as in other branches.
    """

    step: str
    units: Sequence[str]
    done: Sequence[str]
    everything: bool
    beside: Sequence[str] = ()


def params_for(params: Mapping[str, Any], steps: Mapping[str, Sequence[str]], picked: Picked) -> dict[str, list[str]]:
    """``only`` and ``rerun`` with which a run does the picked units of a step, and of other steps what it did before.

    :param params: of the run until now.
    :param steps: name of each step that runs units to its ``foreach`` wildcards.
    """
    others = [name for name in steps if name != picked.step]
    before = [str(text) for text in params.get("only") or ()]
    elsewhere = [text for each in before for text in _for_others(each, steps, others)] if before else others
    free = picked.everything and set(elsewhere) >= set(others)
    only = [] if free else [*(exactly(picked.step, unit) for unit in picked.units), *picked.beside, *elsewhere]
    again = [text for each in params.get("rerun") or () for text in _for_others(str(each), steps, others)]
    return {"only": only, "rerun": [*(exactly(picked.step, unit) for unit in picked.done), *again]}


def exactly(step: str, unit: str) -> str:
    """The pattern of one unit of one step, and of no other, as `unit_patterns` reads it.

    :param unit: its id.
    """
    values = parse_unit_id(unit)
    return f"{step}:{'/'.join(f'{name}={quote(escape(value), safe="")}' for name, value in values.items()) or SINGLE}"


def _for_others(text: str, steps: Mapping[str, Sequence[str]], others: Iterable[str]) -> list[str]:
    """A pattern as it holds for other steps: one for each of them that it names, with what their units have."""
    head, colon, rest = text.strip().partition(":")
    named = bool(colon) and "=" not in head
    if not named:
        bare = "=" not in text and text.strip() != "*"
        head, rest = (text.strip(), "") if bare else ("", text.strip())
    meant = [step for step in others if not head or step == head or step.startswith(f"{head}-")]
    return [_with(step, rest, steps[step]) for step in meant]


def _with(step: str, units: str, foreach: Sequence[str]) -> str:
    parts = [part for part in units.split("/") if part.partition("=")[0] in foreach]
    return f"{step}:{'/'.join(parts)}" if parts else step
