"""A step's settings for each of its units: they differ where overrides hold for some units only."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from platerunner.catalog.model import Module
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import stands_at
from platerunner.engine.planning.model import StepSettings
from platerunner.engine.planning.settings import settle
from platerunner.spec.model import Step
from platerunner.spec.templates import render, truthy

Held = tuple[int, ...]


class Variants:
    """The settings of a step under given params, by unit.

    :param step: as the spec has it.
    :param modules: the catalog.
    :param context: params and roots.
    :param spec_folder: folder that files in ``with`` are relative to.
    :raises platerunner.spec.templates.TemplateProblem: if a condition cannot be evaluated.
    """

    def __init__(self, step: Step, modules: Mapping[str, Module], context: RunContext, spec_folder: Path) -> None:
        self._step = step
        self._modules = modules
        self._context = context
        self._folder = spec_folder
        templates = context.templates()
        with stands_at("steps", step.name, "overrides"):
            self._overrides = [each for each in step.overrides if each.when is None or truthy(each.when, templates)]
            self._wheres = [_where(render(each.where, templates)) for each in self._overrides]
        self._settled: dict[Held, StepSettings] = {}

    @property
    def own(self) -> StepSettings:
        """The settings of units for which no override is made in particular."""
        return self._settings(tuple(index for index, where in enumerate(self._wheres) if not where))

    def of(self, values: Mapping[str, Any]) -> StepSettings:
        """The settings of a unit; the same object for units that have the same.

        :param values: its ``foreach`` wildcards.
        :raises PlanningError: as :func:`platerunner.engine.planning.settings.settle`.
        """
        return self._settings(self._held(values))

    def images(self) -> Iterator[str]:
        """The images that units may need."""
        own = self._under(tuple(index for index, where in enumerate(self._wheres) if not where))
        for step in (own, *(own.under(self._overrides[i]) for i, where in enumerate(self._wheres) if where)):
            yield step.image or self._modules[step.module].image

    def notes(self, units: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Overrides that are for units which are not there, as sentences.

        :param units: the ``foreach`` wildcards of all units of the step.
        """
        for where, override in zip(self._wheres, self._overrides, strict=True):
            if where and all(where.values()) and not any(_agrees(where, values) for values in units):
                wanted = ", ".join(f"{name}={'|'.join(sorted(asked))}" for name, asked in where.items())
                place = f" in {override.place}" if override.place else ""
                yield f"{self._step.name}: no unit has {wanted}, so that the override{place} changes nothing."

    def _held(self, values: Mapping[str, Any]) -> Held:
        return tuple([index for index, where in enumerate(self._wheres) if _agrees(where, values)])

    def _settings(self, held: Held) -> StepSettings:
        if held not in self._settled:
            self._settled[held] = settle(self._under(held), self._modules, self._context, self._folder)
        return self._settled[held]

    def _under(self, held: Held) -> Step:
        step = self._step
        for index in held:
            step = step.under(self._overrides[index])
        return step


def _where(asked: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Wildcard to the values that hold, as text; no unit has a value of an empty list."""
    lists = {name: value if isinstance(value, (list, tuple)) else [value] for name, value in asked.items()}
    return {name: frozenset(str(v) for v in values if v not in (None, "")) for name, values in lists.items()}


def _agrees(where: Mapping[str, frozenset[str]], values: Mapping[str, Any]) -> bool:
    return all(str(values.get(name)) in asked for name, asked in where.items())
