"""What was paid for and not used: memory and vCPUs beyond what units took, with the line that would save it."""

import math
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from platerunner.engine.ledger.columns import Row
from platerunner_unit.contract.category import Category

MIB, GIB = 1024**2, 1024**3
STEP = 256 * MIB
"""Sizes that are proposed are multiples of this."""
MARGIN = 1.25
"""By which what is proposed exceeds what 99 of 100 units took: one that needs more gets it with its next attempt."""
FEWEST = 10
"""Attempts that succeeded, below which nothing is proposed."""
WORTH = 0.05
"""Part of a step's price from which on a saving is named."""


@dataclass(slots=True)
class Use:
    """What the attempts of a step asked for and took; of those that succeeded, for others say little.

    :param plates: that they are of.
    """

    memory: int = 0
    vcpus: float = 0.0
    usd: float = 0.0
    usd_vcpus: float = 0.0
    usd_memory: float = 0.0
    plates: set[str] = field(default_factory=set)
    peaks: array[float] = field(default_factory=lambda: array("d"))
    loads: array[float] = field(default_factory=lambda: array("d"))


@dataclass(frozen=True, slots=True)
class Saving:
    """A line for a step's `resources`, and what it would save.

    :param line: as it is to be written.
    :param because: what was asked for, and what was taken.
    :param usd: of the attempts that were looked at.
    :param plates: that they are of; 0 if they are of none.
    """

    step: str
    line: str
    because: str
    usd: float
    plates: int


def find_savings(rows: Iterable[Row]) -> list[Saving]:
    """What steps could ask less of, the largest saving first.

    Of the newest asks alone: a step's rows under other resources say what was, not what is.

    :param rows: in the order in which they were submitted.
    """
    uses: dict[str, Use] = {}
    for row in rows:
        asked = row["memory"] is not None and row["vcpus"] is not None
        if asked and row["verdict"] == Category.SUCCEEDED.value and row["attempt"] == 1:
            _note(uses, row)
    found = (saving for step, use in uses.items() for saving in (_of_memory(step, use), _of_vcpus(step, use)))
    return sorted((saving for saving in found if saving is not None), key=lambda saving: -saving.usd)


def _note(uses: dict[str, Use], row: Row) -> None:
    use = uses.get(row["step"])
    if use is None or (use.memory, use.vcpus) != (row["memory"], row["vcpus"]):
        use = uses[row["step"]] = Use(row["memory"], row["vcpus"])
    if row["plate"]:
        use.plates.add(row["plate"])
    if row["peak_memory"] is not None:
        use.peaks.append(row["peak_memory"])
    if row["cpu_s"] is not None and row["tool_s"]:
        use.loads.append(row["cpu_s"] / row["tool_s"])
    shares = _shares(row)
    if shares is not None and row["usd_instance"] is not None:
        vcpus, memory = shares
        use.usd += row["usd_instance"]
        use.usd_vcpus += row["usd_instance"] * vcpus / row["share"]
        use.usd_memory += row["usd_instance"] * memory / row["share"]


def _shares(row: Row) -> tuple[float, float] | None:
    """The parts of its instance's vCPUs and memory that a job held; the larger one is what it pays for."""
    if not row["share"] or not row["instance_vcpus"] or not row["instance_memory"]:
        return None
    return row["vcpus"] / row["instance_vcpus"], row["memory"] / row["instance_memory"]


def _of_memory(step: str, use: Use) -> Saving | None:
    """Less memory, where that is what is paid for."""
    if len(use.peaks) < FEWEST:
        return None
    peak = percentile(use.peaks, 0.99)
    enough = max(STEP, math.ceil(peak * MARGIN / STEP) * STEP)
    usd = use.usd_memory - max(use.usd_vcpus, use.usd_memory * enough / use.memory)
    because = f"asked for {size(use.memory)}, and 99 of 100 units took {size(peak)} at most"
    return _saving(step, f"memory: {size(enough)}", because, usd, use)


def _of_vcpus(step: str, use: Use) -> Saving | None:
    """Fewer vCPUs, where these are what is paid for."""
    if len(use.loads) < FEWEST:
        return None
    load = percentile(use.loads, 0.9)
    enough = max(1, math.ceil(load))
    usd = use.usd_vcpus - max(use.usd_memory, use.usd_vcpus * enough / use.vcpus)
    because = f"asked for {use.vcpus:g} vCPUs, and 9 of 10 units kept {load:.2g} busy at most"
    return _saving(step, f"vcpus: {enough}", because, usd, use)


def _saving(step: str, line: str, because: str, usd: float, use: Use) -> Saving | None:
    worth = usd > 0 and usd >= WORTH * use.usd
    return Saving(step, line, because, usd, len(use.plates)) if worth else None


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that this share of the values does not exceed.

    :param values: at least one.
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def size(count: float) -> str:
    """Bytes as a spec has them: ``2 GiB``, ``768 MiB``."""
    whole = count >= GIB and count % GIB == 0
    return f"{count / GIB:.3g} GiB" if whole or count > 10 * GIB else f"{count / MIB:.0f} MiB"
