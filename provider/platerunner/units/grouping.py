"""Splits the files that a step may use among its units."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

from platerunner.spec.model import Step
from platerunner.units.available import Available
from platerunner.units.errors import PlanningError
from platerunner_unit.manifest import InputFile
from platerunner_unit.unit_ids import natural_key, unit_id

Key = tuple[str, ...]
_BY_KEY = attrgetter("key")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit and its files, before anybody asks whether it has to run.

    :param unit: its id.
    :param values: its ``foreach`` wildcards.
    :param inputs: input name to files in the order of keys; every declared input is there, perhaps empty.
    :param because: why all files of an input are left out; None if they are not.
    """

    unit: str
    values: dict[str, Any]
    inputs: dict[str, tuple[InputFile, ...]]
    because: str | None


def group(step: Step, available: Mapping[str, Available]) -> list[Candidate]:
    """The units of a step, in natural order.

    An input with all ``foreach`` wildcards makes units; one that lacks some goes to every unit that agrees with it in
    the others.

    :param step: its ``foreach`` counts.
    :param available: input name to files.
    :raises PlanningError: if no input has all ``foreach`` wildcards.
    """
    shares = {name: _Share(step.foreach, each) for name, each in available.items()}
    makers = [share for share in shares.values() if share.names == step.foreach]
    if step.foreach and not makers:
        wildcards = ", ".join(f"{{{name}}}" for name in step.foreach)
        raise PlanningError(f"step {step.name}: no input has all of {wildcards}, so its units cannot be told")
    keys = dict.fromkeys(key for share in makers for key in share.units())
    units = [_candidate(step.foreach, key, shares) for key in (keys if step.foreach else [()])]
    return sorted(units, key=lambda each: natural_key(each.unit))


class _Share:
    """The files of one input, by the values of those ``foreach`` wildcards that it has."""

    def __init__(self, foreach: tuple[str, ...], available: Available) -> None:
        self.names = tuple(name for name in foreach if name in available.pattern.wildcards)
        self._files: dict[Key, list[InputFile]] = {}
        absent = available.absent if set(available.absent_from) <= set(foreach) else ()
        for file in chain(available.files, absent):
            key = self._key(file.values)
            if key is not None:
                self._files.setdefault(key, []).append(file)
        self._because = {self._key(each.values): each.because for each in available.excluded}

    def units(self) -> Iterator[Key]:
        """Values of units that have files, or had some that are left out."""
        yield from self._files
        yield from (key for key in self._because if key is not None)

    def files(self, values: Mapping[str, str]) -> tuple[InputFile, ...]:
        """The files of a unit, in the order of keys."""
        return tuple(sorted(self._files.get(self._of(values), ()), key=_BY_KEY))

    def because(self, values: Mapping[str, str]) -> str | None:
        """Why a unit's files are left out."""
        return self._because.get(self._of(values))

    def _of(self, values: Mapping[str, str]) -> Key:
        return tuple([values[name] for name in self.names])

    def _key(self, values: Mapping[str, Any]) -> Key | None:
        try:
            return tuple([str(values[name]) for name in self.names])
        except KeyError:
            return None  # a file whose name is not known yet, so that nobody knows whose it will be


def _candidate(foreach: tuple[str, ...], key: Key, shares: Mapping[str, _Share]) -> Candidate:
    texts = dict(zip(foreach, key, strict=True))
    inputs = {name: share.files(texts) for name, share in shares.items()}
    reasons = (share.because(texts) for name, share in shares.items() if not inputs[name])
    because = next((reason for reason in reasons if reason is not None), None)
    return Candidate(unit_id(texts, foreach), _typed(texts, inputs.values()), inputs, because)


def _typed(texts: dict[str, str], inputs: Iterable[tuple[InputFile, ...]]) -> dict[str, Any]:
    """A unit's values as its first input has them: ``3`` instead of ``"3"`` for ``{site:int}``."""
    for files in inputs:
        if files:
            return {name: files[0].values.get(name, text) for name, text in texts.items()}
    return dict(texts)
