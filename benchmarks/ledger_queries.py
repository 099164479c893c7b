"""Each named query over a ledger of a million attempts, in DuckDB on this machine; and what writing rows takes.

    python benchmarks/ledger_queries.py [ATTEMPTS]

Prints seconds per query, the largest memory of the process, and seconds to write the rows of a submission of 1,000.
"""

import os
import resource
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from platerunner.batch.model import Submission
from platerunner.engine.ledger.asking.duck import ask_duckdb
from platerunner.engine.ledger.asking.queries import all_queries
from platerunner.engine.ledger.columns import table
from platerunner.engine.ledger.files import MERGED, Ledger, Section
from platerunner.engine.ledger.merged import encode_merged
from platerunner_unit.contract.storage import Storage

PIPELINES, DAYS = 4, 50
GIB = 1024**3
WORDS = ("succeeded",) * 17 + ("tool_error", "spot_interrupted", "out_of_memory")
FIRST = date(2026, 1, 1)


def row(pipeline: str, day: date, i: int) -> dict:
    began = datetime(day.year, day.month, day.day, 1, tzinfo=UTC) + timedelta(seconds=i % 50_000)
    seconds = 30 + i * 7919 % 600
    plate, well = f"P{i % 100:03}", f"{'ABCDEFGH'[i % 8]}{i % 12 + 1:02}"
    told = {
        "job": f"{pipeline}-{day}-{i}", "run": f"run-{day}", "pipeline": pipeline, "owner": f"lab-{i % 7}",
        "tags": {"project": f"project-{i % 20}"}, "workspace": f"s3://results/{pipeline}", "step": f"step-{i % 6}",
        "module": "cellprofiler", "image": "cellprofiler:4.2.8", "digest": f"sha256:{i % 40:064x}",
        "unit": f"plate={plate}/well={well}/{i}", "plate": plate, "well": well, "fingerprint": f"{i:032x}",
        "attempt": 1, "verdict": WORDS[i % 20], "acts": "nobody", "submitted": began.isoformat(),
        "started": (began + timedelta(seconds=i % 900)).isoformat(),
        "ended": (began + timedelta(seconds=i % 900 + seconds)).isoformat(), "seconds": float(seconds),
        "tool_s": seconds * 0.9, "vcpus": 2.0, "memory": 8 * GIB, "peak_memory": GIB + i * 104729 % (6 * GIB),
        "queue": "spot", "capacity": "spot", "instance": f"i-{i % 3000}", "instance_type": "m7i.xlarge",
        "share": 0.5, "hourly": 0.08, "usd_instance": seconds / 90_000, "usd_volume": 0.0, "usd": seconds / 90_000,
    }  # fmt: skip
    return table().fit(told)


def write(ledger: Ledger, attempts: int) -> None:
    each = attempts // (PIPELINES * DAYS)
    for number in range(PIPELINES * DAYS):
        pipeline, day = f"pipeline{number % PIPELINES}", FIRST + timedelta(days=number // PIPELINES)
        rows = (row(pipeline, day, number * each + i) for i in range(each))
        folder = Section(day, pipeline).folder
        ledger.storage.put(
            f"{MERGED}{folder}00000001-{number:016x}.parquet", encode_merged(rows, [f"{number}.jsonl.gz"])
        )


def main(attempts: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Storage(folder))
        write(ledger, attempts)
        day = FIRST + timedelta(days=DAYS)
        rows = [row("pipeline0", day, attempts + i) for i in range(1000)]
        began = time.perf_counter()
        made = Submission(1, "m", "array", 1000, (), "q", job_id="job-1", submitted_at=f"{day}T01:00:00+00:00")
        ledger.write("pipeline0", made, rows)
        print(f"writing 1,000 rows: {time.perf_counter() - began:.3f} s")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
        print(f"{attempts:,} attempts, {size / 1e6:.0f} MB of Parquet; load {os.getloadavg()[0]:.1f}")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for query in all_queries().values():
            given = {"digest": f"sha256:{7:064x}"} if query.name == "results-of-digest" else {}
            began, cpu = time.perf_counter(), time.process_time()
            found = len(ask_duckdb([ledger], query.filled(given)).rows)
            took, busy = time.perf_counter() - began, time.process_time() - cpu
            print(f"{query.name:20} {took:6.2f} s, {busy:5.2f} s of CPU  {found:,} rows")
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"memory: {most / 1024:.0f} MiB at most ({before / 1024:.0f} before the queries)")


main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
