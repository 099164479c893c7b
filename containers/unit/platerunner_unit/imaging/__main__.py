"""``platerunner-imaging NAME UNIT_JSON``: run one imaging program on one unit."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from platerunner_unit.imaging.unit import DataError, Unit

PROGRAMS = (
    "illum-calc", "illum-apply", "segment-measure", "project", "montage", "plate-report", "association-batches",
    "association-report",
)  # fmt: skip


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a program; bad data ends in one sentence on stderr.

    :param argv: arguments; None for the process's own.
    :returns: 0, or 1 if the data or the parameters are at fault.
    """
    parser = argparse.ArgumentParser(prog="platerunner-imaging", description="Run one imaging program on one unit.")
    parser.add_argument("name", choices=PROGRAMS, help="the program")
    parser.add_argument("unit", type=Path, metavar="UNIT_JSON", help="file with the unit's params, inputs and outputs")
    args = parser.parse_args(argv)
    try:
        unit = Unit.read(args.unit)
        # Imported by name: starting scikit-image takes longer than most of these programs run.
        importlib.import_module(f"platerunner_unit.imaging.{args.name.replace('-', '_')}").run(unit)
    except DataError as error:
        print(f"platerunner-imaging {args.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
