"""The parts of the comparison; each returns one flat row of figures for each side."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.batch_operator.lab import Lab
from benchmarks.batch_operator.rows import PER_RUN

Row = dict[str, Any]
DAGS = Path(__file__).parent / "dags"
POLL_S = 30
"""BatchOperator's own default."""


def carry(lab: Lab, units: int, *, with_theirs: bool = True) -> Iterator[Row]:
    """No-op jobs: a step of ours, one BatchOperator with an array, and a BatchOperator for each."""
    spec = lab.plate(units)
    yield _carried(lab, units, "ours", spec)
    if not with_theirs:
        return
    submission, prefix = _submission(lab)
    for side in ("array", "theirs"):
        lab.forget()
        yield _carried(lab, units, side, units, POLL_S, submission["definition"], lab.queue, prefix)


def carry_real(lab: Lab, units: int) -> Iterator[Row]:
    """A step of ours with the real runner, which copies a small file."""
    yield _carried(lab, units, "ours", lab.plate(units, "base:latest")) | {"side": "ours, real runner"}


def carry_s3(lab: Lab, units: int) -> Iterator[Row]:
    """The same with data and workspace on S3, whose calls are counted too: the task's and the runners'."""
    spec, bucket = lab.plate(units, "base:latest"), lab.found["connection"]["bucket"]
    root = f"bench-{time.monotonic_ns()}"
    store = lab.client("s3")
    for n in range(units):
        store.put_object(Bucket=bucket, Key=f"{root}/data/P1/W{n:05}.txt", Body=b"raw")
    roots = {f"PLATERUNNER_{name.upper()}_ROOT": f"s3://{bucket}/{root}/{name}" for name in ("data", "workspace")}
    before = lab.calls()
    row = lab.run("carry", "ours", spec, **roots)
    calls = lab.calls() - before
    stored = {name: count for name, count in calls.items() if name.startswith("s3.")}
    yield {
        "side": "ours, real runner, S3",
        "units": units,
        **row,
        **stored,
        "others": calls.total() - sum(stored.values()),
    }


def park(lab: Lab, jobs: int, seconds: int) -> Iterator[Row]:
    """Jobs that wait, a trigger for each: single jobs on both sides, and arrays of two on ours."""
    next(carry(lab, 1))
    definition = _submission(lab)[0]["definition"]
    for side, size in (("ours", 1), ("ours", 2), ("theirs", 1)):
        ids = list(_sleepers(lab, jobs, size, definition))
        file = lab.folder / "jobs.json"
        file.write_text(json.dumps(ids))
        before = lab.calls()
        row = lab.run("park", side, seconds, file)
        listed = (lab.calls() - before)["batch.listjobs"]
        yield {"side": side, "array_size": size, **row, "list_calls": listed}
        batch = lab.client()
        for job in ids:
            batch.terminate_job(jobId=job, reason="measured")


def step(lab: Lab, units: int) -> Iterator[Row]:
    """One step of ours in three processes: worker, triggerer, worker."""
    spec, before = lab.plate(units), lab.calls()
    began = lab.run("step", "start", spec)
    waited = lab.run("step", "wait", json.dumps(began["parked"]))
    ended = lab.run("step", "collect", spec, json.dumps(waited["event"]))
    calls = lab.calls() - before
    jobs = lab.client().describe_jobs(jobs=began["parked"][1]["jobs"])["jobs"]
    last = max(job["stoppedAt"] for job in jobs) / 1000
    assert lab.outcomes() == units
    yield {
        "side": "ours",
        "units": units,
        "plan_and_submit_s": round(began["ended"] - began["began"], 2),
        "jobs_s": round(last - began["ended"], 1),
        "noticed_after_s": round(waited["ended"] - last, 1),
        "collect_s": round(ended["ended"] - ended["began"], 2),
        "peak_submitting_mib": began["peak_rss_mib"],
        "peak_waiting_mib": waited["peak_rss_mib"],
        "peak_collecting_mib": ended["peak_rss_mib"],
        "before_mib": began["rss_before_mib"],
        **_batch(calls),
    }


def rows(lab: Lab, side: str, units: int) -> Iterator[Row]:
    """Rows in Airflow's database for one step of ours, or BatchOperator mapped over as many."""
    shutil.rmtree(lab.folder / "airflow", ignore_errors=True)
    variables = {"AIRFLOW__CORE__DAGS_FOLDER": str(DAGS), "PLATERUNNER_FIRST_POLL": "0.3"}
    variables["BENCH_SPEC"] = str(lab.plate(units))
    if side == "theirs":
        next(carry(lab, units))
        lab.forget()
        submission, prefix = _submission(lab)
        variables |= {"BENCH_PREFIX": str(prefix), "BENCH_DEFINITION": submission["definition"]}
        variables |= {"BENCH_QUEUE": lab.queue, "BENCH_UNITS": str(units)}
    migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
    subprocess.run(migrate, env={**lab.environment, **variables}, check=True, capture_output=True)
    began = time.monotonic()
    found = lab.run("rows", DAGS / "bench_rows.py", side, lab.folder / "airflow" / "airflow.db", **variables)
    tables = {name: found["INSERT"].get(name, 0) for name in PER_RUN}
    updated = sum(found["UPDATE"].get(name, 0) for name in PER_RUN)
    assert lab.outcomes() == units
    total = sum(tables.values())
    yield {"side": side, "units": units, "inserted": total, "updated": updated, **tables, "s": _since(began)}


def _carried(lab: Lab, units: int, side: str, *arguments: object) -> Row:
    before = lab.calls()
    row = lab.run("carry", side, *arguments)
    assert lab.outcomes() == units
    return {"side": side, "units": units, **row, **_batch(lab.calls() - before), "load": round(os.getloadavg()[0], 1)}


def _batch(calls: Counter[str]) -> Row:
    """All calls together, and the busiest two."""
    names = {"submit": "batch.submitjob", "describe": "batch.describejobs", "list": "batch.listjobs"}
    return {"calls": calls.total(), **{short: calls[name] for short, name in names.items()}}


def _submission(lab: Lab) -> tuple[dict[str, Any], Path]:
    """The only submission of the step that ran, and where its manifest is."""
    run = lab.folder / "workspace" / "_platerunner" / "runs" / "bench" / "work"
    (submission,) = json.loads((run / "state.json").read_text())["submissions"]
    return submission, run / "1"


def _sleepers(lab: Lab, count: int, size: int, definition: str) -> Iterator[str]:
    batch = lab.client()
    options = {"arrayProperties": {"size": size}} if size > 1 else {}
    for n in range(count):
        answer = batch.submit_job(
            jobName=f"sleeper-{n}",
            jobQueue=lab.queue,
            jobDefinition=definition,
            containerOverrides={"command": ["sleep", "3600"]},
            **options,
        )
        yield answer["jobId"]


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
