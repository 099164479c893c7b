"""`platerunner plan` against Snakemake's dry run: 10,000 targets of an equal graph on local files.

    uv venv /tmp/snakemake && uv pip install --python /tmp/snakemake/bin/python snakemake
    python benchmarks/snakemake_plan.py /tmp/snakemake/bin/snakemake [--wells 10000] [--rounds 3]

Two steps: a function per plate of 384 wells from all its images, and a file per well from its images and that function.
Both sides are whole processes, started as a person starts them, in turn so that a busy moment meets both. Once nothing
is done, then everything is. How many jobs each side sees is printed. `without start` is what is left when the same
process on a single well is taken off: interpreter, imports (ours are mostly Airflow's) and reading the spec.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.prepare import images, plan_pipeline
from platerunner.spec.loader import load_text
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import outcome_key

WELLS_PER_PLATE = 384
CHANNELS = ("DNA", "ER")
SPEC = """
version: 1
pipeline: bench
workspace: "{{ workspace_root }}"
dataset:
  root: "{{ data_root }}"
  files:
    raw: "images/{plate}/{well}_{channel}.tiff"
steps:
  calc:
    module: command
    image: tool:1
    foreach: [plate]
    inputs: {images: dataset.raw}
    with: {argv: [touch, "{outputs.illum}"]}
    outputs: {illum: "illum/{plate}.npy"}
  apply:
    module: command
    image: tool:1
    foreach: [plate, well]
    inputs: {images: dataset.raw, illum: calc.illum}
    with: {argv: [touch, "{outputs.corrected}"]}
    outputs: {corrected: "corrected/{plate}/{well}.tiff"}
"""
SNAKEFILE = """
from collections import defaultdict
PLATES, WELLS, CHANNELS = glob_wildcards("data/images/{plate}/{well}_{channel}.tiff")
OF_PLATE = defaultdict(list)
OF_WELL = defaultdict(list)
for plate, well, channel in zip(PLATES, WELLS, CHANNELS):
    path = f"data/images/{plate}/{well}_{channel}.tiff"
    OF_PLATE[plate].append(path)
    OF_WELL[plate, well].append(path)

rule all:
    input: [f"work/corrected/{plate}/{well}.tiff" for plate, well in OF_WELL]

rule calc:
    input: lambda wildcards: OF_PLATE[wildcards.plate]
    output: "work/illum/{plate}.npy"
    shell: "touch {output}"

rule apply:
    input:
        images=lambda wildcards: OF_WELL[wildcards.plate, wildcards.well],
        illum="work/illum/{plate}.npy",
    output: "work/corrected/{plate}/{well}.tiff"
    shell: "touch {output}"
"""


@dataclass(frozen=True)
class Ran:
    """A process that ended well."""

    wall: float
    cpu: float
    peak_mb: float
    text: str


def run(argv: Sequence[str], folder: Path, environ: dict[str, str]) -> Ran:
    with tempfile.TemporaryFile("w+") as said:
        began = time.perf_counter()
        process = subprocess.Popen(argv, cwd=folder, env=environ, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        said.seek(0)
        text = said.read()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{argv[0]} ended with {process.returncode}:\n{text[-2000:]}")
    return Ran(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text)


def prepare(folder: Path, wells: int) -> None:
    """The images, the spec and the Snakefile."""
    for number in range(wells):
        plate, place = divmod(number, WELLS_PER_PLATE)
        images_of_plate = folder / f"data/images/P{plate:03d}"
        images_of_plate.mkdir(parents=True, exist_ok=True)
        for channel in CHANNELS:
            (images_of_plate / f"W{place:03d}_{channel}.tiff").write_bytes(b"x")
    (folder / "work").mkdir()
    (folder / "bench.yaml").write_text(SPEC)
    (folder / "Snakefile").write_text(SNAKEFILE)


def do_everything(folder: Path, snakemake: str, environ: dict[str, str]) -> None:
    """All outputs and both sides' records of them, without running anything: ours step by step, theirs by `--touch`."""
    pipeline, workspace = load_text(SPEC, folder / "bench.yaml"), Storage(str(folder / "work"))
    context, modules = RunContext({}, str(folder / "data"), workspace.url), load_catalog()
    digests = dict.fromkeys(images(pipeline, modules, context))
    for step in range(len(pipeline.steps)):
        plan = plan_pipeline(pipeline, modules, context, Storage, digests)[step]
        for task in (unit.task for unit in plan.units):
            for file in (file for files in task.outputs.values() for file in files):
                workspace.put(file.key, b"x")
            workspace.put(outcome_key(plan.step, task.unit, task.fingerprint, Category.SUCCEEDED), b"{}")
    run([snakemake, "--touch", "--cores", "1", "--quiet"], folder, environ)


def jobs_of(ours: str, theirs: str) -> tuple[int, int]:
    """How many jobs each side would run."""
    counted = re.search(r"^total\s+(\d+)", theirs, re.MULTILINE)
    total = int(counted[1]) - 1 if counted else 0  # their `all` is not a job
    return sum(map(int, re.findall(r"(\d+) pending", ours))), total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("snakemake")
    parser.add_argument("--wells", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or both sides would compile their modules at every start
    platerunner = str(Path(sys.executable).with_name("platerunner"))
    sides = {
        "platerunner": [platerunner, "plan", "bench.yaml", "--data-root", "data", "--workspace-root", "work"],
        "snakemake": [arguments.snakemake, "-n", "--quiet", "rules"],
    }
    with tempfile.TemporaryDirectory() as name:
        folder, tiny = Path(name) / "all", Path(name) / "one"
        for place, wells in ((folder, arguments.wells), (tiny, 1)):
            place.mkdir()
            prepare(place, wells)
        for state in ("nothing done", "all done"):
            rows: dict[str, list[Ran]] = {side: [] for side in sides}
            starts: dict[str, list[Ran]] = {side: [] for side in sides}
            for _ in range(arguments.rounds):
                for side, argv in sides.items():
                    rows[side].append(run(argv, folder, environ))
                    starts[side].append(run(argv, tiny, environ))
            last = {side: ran[-1].text for side, ran in rows.items()}
            print(f"{state}: jobs (ours, theirs)", jobs_of(last["platerunner"], last["snakemake"]))
            medians = {side: _medians(ran) for side, ran in rows.items()}
            for side, (wall, cpu, peak) in medians.items():
                print(f"  {side:12} wall {wall:7.2f} s   CPU {cpu:7.2f} s   peak {peak:5.0f} MiB", flush=True)
            ratios = [theirs / ours for ours, theirs in zip(*medians.values(), strict=True)]
            print("  ratio        wall {:7.1f}     CPU {:7.1f}     peak {:5.1f}".format(*ratios), flush=True)
            work = {side: [a - b for a, b in zip(medians[side], _medians(starts[side]), strict=True)] for side in sides}
            for side, (wall, cpu, peak) in work.items():
                print(f"  {side:12} wall {wall:7.2f} s   CPU {cpu:7.2f} s   peak {peak:5.0f} MiB, without start")
            ratios = [theirs / ours for ours, theirs in zip(*work.values(), strict=True)]
            print("  ratio        wall {:7.1f}     CPU {:7.1f}     peak {:5.1f}".format(*ratios), flush=True)
            if state == "nothing done":
                do_everything(folder, arguments.snakemake, environ)


def _medians(ran: Sequence[Ran]) -> tuple[float, float, float]:
    return tuple(statistics.median(figures) for figures in zip(*((r.wall, r.cpu, r.peak_mb) for r in ran), strict=True))  # type: ignore[return-value]


if __name__ == "__main__":
    main()
