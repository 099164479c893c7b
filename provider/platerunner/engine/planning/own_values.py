"""Values that a step gives to wildcards of its ``foreach``, under a run's params."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError
from platerunner.spec.model import Step
from platerunner.spec.templates import render
from platerunner_unit.contract.wildcard_types import text_of

MOST = 1_000_000


def with_own_values(step: Step, context: RunContext) -> Step:
    """The step with the values of its own wildcards as text.

    :raises PlanningError: if a template gives no list or no number, or a value that no unit can have.
    """
    if not step.own:
        return step
    return replace(step, own={name: _values(step.name, name, each, context) for name, each in step.own.items()})


def _values(step: str, name: str, written: Any, context: RunContext) -> tuple[str, ...]:
    keys = ("steps", step, "foreach", name)
    found = render(written, context.templates())
    if isinstance(found, dict):
        found = _numbers(keys, *found["range"])
    if not isinstance(found, list | tuple | range):
        raise PlanningError(f"{{{name}}} of {step} is `{found}`, no list of values", *keys)
    return tuple(dict.fromkeys(_texts(keys, found)))


def _numbers(keys: tuple[str, ...], first: Any, last: Any) -> range:
    try:
        numbers = range(int(str(first)), int(str(last)) + 1)
    except ValueError:
        raise PlanningError(
            f"the range of {{{keys[-1]}}} is {first} to {last}: both must be whole numbers", *keys
        ) from None
    if numbers.start < 0 or len(numbers) > MOST:
        raise PlanningError(f"the range of {{{keys[-1]}}} is {first} to {last}: at most {MOST:,} numbers from 0", *keys)
    return numbers


def _texts(keys: tuple[str, ...], values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        try:
            yield text_of("text", value)
        except ValueError as error:
            raise PlanningError(f"{{{keys[-1]}}}: {error}", *keys) from None
