"""``platerunner-em PROGRAM UNIT_JSON``: load one volume, or put the metadata of all into one table."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from platerunner_em import consolidate, loading
from platerunner_em.fetching import DataError
from platerunner_em.sources import SOURCES

NAME = "platerunner-em"
PROGRAMS = (*(f"load-{source}" for source in SOURCES), "consolidate")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a program; what is wrong ends in one sentence on stderr.

    :param argv: arguments; None for the process's own.
    :returns: 0, or 1 if data, parameters or a server are at fault.
    """
    parser = argparse.ArgumentParser(prog=NAME, description="Load volumes of electron microscopy.")
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("unit", type=Path, metavar="UNIT_JSON", help="file with the unit's params, inputs and outputs")
    args = parser.parse_args(argv)
    unit = json.loads(args.unit.read_text())
    try:
        if args.program == "consolidate":
            consolidate.run(unit)
        else:
            loading.run(unit, args.program.removeprefix("load-"))
    except DataError as error:
        print(f"{NAME} {args.program}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
