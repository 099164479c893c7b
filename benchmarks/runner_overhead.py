"""What the runner costs per unit against the tool alone: wall time, processor time, peak memory.

python benchmarks/runner_overhead.py [UNITS]

The tool copies one small file. Bare, it is started by us; in the runner it goes through stage-in, checks, supervision,
verdict, stage-out, outcome and log on folders.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from platerunner_unit.contract import manifest
from platerunner_unit.contract.manifest import InputFile, OutputFile, StepTask, UnitTask
from platerunner_unit.contract.storage import Storage

RUN = "_platerunner/runs/r/s/1"


def measured(argv: list[str], environ: dict[str, str]) -> tuple[float, float, float]:
    """Wall and processor seconds of a program with all its children, and the largest process's peak MB."""
    began = time.perf_counter()
    process = subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, argv
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def prepare(folder: Path, count: int) -> Storage:
    """A workspace with a manifest of as many units."""
    (folder / "data").mkdir()
    data, workspace = Storage(str(folder / "data")), Storage(str(folder / "work"))
    data.put("a.txt", b"hello")
    found = data.head("a.txt")
    file = InputFile("a.txt", "data", found.size, found.etag)
    roots = {"data": data.url, "workspace": workspace.url}
    step = StepTask("p", "r", "s", 1, "m", "command", roots, argv=("cp", "{inputs.i}", "{outputs.o}"))
    units = [
        UnitTask(f"n={n}", {"n": n}, f"f{n}", {"i": (file,)}, {"o": (OutputFile(f"{n}.txt"),)}) for n in range(count)
    ]
    manifest.write(workspace, RUN, step, units)
    return workspace


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        workspace = prepare(folder, count)
        runner = [sys.executable, "-m", "platerunner_unit", "run", f"{workspace.url}/{RUN}"]
        environ = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
        rows: dict[str, list[tuple[float, float, float]]] = {"bare": [], "runner": [], "python -c pass": []}
        for n in range(count):  # in turn, so that a busy moment meets all of them
            rows["bare"].append(measured(["cp", str(folder / "data/a.txt"), str(folder / "copy")], environ))
            rows["python -c pass"].append(measured([sys.executable, "-c", "pass"], environ))
            rows["runner"].append(measured(runner, {**environ, "AWS_BATCH_JOB_ARRAY_INDEX": str(n)}))
    print(f"medians of {count}:    wall s    CPU s   peak MB   least wall s")
    for label, row in rows.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*row, strict=True))
        least = min(wall for wall, _, _ in row)
        print(f"{label:16}{wall:10.3f}{cpu:9.3f}{peak:10.1f}{least:15.3f}")


if __name__ == "__main__":
    main()
