"""Where the storage class of a million keys comes from: obstore's LIST has none, boto3's has one for each key.

    python -m benchmarks.archive_listing [--wells 100000] [--files-per-well 10]

Each way is a process of its own that lists the same bucket over HTTP; what counts is its CPU.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import boto3
from benchmarks.planning import raw_keys, serve, storages
from botocore.config import Config

Way = Callable[[int], int]


def by_obstore(port: int) -> int:
    """Keys, sizes and ETags."""
    return sum(1 for _ in storages(port)[0].list("images/"))


def _client(port: int) -> Any:
    config = Config(s3={"addressing_style": "path"}, max_pool_connections=10)
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", config=config, **keys)


def by_boto3(port: int) -> int:
    """The same with the storage class."""
    pages = _client(port).get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix="data/images/")
    return sum(len(page["Contents"]) for page in pages)


def by_both(port: int) -> int:
    """As a step does it: obstore's LIST, then boto3's for what is pending, which is all here."""
    from platerunner.engine.archives import looker

    keys = sorted(stored.key for stored in storages(port)[0].list("images/"))
    looker(lambda: _client(port))("s3://bucket/data", keys)
    return len(keys)


def measure(way: Way, port: int, pipe: Connection) -> None:
    """List once, and send the figures."""
    began, before = time.monotonic(), _cpu()
    number = way(port)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    pipe.send(f"{number:,} keys, {_cpu() - before:.1f} s of CPU, {time.monotonic() - began:.1f} s, {peak} MiB")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--wells", type=int, default=100_000)
    parser.add_argument("--files-per-well", type=int, default=10)
    asked = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder, "keys.txt")
        keys.write_text("".join(f"data/{key}\n" for key in raw_keys(asked.wells, asked.files_per_well)))
        here, there = spawn.Pipe()
        server = spawn.Process(target=serve, args=(keys, there), daemon=True)
        server.start()
        port = here.recv()
        for way in (by_obstore, by_boto3, by_both):
            mine, its = spawn.Pipe()
            process = spawn.Process(target=measure, args=(way, port, its))
            process.start()
            print(f"{way.__name__}: {mine.recv()}", flush=True)
            process.join()
        server.terminate()


if __name__ == "__main__":
    main()
