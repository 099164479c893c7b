"""What it costs to carry arrays of no-op children through the embedded cloud: wall time, memory, API calls.

    python benchmarks/batch_arrays.py 1000 10000

The cloud is a process of its own, so that its memory is not counted as ours. With ``--waiters N`` it also measures N
jobs that wait, each with a watcher of its own: calls per round of the shared poller and memory per waiter.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import boto3
import psutil

from platerunner.batch.calls import client_config
from platerunner.batch.definitions import ensure_definition
from platerunner.batch.model import JobSpec
from platerunner.batch.poller import Pace, Poller
from platerunner.batch.status import children
from platerunner.batch.stop import terminate
from platerunner.batch.submit import chunks, submit
from platerunner.batch.views import Progress

MIB = 1024**2


class CloudProcess:
    """The embedded cloud in a process of its own."""

    def __init__(self, cores: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        state = Path(self._folder.name) / "cloud.json"
        command = [sys.executable, "-m", "platerunner.local", "--state", str(state), "--cores", str(cores)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        self._ps = psutil.Process(self.process.pid)
        while not state.exists():
            time.sleep(0.1)
        self.found: dict[str, Any] = json.loads(state.read_text())

    def calls(self) -> Counter[str]:
        with urllib.request.urlopen(f"{self.found['endpoint']}/_platerunner/calls") as answer:
            return Counter(json.load(answer))

    def client(self) -> Any:
        session = boto3.Session("testing", "testing", region_name="us-east-1")
        return session.client("batch", endpoint_url=self.found["endpoint"], config=client_config())

    def cpu(self) -> float:
        """Seconds that the cloud and its agent used, without the jobs."""
        times = [p.cpu_times() for p in (self._ps, *self._ps.children())]
        return sum(t.user + t.system for t in times)

    def rss(self) -> float:
        return float(self._ps.memory_info().rss / MIB)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()
        self._folder.cleanup()


async def _follow(poller: Poller, ids: list[str]) -> Progress:
    return [progress async for progress in poller.watch(ids)][-1]


def carry(cloud: CloudProcess, n: int) -> dict[str, Any]:
    """Submit n no-op children, follow them to the end, collect every failed child's reason (1 in 100 fails)."""
    batch, queue = cloud.client(), cloud.found["connection"]["queues"]["spot"]
    command = ("sh", "-c", "test $((AWS_BATCH_JOB_ARRAY_INDEX % 100)) != 7")
    before, cpu, began = cloud.calls(), cloud.cpu(), time.perf_counter()
    definition = ensure_definition(batch, JobSpec("bench", "base:latest", command, memory=64 * MIB))
    ids = [
        submit(batch, name=f"bench-{n}-{i}", queue=queue, definition=definition, size=len(part))
        for i, part in enumerate(chunks(n))
    ]
    submitted = time.perf_counter() - began
    last = asyncio.run(_follow(Poller(lambda: batch), ids))
    ended = time.perf_counter() - began
    failed = [view for job_id in ids for view in children(batch, job_id, ["FAILED"])]
    total = time.perf_counter() - began
    assert (last.done, last.failed, len(failed)) == (n, n // 100, n // 100)
    return {
        "children": n,
        "submit_s": round(submitted, 2),
        "ended_s": round(ended, 1),
        "collected_s": round(total, 1),
        "per_child_ms": round(1000 * ended / n, 2),
        "cloud_cpu_per_child_ms": round(1000 * (cloud.cpu() - cpu) / n, 2),
        "cloud_rss_mib": round(cloud.rss()),
        "own_peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "calls": dict(cloud.calls() - before),
    }


def wait(cloud: CloudProcess, n: int, seconds: float) -> dict[str, Any]:
    """n jobs that wait in the queue, n watchers, one poller."""
    batch, queue = cloud.client(), cloud.found["connection"]["queues"]["spot"]
    definition = ensure_definition(batch, JobSpec("bench-wait", "base:latest", ("sleep", "600"), memory=64 * MIB))
    ids = [submit(batch, name=f"wait-{i}", queue=queue, definition=definition) for i in range(n)]

    async def watch() -> None:
        poller = Poller(lambda: batch, Pace(first=1, fastest=2, slowest=2))
        tasks = [asyncio.create_task(_follow(poller, [job_id])) for job_id in ids]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    before, memory, cpu = cloud.calls(), psutil.Process().memory_info().rss, time.process_time()
    asyncio.run(watch())
    calls = (cloud.calls() - before)["batch.describejobs"]
    grown = psutil.Process().memory_info().rss - memory
    used = time.process_time() - cpu
    terminate(batch, ids, "benchmark is over")
    return {
        "waiters": n,
        "seconds": seconds,
        "describe_calls": calls,
        "calls_per_round": round(calls / (seconds / 2), 1),
        "cpu_s": round(used, 2),
        "kib_per_waiter": round(grown / 1024 / n, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("children", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--cores", type=int, default=4)
    parser.add_argument("--waiters", type=int, default=0)
    options = parser.parse_args()
    cloud = CloudProcess(options.cores)
    try:
        for n in options.children:
            print(json.dumps(carry(cloud, n)), flush=True)
        if options.waiters:
            print(json.dumps(wait(cloud, options.waiters, 20.0)), flush=True)
    finally:
        cloud.close()


if __name__ == "__main__":
    main()
