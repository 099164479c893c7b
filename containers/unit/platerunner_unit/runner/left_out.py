"""Goes on without single input files that cannot be read, if the step may, and says which they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.manifest import InputFile, UnitTask
from platerunner_unit.contract.words import and_more
from platerunner_unit.tools import images
from platerunner_unit.tools.job import Job

UNREADABLE = "unreadable"
_SHOWN = 20
_HINT = "Replace the files by good copies, exclude them in the spec with a reason, or raise `leave_out`."


class LeftOut(NamedTuple):
    """What became of a unit's input files that cannot be read.

    :param job: goes on without them.
    :param notes: which they are, as sentences.
    :param problems: that there are too many.
    """

    job: Job
    notes: tuple[str, ...] = ()
    problems: tuple[PreflightProblem, ...] = ()


def without_unreadable(job: Job) -> LeftOut:
    """Look at each input file, and leave out those that cannot be read, up to what ``leave_out`` allows."""
    limit = job.step.leave_out.get(UNREADABLE)
    if limit is None:
        return LeftOut(job)
    found = {place: images.look(path) for place, path in job.inputs.items()}
    bad = {place: each.clause for place, each in found.items() if each and each.category is Category.INPUT_UNREADABLE}
    if not bad:
        return LeftOut(job)
    allowed = int(limit * len(found)) if isinstance(limit, float) else limit
    told = [f"{job.step.roots[root].rstrip('/')}/{key} {clause}" for (root, key), clause in bad.items()]
    shown = "; ".join(told[:_SHOWN]) + and_more(len(told) - _SHOWN)
    if len(bad) > allowed:
        counts = f"{len(bad)} of {len(found)} input files cannot be read, and `leave_out` allows {allowed}"
        return LeftOut(job, problems=(PreflightProblem("input_unreadable", f"{counts}: {shown}.", _HINT),))
    unit = _without(job, bad)
    if any(files and not unit.inputs[name] for name, files in job.unit.inputs.items()):
        return LeftOut(job)  # nothing is left of an input: then the file itself is the problem
    return LeftOut(
        replace(job, unit=unit, left_out=tuple(key for _, key in bad)),
        (f"Left out {len(bad)} of {len(found)} input files: {shown}.",),
    )


def _without(job: Job, bad: Mapping[tuple[str, str], str]) -> UnitTask:
    """The unit without these files, and for LoadData without the image sets that they belong to."""
    gone = [file for files in job.unit.inputs.values() for file in files if (file.root, file.key) in bad]
    mapping = job.step.load_data
    names = tuple(mapping.metadata.values()) if mapping else ()
    sets = [_of(file, names) for file in gone] if names else []

    def stays(file: InputFile) -> bool:
        own = _of(file, names)
        return (file.root, file.key) not in bad and not (own and own in sets)

    return replace(job.unit, inputs={name: tuple(filter(stays, files)) for name, files in job.unit.inputs.items()})


def _of(file: InputFile, names: tuple[str, ...]) -> dict[str, Any]:
    """What says to which image sets a file belongs; a file that several share differs from those of one alone."""
    return {name: str(file.values[name]) for name in names if name in file.values}
