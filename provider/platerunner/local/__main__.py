"""The embedded cloud as a process of its own: ``python -m platerunner.local --port 5005 --state cloud.json``."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from platerunner.local.aws.faults import Faults
from platerunner.local.cloud import Cloud, CloudError, serve


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m platerunner.local", description="Run the embedded cloud.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; a free one if not given")
    parser.add_argument("--state", type=Path, help="file that says, as JSON, how to reach the cloud while it runs")
    parser.add_argument("--cores", type=float, help="cores that jobs may use together; this machine's if not given")
    parser.add_argument("--memory", type=float, help="GiB that jobs may use together; this machine's if not given")
    parser.add_argument("--faults", help="what goes wrong on purpose, e.g. '{\"throttle\": 0.1}'")
    parser.add_argument("--parent", type=int, help="pid of the process with which the cloud ends")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run until a signal."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        faults = Faults.from_json(options.faults) if options.faults else Faults.from_environment()
        memory = int(options.memory * 1024**3) if options.memory else None
        cloud = Cloud(port=options.port, cores=options.cores, memory=memory, faults=faults).start()
    except (CloudError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    try:
        _announce(cloud, options.state)
        serve(cloud, stop, options.parent)
    finally:
        cloud.stop()
        if options.state is not None:
            options.state.unlink(missing_ok=True)
    return 0


def _announce(cloud: Cloud, state: Path | None) -> None:
    print(f"The embedded cloud is at {cloud.endpoint}", flush=True)
    if state is None:
        return
    found = {
        "endpoint": cloud.endpoint,
        "pid": os.getpid(),
        "environment": cloud.environment(),
        "connection": cloud.connection(),
    }
    part = state.with_name(f".{state.name}.part")
    part.write_text(json.dumps(found, indent=1))
    part.replace(state)  # a process that waits for it finds it whole


if __name__ == "__main__":
    sys.exit(main())
