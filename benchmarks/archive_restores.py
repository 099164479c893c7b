"""What it takes to ask S3 for many archived objects: requests, seconds, CPU, and the list price.

    python -m benchmarks.archive_restores [--objects 10000] [--latency-ms 40] [--threads 10] [--tier bulk]

A small S3 server in a process of its own answers LIST with pages of 1,000 keys, as S3 does, and takes restores, each
after the latency of a real one. The step's own code looks, asks, writes down what it asked for, and looks again.
"""

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.config import Config

from platerunner.engine import restores
from platerunner.engine.archives import looker
from platerunner.engine.planning.restore_prices import price_of
from platerunner.engine.records.restores import RestoreFile
from platerunner.spec.dataset import Restore
from platerunner_unit.contract.storage import Storage

PAGE = 1000
SIZE = 10_000_000
"""Bytes of an object."""
DAYS = 7
FORM = "P{}/{:07}.tif"


class Bucket:
    """The server's state.

    :param number: of objects, all archived.
    :param latency: seconds to an answer.
    """

    def __init__(self, number: int, latency: float) -> None:
        self.keys = [FORM.format(n // 10_000, n) for n in range(number)]
        self.keys.sort()
        self.latency, self.asked, self.counts = latency, set[str](), Counter[str]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        while head := await self._head(reader):
            verb, target, length = head
            await reader.readexactly(length)
            await asyncio.sleep(self.latency)
            url = urlsplit(target)
            body = self._answer(verb, unquote(url.path).partition("/")[2].partition("/")[2], parse_qs(url.query))
            status = "202 Accepted" if verb == "POST" else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
        writer.close()

    @staticmethod
    async def _head(reader: asyncio.StreamReader) -> tuple[str, str, int] | None:
        try:
            text = (await reader.readuntil(b"\r\n\r\n")).decode()
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        lines = text.split("\r\n")
        verb, target, _ = lines[0].split(" ")
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
        return verb, target, length

    def _answer(self, verb: str, key: str, query: dict[str, list[str]]) -> bytes:
        if key == "counts":
            return repr(dict(self.counts)).encode()
        if verb == "POST":
            self.counts["RestoreObject"] += 1
            self.asked.add(key)
            return b""
        self.counts["LIST"] += 1
        return self._page(query.get("start-after", [""])[0]).encode()

    def _page(self, after: str) -> str:
        from bisect import bisect_right

        first = bisect_right(self.keys, after)
        rows = "".join(map(self._row, self.keys[first : first + PAGE]))
        more = str(first + PAGE < len(self.keys)).lower()
        return f"<ListBucketResult><IsTruncated>{more}</IsTruncated>{rows}</ListBucketResult>"

    def _row(self, key: str) -> str:
        told = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"
        status = told if key in self.asked else "<RestoreStatus/>"
        return f"<Contents><Key>{key}</Key><Size>{SIZE}</Size><StorageClass>GLACIER</StorageClass>{status}</Contents>"


def serve(number: int, latency: float, pipe: Connection) -> None:
    async def main() -> None:
        server = await asyncio.start_server(Bucket(number, latency).serve, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def client_of(port: int, threads: int) -> Any:
    config = Config(s3={"addressing_style": "path"}, max_pool_connections=threads, retries={"mode": "adaptive"})
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", config=config, **keys)


def measure(port: int, number: int, threads: int, restore: Restore) -> None:
    """Look, ask, and look again; print the figures."""
    restores.THREADS = threads
    client = client_of(port, threads)
    keys = sorted(FORM.format(n // 10_000, n) for n in range(number))
    with tempfile.TemporaryDirectory() as folder:
        kept = RestoreFile(Storage(folder), "run", "work")
        began, cpu = time.perf_counter(), time.process_time()
        files = list(looker(lambda: client)("s3://bucket", keys).values())
        looked = time.perf_counter()
        kept.begin(restore.tier)
        for urls in restores.request(client, files, restore):
            kept.add(urls)
        asked = time.perf_counter()
        known = kept.load()
        again = [file for file in looker(lambda: client)("s3://bucket", keys).values() if file.url not in known]
        ended = time.perf_counter()
    print(f"{len(files):,} objects, {threads} threads: {number / (asked - looked):,.0f} requests a second")
    print(f"  looked in {looked - began:.1f} s, asked in {asked - looked:.1f} s, looked again in {ended - asked:.1f} s")
    print(f"  CPU {time.process_time() - cpu:.1f} s; {len(again)} would be asked for again")
    print(f"  list price, {restore.tier}, {DAYS} days: {price_of(files, restore):,.2f} USD")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--latency-ms", type=float, default=40)
    parser.add_argument("--threads", type=int, nargs="+", default=[restores.THREADS])
    parser.add_argument("--tier", default="bulk")
    given = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    for threads in given.threads:
        here, there = spawn.Pipe()
        server = spawn.Process(target=serve, args=(given.objects, given.latency_ms / 1000, there), daemon=True)
        server.start()
        port = here.recv()
        measure(port, given.objects, threads, Restore(given.tier, DAYS, 0.0))
        counts = client_of(port, 1).get_object(Bucket="bucket", Key="counts")["Body"].read().decode()
        print(f"  requests: {counts}", flush=True)
        server.terminate()


if __name__ == "__main__":
    main()
