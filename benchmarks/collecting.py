"""Time and peak memory of collecting the verdicts of an array whose units have many files.

    python benchmarks/collecting.py [--units 9600] [--files 45]

Every unit has so many inputs and as many outputs, and has left a success. Each way of reading the manifest collects in
a fresh process: in parts without the files, as the engine does, and whole, as it did before.
"""

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PREFIX = "_platerunner/runs/run/measure/1"
WAYS = ("whole", "in parts")


def tasks(units: int, files: int) -> Iterator[Any]:
    from platerunner_unit.contract.manifest import InputFile, OutputFile, UnitTask

    for number in range(units):
        plate, well = f"BR{number // 384:08d}", f"{chr(ord('A') + number % 16)}{number // 16 % 24 + 1:02d}"
        named = [{"plate": plate, "well": well, "site": n // 5 + 1, "channel": f"Channel{n % 5}"} for n in range(files)]
        names = [f"{plate}/{well}/{plate}_{well}_s{each['site']}_{each['channel']}" for each in named]
        yield UnitTask(
            unit=f"plate={plate}/well={well}-{number}",
            values={"plate": plate, "well": well},
            fingerprint=f"{number:032x}",
            inputs={
                "images": tuple(
                    InputFile(f"images/{name}.tiff", "data", 2_000_000, f"{n:032x}", values)
                    for n, (name, values) in enumerate(zip(names, named, strict=True))
                )
            },
            outputs={
                "made": tuple(
                    OutputFile(f"made/{name}.tiff", values) for name, values in zip(names, named, strict=True)
                )
            },
        )


def leave(folder: Path, units: int, files: int) -> None:
    """Write what a submission and its jobs leave; in a process of its own, whose peak the others would inherit."""
    from platerunner_unit.contract import manifest
    from platerunner_unit.contract.category import Category
    from platerunner_unit.contract.manifest import StepTask
    from platerunner_unit.contract.storage import Storage
    from platerunner_unit.contract.unit_keys import Kept, outcome_key

    workspace = Storage(str(folder))
    step = StepTask("bench", "run", "measure", 1, "command", "command", {"data": "/data", "workspace": str(folder)})
    manifest.write(workspace, PREFIX, step, tasks(units, files))
    for task in tasks(units, 0):
        kept = Kept(task.fingerprint, Category.SUCCEEDED, "run", 1)
        path = folder / outcome_key("measure", task.unit, kept)
        path.parent.mkdir(parents=True)
        path.touch()


def collect(folder: Path, way: str, units: int, pipe: Connection) -> None:
    from platerunner.batch.model import Submission
    from platerunner.engine.records.outcomes import OutcomeStore
    from platerunner.engine.steps.collect import Collector, Manifest, read_manifest
    from platerunner_unit.contract.manifest import StepTask, UnitTask
    from platerunner_unit.contract.storage import Storage

    batch: Any = None  # every unit has a success, so that nobody is asked
    workspace = Storage(str(folder))
    submission = Submission(1, "bench", "array", units, (), "queue", job_id="job")
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    if way == "whole":
        lines = workspace.get(f"{PREFIX}.units.jsonl").splitlines()
        read = tuple(UnitTask.from_json(line) for line in lines)
        found = Manifest(StepTask.from_json(workspace.get(f"{PREFIX}.step.json")), read)
    else:
        found = read_manifest(workspace, PREFIX)
    collector = Collector(batch, workspace, OutcomeStore(workspace).index("measure"))
    collected = collector.collect(submission, found, {})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pipe.send(
        {
            "manifest": way,
            "succeeded": len(collected.succeeded),
            "seconds": round(time.perf_counter() - start, 1),
            "cpu_seconds": round(time.process_time() - cpu, 1),
            "added_mib": round((peak - base) / 1024),
            "kib_a_unit": round((peak - base) / units, 1),
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--units", type=int, default=9_600)
    parser.add_argument("--files", type=int, default=45)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as name:
        before = context.Process(target=leave, args=(Path(name), arguments.units, arguments.files))
        before.start()
        before.join()
        size = (Path(name) / f"{PREFIX}.units.jsonl").stat().st_size
        print(f"{arguments.units} units, {arguments.files} files in and out: {size / 2**20:.0f} MiB of lines")
        for way in WAYS:
            ours, theirs = context.Pipe()
            process = context.Process(target=collect, args=(Path(name), way, arguments.units, theirs))
            process.start()
            theirs.close()
            print(json.dumps(ours.recv()), flush=True)
            process.join()


if __name__ == "__main__":
    main()
