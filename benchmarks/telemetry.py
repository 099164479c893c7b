"""What telemetry costs a unit: wall time, processor time and peak memory, with a collector, with a dead one, without.

python benchmarks/telemetry.py [UNITS]

The unit copies one small file: the share of telemetry is as large as it can be. The collector is the tests' own,
in a process of its own; the dead one is an address at which nobody listens.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from runner_overhead import RUN, measured, prepare

HERE = Path(__file__).parents[1]
COLLECTOR = """
import sys, threading
from tests.otlp_receiver import receiver
with receiver("http/protobuf") as (endpoint, _):
    print(endpoint, flush=True)
    sys.stdin.read()
"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    argv = [sys.executable, "-c", COLLECTOR]
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen(argv, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as collector,
    ):
        assert collector.stdin is not None
        assert collector.stdout is not None
        settings = {
            "without": {},
            "with a collector": {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.stdout.readline().strip()},
            "with a dead one": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
        }
        folder = Path(name)
        (folder / "work").mkdir()
        workspace = prepare(folder, count * len(settings))
        rows: dict[str, list[tuple[float, float, float]]] = {kind: [] for kind in settings}
        for n in range(count):  # in turn, so that a busy moment meets all of them
            for place, (kind, more) in enumerate(settings.items()):
                runner = [sys.executable, "-m", "platerunner_unit", "run", f"{workspace.url}/{RUN}"]
                index = {"AWS_BATCH_JOB_ARRAY_INDEX": str(n * len(settings) + place)}
                rows[kind].append(measured(runner, {**environ, **more, **index}))
        collector.stdin.close()
    print(f"medians of {count}: wall s, CPU s, peak MB")
    for kind, found in rows.items():
        print(f"{kind:>18}: " + " ".join(f"{median(column):8.3f}" for column in zip(*found, strict=True)))


if __name__ == "__main__":
    main()
