"""What a plate of small wells takes with several wells in a job: seconds, and the price of a vCPU for as long.

PLATERUNNER_CELLPROFILER=... python benchmarks/batches.py IMAGES [--wells 16] [--sizes 1 4 16] [--rounds 2]

IMAGES is a folder with the SBS Roche Transfluor row, 24 wells x 3 sites (512², 8 bit), of CellProfiler's examples. Each
well is measured by `dag_specs/pipelines/illumination_measure.cppipe`, one job after another, the sizes in turn; the
least of the rounds counts. The tables that the sizes write are compared value by value, but for the seconds that each
module took.
"""

import argparse
import csv
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from platerunner_unit.contract import manifest
from platerunner_unit.contract.manifest import InputFile, LoadData, OutputFile, StepTask, ToolFile, UnitTask
from platerunner_unit.contract.storage import Storage

RUN = "_platerunner/runs/r/s/1"
PIPELINE = Path(__file__).parents[1] / "dag_specs" / "pipelines" / "illumination_measure.cppipe"
VCPU_HOUR = 0.04048
"""US dollars: Fargate on demand, us-east-1, 2026-11, x86, without memory."""
PLATE = 384
NAME = re.compile(r"AS_\d+_(?P<plate>\d+)_(?P<well>[A-Z]\d\d)f(?P<site>\d\d)(?P<channel>d\d)\.TIF")


def prepare(place: Path, images: Path, wells: int, size: int) -> tuple[Storage, int]:
    """A workspace with a manifest; the number of its jobs."""
    workspace = Storage(str(place))
    content = PIPELINE.read_bytes()
    workspace.put("files/measure.cppipe", content)
    tool = ToolFile("files/measure.cppipe", "measure.cppipe", hashlib.sha256(content).hexdigest())
    found: dict[str, list[InputFile]] = {}
    for path in sorted(images.iterdir()):
        if match := NAME.fullmatch(path.name):
            file = InputFile(path.name, "data", path.stat().st_size, "e", dict(match.groupdict()))
            found.setdefault(match["well"], []).append(file)
    chosen = list(found.items())[:wells]
    units = [
        UnitTask(
            f"plate=P/well={well}", {"plate": "P", "well": well}, f"f{well}", {"images": tuple(files)},
            {name: (OutputFile(f"m/{well}/{name}.csv"),) for name in ("Image", "Cells")},
        )
        for well, files in chosen
    ]  # fmt: skip
    starts = (*range(0, len(units), size), len(units))
    step = StepTask(
        "p", "r", "s", 1, "cellprofiler", "cellprofiler",
        {"data": str(images), "workspace": workspace.url},
        files={"pipeline": (tool,)},
        load_data=LoadData({"Corr{channel}": "images"}, {"Plate": "plate", "Well": "well", "Site": "site"}),
        batches=starts if size > 1 else (),
    )  # fmt: skip
    manifest.write(workspace, RUN, step, units)
    return workspace, len(starts) - 1


def run(workspace: Storage, jobs: int) -> tuple[float, float]:
    """Wall and processor seconds of all jobs, one after another."""
    wall = cpu = 0.0
    for index in range(jobs):
        environ = {**os.environ, "AWS_BATCH_JOB_ARRAY_INDEX": str(index)}
        began = time.perf_counter()
        argv = [sys.executable, "-m", "platerunner_unit", "run", f"{workspace.url}/{RUN}"]
        process = subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, (workspace.url, index)
        wall += time.perf_counter() - began
        cpu += used.ru_utime + used.ru_stime
    return wall, cpu


def measured(workspace: Storage) -> dict[str, list[list[str]]]:
    """What the wells' tables say, without the seconds and the folders that differ from run to run."""
    tables = {}
    for path in sorted((Path(workspace.url) / "m").rglob("*.csv")):
        with path.open(newline="") as file:
            rows = list(csv.reader(file))
        kept = [i for i, name in enumerate(rows[0]) if not name.startswith(("ExecutionTime", "PathName", "URL"))]
        tables[path.relative_to(workspace.url).as_posix()] = [[row[i] for i in kept] for row in rows]
    return tables


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("images", type=lambda text: Path(text).absolute())
    parser.add_argument("--wells", type=int, default=16)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    took: dict[int, list[tuple[float, float]]] = {size: [] for size in asked.sizes}
    jobs, tables = {}, []
    with tempfile.TemporaryDirectory() as name:
        for turn in range(asked.rounds):
            for size in asked.sizes:
                workspace, jobs[size] = prepare(Path(name, f"{turn}-{size}"), asked.images, asked.wells, size)
                took[size].append(run(workspace, jobs[size]))
                print(f"round {turn + 1}, {size} a job: {took[size][-1]}", file=sys.stderr, flush=True)
                tables.append(measured(workspace))
    print("| units a job | jobs | wall s | CPU s | CPU s a well | $ a plate of 384 wells |\n|---|---|---|---|---|---|")
    for size, found in took.items():
        wall, cpu = (min(each) for each in zip(*found, strict=True))
        price = cpu / asked.wells * PLATE / 3600 * VCPU_HOUR
        print(f"| {size} | {jobs[size]} | {wall:.1f} | {cpu:.1f} | {cpu / asked.wells:.2f} | {price:.4f} |")
    assert len(tables[0]) == 2 * asked.wells
    print("all tables are equal" if all(each == tables[0] for each in tables) else "TABLES DIFFER")


if __name__ == "__main__":
    main()
