"""What a run asks of S3, and what that costs: by kind of request, for each run, step of a plate, and unit.

    python benchmarks/s3_requests.py [--split]

A pipeline of a step by well and one by plate, with data and workspace on the embedded cloud's S3, which counts. Four
runs of different sizes; a straight line through them says what belongs to a plate and what to a unit. Then each again,
with nothing to do.
"""

import argparse
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from platerunner.batch.poller import Pace
from platerunner.engine.planning.context import RunContext
from platerunner.engine.runs.direct import DirectRun
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.local.aws.front import Front
from platerunner.local.aws.names import BUCKET
from platerunner.local.cloud import Cloud
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

SPEC = """
version: 1
pipeline: bench
workspace: "{{ workspace_root }}"
SPLIT
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.dat"}}
defaults: {image: base:latest, resources: {vcpus: 1, memory: 100 MiB}}
steps:
  measure:
    module: command
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.out}"]}
    outputs: {out: "measure/{plate}/{well}.dat"}
  plate:
    module: command
    foreach: [plate]
    inputs: {all: measure.out}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.out}", "{inputs.all}"]}
    outputs: {out: "plate/{plate}.dat"}
"""
SIZES = ((2, 2), (2, 12), (8, 2), (8, 6))
"""Plates, and wells of each."""
PRICES = {"LIST": 5e-6, "PUT": 5e-6, "GET": 4e-7, "HEAD": 4e-7, "DELETE": 0.0, "COPY": 5e-6}
"""Dollars a request, in us-east-1 as far as we know them."""


def kind_of(environ: dict[str, Any]) -> str:
    """``LIST``, or the method."""
    if "list-type=2" in environ.get("QUERY_STRING", ""):
        return "LIST"
    return "COPY" if "HTTP_X_AMZ_COPY_SOURCE" in environ else str(environ["REQUEST_METHOD"])


def counting() -> Counter[str]:
    """What grows by each request to S3 from now on."""
    found = Counter[str]()
    answer = Front.__call__

    def counted(front: Front, environ: dict[str, Any], start_response: Any) -> Any:
        if "/s3/aws4_request" in environ.get("HTTP_AUTHORIZATION", ""):
            found[kind_of(environ)] += 1
        return answer(front, environ, start_response)

    Front.__call__ = counted  # type: ignore[method-assign]
    return found


def play(
    cloud: Cloud, found: Counter[str], folder: Path, plates: int, wells: int, *, split: bool
) -> list[Counter[str]]:
    """Requests of a run, and of the next one with nothing to do."""
    roots = {name: f"s3://{BUCKET}/{plates}x{wells}/{name}" for name in ("data_root", "workspace_root")}
    for plate in range(plates):
        for well in range(wells):
            Storage(roots["data_root"]).put(f"P{plate:03}/A{well + 1:02}.dat", b"x" * 1000)
    pipeline = load_text(SPEC.replace("SPLIT", "split: plate" if split else ""), folder / "bench.yaml")
    counts = []
    for run in ("first", "again"):
        before = found.copy()
        access = DirectAccess({**cloud.connection(), **roots})
        context = RunContext({}, **roots, run_id=run)
        pace = Pace(first=0.2, fastest=0.2, slowest=1.0)
        *_, end = DirectRun(access, pipeline, context, pace).events()
        assert end["state"] == "success", end
        counts.append(found - before)
    return counts


def explain(title: str, counts: Sequence[Counter[str]]) -> None:
    """The table of one kind of run: least squares of ``run + plates * plate + units * unit``."""
    sizes = np.array([(1, plates, plates * wells + plates) for plates, wells in SIZES])
    print(f"\n{title}\n\n| | a run | a plate (two steps) | a unit |\n|---|---|---|---|")
    dollars = np.zeros(3)
    for kind in sorted({kind for each in counts for kind in each}):
        parts, *_ = np.linalg.lstsq(sizes, np.array([each[kind] for each in counts]), rcond=None)
        dollars += parts * PRICES.get(kind, 0.0)
        print(f"| {kind} | {' | '.join(f'{part:.1f}' for part in parts)} |")
    print(f"| dollars for 1,000 | {' | '.join(f'{part * 1000:.3f}' for part in dollars)} |")
    print(f"\nall: {[dict(each) for each in counts]}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", action="store_true", help="a branch for each plate")
    args = parser.parse_args()
    found, cloud = counting(), Cloud().start()
    os.environ.update(cloud.environment())
    try:
        with tempfile.TemporaryDirectory() as name:
            runs = [play(cloud, found, Path(name), *size, split=args.split) for size in SIZES]
    finally:
        cloud.stop()
    for place, title in enumerate(("first run", "nothing to do")):
        explain(title, [each[place] for each in runs])


if __name__ == "__main__":
    main()
