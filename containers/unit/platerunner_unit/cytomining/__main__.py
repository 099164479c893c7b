"""``platerunner-cytomining NAME UNIT_JSON``: run one profiling program on one unit."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from platerunner_unit.imaging.unit import DataError, Unit

PROGRAMS = ("convert", "profiles", "select", "report", "flag")


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a program; bad data ends in one sentence on stderr.

    :param argv: arguments; None for the process's own.
    :returns: 0, or 1 if the data or the parameters are at fault.
    """
    parser = argparse.ArgumentParser(prog="platerunner-cytomining", description="Run one profiling program on a unit.")
    parser.add_argument("name", choices=PROGRAMS, help="the program")
    parser.add_argument("unit", type=Path, metavar="UNIT_JSON", help="file with the unit's params, inputs and outputs")
    args = parser.parse_args(argv)
    try:
        # Imported by name: each needs libraries of its own, which take seconds to start.
        importlib.import_module(f"platerunner_unit.cytomining.{args.name}").run(Unit.read(args.unit))
    except DataError as error:
        print(f"platerunner-cytomining {args.name}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
