"""Leaves out, of the inputs of the steps after a gate, what people marked as bad there."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

from platerunner.engine.planning.available import Available, Excluded
from platerunner.engine.planning.raw_files.selection import Reasons, without
from platerunner.engine.records.marks import Mark, load_marks
from platerunner.spec.dataset import Exclusion
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate, Step
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.words import and_more

_SHOWN = 5
"""Wells that a note names."""


class Marked:
    """The marks of a pipeline's gates, each gate's read once.

    :param workspace: the pipeline's.
    """

    def __init__(self, pipeline: Pipeline, workspace: Storage) -> None:
        self._pipeline = pipeline
        self._marks_of = cache(lambda gate: load_marks(workspace, gate))

    def left_out(self, step: Step, available: Available) -> Available:
        """An input without the wells that were marked before the step.

        :raises platerunner.engine.records.codec.RecordError: if a gate's marks cannot be read.
        """
        for gate in self._gates_before(step):
            known = self._marks_of(gate)
            if marks := [mark for mark in known if set(mark.where) <= set(available.pattern.wildcards)]:
                available = _without(available, gate, marks)
        return available

    def _gates_before(self, step: Step) -> list[str]:
        before = [*step.upstream]
        for name in before:
            before += [each for each in self._pipeline.steps[name].upstream if each not in before]
        return sorted(name for name in before if isinstance(self._pipeline.steps[name], Gate))


def _without(available: Available, gate: str, marks: Sequence[Mark]) -> Available:
    reasons = Reasons(
        Exclusion(mark.where, f"{mark.because} (marked at the gate {gate} by {mark.by})") for mark in marks
    )
    files, excluded = without(available.files, reasons)
    return replace(
        available,
        files=files,
        excluded=(*available.excluded, *excluded),
        absent=tuple(file for file in available.absent if reasons.of(file.values) is None),
        notes=(*available.notes, *_notes(gate, marks, excluded)),
    )


def _notes(gate: str, marks: Sequence[Mark], excluded: Sequence[Excluded]) -> Iterator[str]:
    names = dict.fromkeys(name for mark in marks for name in mark.where)
    wells = dict.fromkeys(
        " ".join(str(each.values[name]) for name in names if name in each.values) for each in excluded
    )
    if wells:
        shown = ", ".join(sorted(wells, key=natural_key)[:_SHOWN])
        yield f"Left out, as marked at the gate `{gate}`: {shown}{and_more(len(wells) - _SHOWN)}"
