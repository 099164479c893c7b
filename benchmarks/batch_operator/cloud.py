"""The embedded cloud with a no-op stand-in for the unit runner, as a process of its own.

python -m benchmarks.batch_operator.cloud FOLDER --cores 8
"""

import argparse
import json
import os
import signal
import threading
from pathlib import Path

from platerunner.local.aws.faults import Faults
from platerunner.local.aws.images import LocalImage
from platerunner.local.cloud import Cloud, serve

NOOP = """#!/bin/sh
# `platerunner-unit run PREFIX` that does nothing but say it is done: what is left is the overhead of carrying it.
line=$(sed -n "$((${AWS_BATCH_JOB_ARRAY_INDEX:-${UNIT_INDEX:-0}} + 1)){p;q}" "$2.units.jsonl")
unit=${line#*'"unit":"'}
fingerprint=${line#*'"fingerprint":"'}
folder=${2%%/_platerunner/*}/_platerunner/outcomes/work/${unit%%'"'*}
mkdir -p "$folder" && echo '{}' > "$folder/${fingerprint%%'"'*}.succeeded.json"
"""
"""Both sides run this as their job; it finds its unit by array index, or by ``UNIT_INDEX`` where there is no array."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cores", type=float, default=8)
    options = parser.parse_args()
    program = options.folder / "bin" / "platerunner-unit"
    program.parent.mkdir(parents=True)
    program.write_text(NOOP)
    program.chmod(0o755)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    images = [LocalImage("noop", "1", (program.parent,))]
    with Cloud(cores=options.cores, images=images, faults=Faults()) as cloud:
        found = {"connection": cloud.connection(), "environment": cloud.environment(), "endpoint": cloud.endpoint}
        part = options.folder / "part.json"
        part.write_text(json.dumps(found))
        part.replace(options.folder / "cloud.json")
        serve(cloud, stop, os.getppid())


if __name__ == "__main__":
    main()
