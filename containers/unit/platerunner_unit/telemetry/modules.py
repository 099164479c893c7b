"""CellProfiler's own timing lines as spans: each module on each image set."""

from __future__ import annotations

import re
from typing import Optional

from platerunner_unit.log.detector import PROGRESS
from platerunner_unit.telemetry.buffer import Part
from platerunner_unit.telemetry.lines import Line

_PROGRESS = re.compile(PROGRESS.pattern.decode())


def module_part(line: Line) -> Optional[Part]:
    """The module's run that a line reports; None if it reports none.

    CellProfiler writes the line when the module has ended, with the wall time to two decimals:
    start and end follow from these.
    """
    found = _PROGRESS.search(line.text) if "Image # " in line.text else None
    if found is None:
        return None
    image_set, module, number, cpu, wall = found.groups()
    attributes = {
        "platerunner.image_set": int(image_set),
        "platerunner.cellprofiler.module": module,
        "platerunner.cellprofiler.module_number": int(number),
        "platerunner.cpu_s": float(cpu),
    }
    return Part(f"module {module}", line.time_ns - round(float(wall) * 1e9), line.time_ns, attributes)
