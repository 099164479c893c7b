"""`memory: measured`: what units took before, and a margin."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.waste import FEWEST, MARGIN, STEP, percentile, size
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.contract.category import Category

MOST = 5000
"""Newest attempts that count."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the units of a step took.

    :param units: attempts that succeeded, whose peak is known.
    :param peak: bytes that 99 of 100 did not exceed; 0 if there are too few attempts to say.
    """

    units: int
    peak: int

    @property
    def memory(self) -> int | None:
        """Bytes to ask for; None if there are too few attempts to say."""
        return max(STEP, math.ceil(self.peak * MARGIN / STEP) * STEP) if self.peak else None

    def told(self, step: str, otherwise: int) -> str:
        """A sentence on the measured memory.

        :param otherwise: bytes that the step asks for without history.
        """
        if self.memory is None:
            seen = f"{self.units} attempts are too few to say, {FEWEST} are needed"
            return f"{step}: `memory: measured` asks for {size(otherwise)}, as the module does: {seen}."
        seen = f"99 of 100 of {self.units:,} units took {size(self.peak)} at most"
        return f"{step}: `memory: measured` asks for {size(self.memory)}: {seen}."


def measure_memory(rows: Iterable[Row], pipeline: Pipeline, step: Step) -> Measured:
    """What the units of a step took, by whatever attempt they succeeded.

    :param rows: of the ledger, in the order in which they were submitted.
    """
    peaks = [
        row["peak_memory"]
        for row in rows
        if (row["pipeline"], row["step"], row["module"]) == (pipeline.name, step.name, step.module)
        and row["verdict"] == Category.SUCCEEDED.value
        and row["peak_memory"]
    ][-MOST:]
    return measured_of(peaks)


def measured_of(peaks: Sequence[int]) -> Measured:
    """The measured memory by peaks of units of this kind.

    :param peaks: bytes that attempts took at most which succeeded.
    """
    return Measured(len(peaks), int(percentile(peaks, 0.99)) if len(peaks) >= FEWEST else 0)
