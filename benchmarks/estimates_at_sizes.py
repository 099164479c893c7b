"""How far estimates are off at other sizes of inputs: real runs, each size told by what the other sizes took.

    python -m benchmarks.estimates_at_sizes FOLDER [--pipelines demo illumination pcpip] [--rounds 3] [--wells 2]

A round runs a plate of each size, the usual, twice and four times its pixels, each in a run of its own, in an order
drawn each time. Then `estimate` tells each plate from the runs of the other sizes, by its raw images alone, as
`plan --cost` does before a first run; and each round from the other rounds. What is in FOLDER does not run again.

A machine that others use, too, is seldom as busy as it was. `at its load` is what is told times what a second of CPU
took in the run, by step, to what it took in the history: what is off there is the estimate's, the rest the load's.

The demo and the illumination pipeline need `make cellprofiler`; PCPIP runs the small programs of its test in place of
CellProfiler and Fiji.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
import tifffile
from tests.e2e.test_pcpip import PIPELINES, SPECS, own_catalog, variant

from platerunner.catalog.loader import VARIABLE, load_catalog
from platerunner.engine.estimates.estimate import Known, estimate
from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.ledger.rows import moment_of
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.prepare import plan_pipeline
from platerunner.local.demo_plate import make_plate
from platerunner.spec.loader import load_text
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

IMAGES = Path(__file__).parents[2] / "shared" / "images" / "illum_plate"
SIZES = (1, 2, 4)


@dataclass(frozen=True)
class Run:
    """A plate of a size in a round."""

    folder: Path
    round: int
    size: int

    @property
    def rows(self) -> list[Row]:
        """Rows of attempts that succeeded; the first workspace below is the pipeline's."""
        [ledger] = (self.folder / "workspace").glob("**/_platerunner/ledger")
        rows = workspace_ledger(Storage(str(ledger.parents[1]))).rows()
        return [{**row, "run": str(self.folder)} for row in rows if row["verdict"] == Category.SUCCEEDED.value]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pipelines", nargs="+", choices=list(PLATES), default=list(PLATES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wells", type=int, default=2)
    args = parser.parse_args()
    for name in args.pipelines:
        home = args.folder.resolve() / name
        spec, params = prepare(name, home)
        runs = [Run(home / f"{number}_{size}", number, size) for number in range(args.rounds) for size in SIZES]
        random.Random(len(runs)).shuffle(runs)
        for run in sorted(runs, key=lambda each: each.round):
            if not (run.folder / "done").exists():
                play(name, run, spec, params, args.wells)
        show(load_text(spec.read_text(), spec), params, runs)


def prepare(name: str, home: Path) -> tuple[Path, dict[str, str]]:
    """The spec in a folder of its own, and its params."""
    home.mkdir(parents=True, exist_ok=True)
    spec = home / f"{name}.yaml"
    if name == "pcpip":
        if not (home / "catalog").exists():
            own_catalog(home / "catalog")
        os.environ[VARIABLE] = str(home / "catalog")
        (home / "pcpip/plugins").mkdir(parents=True, exist_ok=True)
        for each in (*(f"{one}.cppipe" for one in PIPELINES), "stitch_crop.py", "Barcodes.csv", "plugins/calls.py"):
            (home / "pcpip" / each).write_text(each)
        shutil.copy(SPECS / "_dyes.yaml", home)
        spec.write_text(variant())
    else:
        os.environ.pop(VARIABLE, None)
        shutil.copytree(SPECS / "pipelines", home / "pipelines", dirs_exist_ok=True)
        shutil.copy(SPECS / f"{name}.yaml", spec)
    return spec, {"engine": "cellprofiler"} if name == "demo" else {}


def play(name: str, run: Run, spec: Path, params: dict[str, str], wells: int) -> None:
    """Make the plate, and run the pipeline."""
    shutil.rmtree(run.folder, ignore_errors=True)
    PLATES[name](run.folder / "data", run, wells)
    given = [word for key, value in params.items() for word in ("-P", f"{key}={value}")]
    command = [str(Path(sys.executable).with_name("platerunner")), "run", str(spec), "--local", "--approve-all", *given]
    roots = ["--data-root", str(run.folder / "data"), "--workspace-root", str(run.folder / "workspace")]
    with (run.folder / "log").open("w") as log:
        subprocess.run([*command, *roots], check=True, stdout=log, stderr=subprocess.STDOUT)
    (run.folder / "done").touch()


def demo_plate(folder: Path, run: Run, wells: int) -> None:
    make_plate(folder, plate=f"Demo{run.size}", wells=wells, size=round(256 * run.size**0.5), seed=run.round)


def real_plate(folder: Path, run: Run, wells: int) -> None:
    """Real images, each beside its mirror images; other wells in each round."""
    folder.mkdir(parents=True)
    names = sorted({path.name[:25] for path in IMAGES.glob("*.TIF")})
    for well in names[run.round * wells : (run.round + 1) * wells]:
        for path in IMAGES.glob(f"{well}f*.TIF"):
            tifffile.imwrite(folder / path.name, mirrored(tifffile.imread(path), run.size))


def mirrored(image: np.ndarray, size: int) -> np.ndarray:
    """An image of so many times the pixels."""
    for axis in range(size.bit_length() - 1):
        image = np.concatenate([image, np.flip(image, axis)], axis)
    return image


def pooled_plate(folder: Path, run: Run, _: int) -> None:
    draw = np.random.default_rng(run.round)
    names = [f"barcoding/c{cycle}/A1_s1_{channel}" for cycle in (1, 2) for channel in ("DAPI", "A")]
    names += [f"painting/A1_s{site}_{channel}" for site in range(1, 18) for channel in ("w1", "w5")]
    for name in names:
        path = folder / f"Batch1/images/P{run.size}/{name}.tiff"
        path.parent.mkdir(parents=True, exist_ok=True)
        tifffile.imwrite(path, draw.integers(0, 999, (512 * run.size, 512), np.uint16))


PLATES: dict[str, Callable[[Path, Run, int], None]] = {
    "demo": demo_plate, "illumination": real_plate, "pcpip": pooled_plate,
}  # fmt: skip


def show(pipeline: Pipeline, params: dict[str, str], runs: Sequence[Run]) -> None:
    print(f"\n{pipeline.name}: told and seen, mean of a run\n")
    print(
        "| held out | machine seconds | off | USD | off | wall seconds | off | at its load: seconds | off | by step |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for size in SIZES:
        held = [run for run in runs if run.size == size]
        line(f"{size}x", pipeline, params, held, [run for run in runs if run.size != size])
    for number in sorted({run.round for run in runs}):
        held = [run for run in runs if run.round == number]
        line(f"round {number + 1}", pipeline, params, held, [run for run in runs if run.round != number])


def line(what: str, pipeline: Pipeline, params: dict[str, str], held: Sequence[Run], others: Sequence[Run]) -> None:
    """A row of the table."""
    if not others:
        return
    history = sorted((row for run in others for row in run.rows), key=lambda row: row["submitted"])
    found = [tell(pipeline, params, run, history) for run in held]
    told, seen = ([fmean(values) for values in zip(*part, strict=True)] for part in zip(*found, strict=True))
    words = [f"{a:.3g} and {b:.3g} | {a / b - 1:+.0%}" for a, b in zip(told[:4], seen[:4], strict=True)]
    steps = ", ".join(f"{a / b - 1:+.0%}" for a, b in zip(told[4:], seen[4:], strict=True))
    print(f"| {what} | {' | '.join(words)} | {steps} |", flush=True)


def tell(
    pipeline: Pipeline, params: dict[str, str], run: Run, history: Sequence[Row]
) -> tuple[list[float], list[float]]:
    """Machine seconds, USD, wall seconds, machine seconds at its load, all and of each step: as told, and as seen."""
    given = {name: param["default"] for name, param in pipeline.params.items()} | params
    context = RunContext(given, str(run.folder / "data"), str(run.folder / "nothing"))
    rows, modules = run.rows, load_catalog()
    digests = {row["image"]: row["digest"] for row in rows}
    plans = plan_pipeline(pipeline, modules, context, Storage, digests)
    told = estimate(pipeline, context, plans, Known(modules, digests, lambda: history))
    steps = {step.step: step.machine_s.usual or 0.0 for step in told.steps}
    rows = [row for row in rows if row["step"] in steps]
    seen = {name: sum(row["seconds"] for row in rows if row["step"] == name) for name in steps}
    wall = max(moment_of(row["ended"]) or 0.0 for row in rows) - min(moment_of(row["submitted"]) or 0.0 for row in rows)
    usd, whole = sum(row["usd"] or 0.0 for row in rows), sum(seen.values())
    at_load = [seconds * stretch(rows, name) / stretch(history, name) for name, seconds in steps.items()]
    return (
        [told.machine_s.usual or 0.0, told.usd.usual or 0.0, told.wall_s or 0.0, sum(at_load), *at_load],
        [whole, usd, wall, whole, *seen.values()],
    )


def stretch(rows: Iterable[Row], step: str) -> float:
    """Seconds that a second of CPU took."""
    own = [row for row in rows if row["step"] == step]
    return sum(row["seconds"] for row in own) / sum(row["cpu_s"] for row in own)


if __name__ == "__main__":
    main()
