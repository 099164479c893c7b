"""Which raw files a step still has to wait for, as far as that is known."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from platerunner.engine.planning.available import Available
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import NothingListed, PlanningError
from platerunner.engine.planning.raw_files.dataset import from_dataset
from platerunner.engine.planning.settings import with_own_values
from platerunner.engine.planning.units.grouping import Groups
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import InputRef, Step
from platerunner_unit.contract.storage import Storage

SHOWN = 3


def not_arrived(pipeline: Pipeline, step: Step, context: RunContext, data: Storage) -> list[str]:
    """What has not arrived of the raw files that a step reads, as clauses; empty if nothing is known to be missing.

    Files are known to be missing if there are none at all, if ``where`` asks for values that no file has, if
    ``complete`` asks for them, or if a unit has files of another input, but not of this one.

    :param context: params, roots, and the units that the run is restricted to.
    :param data: the data root.
    :raises PlanningError: if a value of ``where`` or ``exclude`` is unfit for its wildcard's type.
    """
    refs = {name: ref for name, ref in step.inputs.items() if ref.source == "dataset"}
    where = context.where(pipeline.dataset.where)
    missing: list[str] = []
    found: dict[InputRef, Available] = {}
    for ref in dict.fromkeys(refs.values()):
        try:
            found[ref] = from_dataset(pipeline.dataset.files[ref.name], data, where, pipeline.dataset.exclude)
        except NothingListed as error:
            missing.append(str(error))
            continue
        missing += _missing(step, found[ref], where, context)
    if not missing:
        missing += _units_without(replace(step, inputs=refs), {name: found[ref] for name, ref in refs.items()}, context)
    return missing


def _missing(step: Step, files: Available, where: Mapping[str, Any], context: RunContext) -> Iterator[str]:
    absent = [file for file in files.absent if _asked(step, file.values, context)]
    if absent:
        names = ", ".join(file.key for file in islice(absent, SHOWN)) + (", ..." if len(absent) > SHOWN else "")
        yield f"{files.ref}: {len(absent)} files, such as {names}"
    for name, asked in where.items():
        values = asked if isinstance(asked, (list, tuple)) else [asked]
        left_out = {each.values[name] for each in files.excluded if name in each.values}
        there = {str(value) for value in files.files.distinct(name) | left_out}
        late = [str(value) for value in values if value not in (None, "") and str(value) not in there]
        if late and name in files.pattern.wildcards:
            yield f"{files.ref}: any file with {name} {', '.join(late)}"


def _units_without(step: Step, available: Mapping[str, Available], context: RunContext) -> Iterator[str]:
    try:
        groups = Groups(with_own_values(step, context), available)
    except PlanningError:
        return  # its units follow from other steps, so that nobody knows yet which there are
    candidates = groups.candidates()
    for name, each in available.items():
        late = [
            candidate.unit or "the only unit"
            for candidate in candidates
            if groups.without(candidate, name) and candidate.because is None and _asked(step, candidate.values, context)
        ]
        if late:
            yield f"{each.ref} of {', '.join(late[:SHOWN])}{', ...' if len(late) > SHOWN else ''}"


def _asked(step: Step, values: Mapping[str, Any], context: RunContext) -> bool:
    only = context.options.only
    return not only or any(pattern.allows(step.name, values) for pattern in only)
