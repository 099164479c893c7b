"""How long a real Airflow lets a pipeline wait: scheduler, triggerer, API server and DAG processor of `platerunner up`.

    python benchmarks/airflow_latency.py [--rounds 5] [--seconds 1,6,20]

Three steps of four units and a gate before the last. The units write down when they began and ended, so that what is
in between is Airflow's and ours: from the trigger to the first job, from a step's last unit to its verdicts, from there
to the next step's first job, from the answer at the gate to the job after it. CPU is of all processes that `up` has,
jobs among them.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

from airflow_site import START_S, Site, serving, until

RUN_S, ASKED_S, IDLE_S = 300.0, 3.0, 30.0
"""Limit to a run; how long a person looks at a question before the answer, at the least; and how long an
Airflow is watched that has nothing to do."""
TOOL = """
import sys, time
began = time.time()
time.sleep(float(sys.argv[2]))
open(sys.argv[1], "w").write(f"Began,Ended\\n{began},{time.time()}\\n")
"""
SPEC = """
version: 1
pipeline: latency
workspace: "{{ workspace_root }}/{{ run_id }}"
params: {seconds: {type: number, default: 1}}
dataset: {root: "{{ data_root }}", files: {raw: "{well}.dat"}}
defaults: {image: base:latest, resources: {vcpus: 1, memory: 100 MiB}}
steps:
  first:
    module: command
    foreach: [well]
    inputs: {raw: dataset.raw}
    with: {argv: [PYTHON, -I, -S, TOOL, "{outputs.out}", "{{ params.seconds }}"]}
    outputs: {out: "first/{well}.csv"}
  second:
    module: command
    foreach: [well]
    inputs: {raw: first.out}
    with: {argv: [PYTHON, -I, -S, TOOL, "{outputs.out}", "{{ params.seconds }}"]}
    outputs: {out: "second/{well}.csv"}
  check:
    gate: All well?
    needs: [second]
  third:
    module: command
    foreach: [well]
    needs: [check]
    inputs: {raw: second.out}
    with: {argv: [PYTHON, -I, -S, TOOL, "{outputs.out}", "{{ params.seconds }}"]}
    outputs: {out: "third/{well}.csv"}
"""
WELLS = 4
ASKS = ("awaiting_input", "deferred")
"""States of a gate that has asked, in Airflow 3.3 and 3.2."""
STEPS = ("first", "second", "third")


def idle(site: Site) -> float:
    """CPU seconds a minute of an Airflow with nothing to do."""
    time.sleep(5)
    used, began = site.cpu(), time.monotonic()
    time.sleep(IDLE_S)
    return (site.cpu() - used) / (time.monotonic() - began) * 60


def measure(site: Site, seconds: float) -> dict[str, float]:
    """One run: what lay between its events, and its CPU."""
    used = site.cpu()
    triggered = time.time()
    body = {"logical_date": None, "conf": {"seconds": seconds}}
    run = site.api.post("dags/latency/dagRuns", json=body).raise_for_status().json()["dag_run_id"]
    work, path = site.results / run, f"dags/latency/dagRuns/{run}"
    answered = answer(site, f"{path}/taskInstances/check", work, seconds)
    state = until(lambda: (found := site.api.get(path).json()["state"]) in ("success", "failed") and found, RUN_S, 0.3)
    ended = time.time()
    if state != "success":
        sys.exit(f"{run} in {work} failed")
    began, last, told = ({step: act(work, step) for step in STEPS} for act in (_began, _ended, _told))
    tries = site.api.get(f"{path}/taskInstances").json()["task_instances"]
    return {
        "trigger to first job": began["first"] - triggered,
        "last unit to verdicts": statistics.mean(told[step] - last[step] for step in STEPS),
        "the same, at most": max(told[step] - last[step] for step in STEPS),
        "verdicts to next job": began["second"] - told["first"],
        "last unit to next job": began["second"] - last["first"],
        "answer to next job": began["third"] - answered,
        "last verdicts to run's end": ended - told["third"],
        "whole run": ended - triggered,
        "CPU": site.cpu() - used,
        "tries beyond the first": sum(each["try_number"] - 1 for each in tries),
    }


def answer(site: Site, task: str, work: Path, seconds: float) -> float:
    """Approve some seconds after the gate asks; when that was."""
    until(lambda: (work / "second").is_dir(), RUN_S)
    until(lambda: site.api.get(task).json()["state"] in ASKS, RUN_S, 0.3)
    time.sleep(ASKED_S + seconds / 4)
    at = time.time()
    body = {"chosen_options": ["Approve"], "params_input": {"comment": "flat"}}
    site.api.patch(f"{task}/-1/hitlDetails", json=body).raise_for_status()
    return at


def _times(work: Path, step: str) -> list[tuple[float, float]]:
    lines = [file.read_text().split()[1].split(",") for file in (work / step).glob("*.csv")]
    return [(float(began), float(ended)) for began, ended in lines]


def _began(work: Path, step: str) -> float:
    return min(began for began, _ in _times(work, step))


def _ended(work: Path, step: str) -> float:
    return max(ended for _, ended in _times(work, step))


def _told(work: Path, step: str) -> float:
    (result,) = (work / "_platerunner/runs").glob(f"*/{step}/result.json")
    return result.stat().st_mtime


def _serving(folder: Path) -> AbstractContextManager[Site]:
    (folder / "tool.py").write_text(TOOL)
    spec = SPEC.replace("PYTHON", sys.executable).replace("TOOL", str(folder / "tool.py"))
    return serving(folder, spec, {f"A0{well + 1}.dat": os.urandom(1000) for well in range(WELLS)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", default="1,6,20", help="how long a unit takes")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latency-") as name, _serving(Path(name)) as site:
        until(lambda: site.api.get("dags/latency").is_success, START_S)
        measure(site, 0)  # the first run of an Airflow meets cold files
        print(f"idle: {idle(site):.1f} s of CPU a minute", flush=True)
        for seconds in map(float, args.seconds.split(",")):
            rounds = [measure(site, seconds) for _ in range(args.rounds)]
            print(f"\nunits of {seconds:g} s, {WELLS} a step; medians of {args.rounds}, all values")
            print("\n| | s | all |\n|---|---|---|")
            for name in rounds[0]:
                values = [each[name] for each in rounds]
                every = " ".join(f"{value:.1f}" for value in values)
                print(f"| {name} | {statistics.median(values):.1f} | {every} |", flush=True)


if __name__ == "__main__":
    main()
