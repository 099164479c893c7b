"""Staging of small files from and to S3 against raw obstore, in MB per second and CPU seconds per GB.

    python benchmarks/staging.py [--files 2000] [--kib 64] [--rounds 5]

The server, a process of its own, answers from memory with as little work as HTTP allows. Both sides copy the same files
with as many threads, in turn; raw obstore reads a whole object and writes a file, and proves nothing.
"""

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from shutil import rmtree
from typing import Any

THREADS = 16
STAMP = b"Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"


class Objects(asyncio.Protocol):
    """GET gives the same bytes for every key, HEAD finds nothing, PUT takes everything."""

    body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end]).lower()
            _, mark, rest = head.partition(b"content-length: ")
            length = int(rest.partition(b"\r\n")[0]) if mark else 0
            if len(self.buffer) < end + 4 + length:
                return
            del self.buffer[: end + 4 + length]
            self.transport.write(self._answer(head))

    def _answer(self, head: bytes) -> bytes:
        if head.startswith(b"head"):
            return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        if head.startswith(b"put"):
            return b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n'
        size = str(len(self.body)).encode()
        return b'HTTP/1.1 200 OK\r\nETag: "e"\r\n' + STAMP + b"Content-Length: " + size + b"\r\n\r\n" + self.body


def serve(size: int, pipe: Connection) -> None:
    Objects.body = bytes(size)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Objects, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def ways(url: str, config: dict[str, Any], folder: Path, names: list[str], size: int) -> dict[str, Callable[[], None]]:
    import obstore

    from platerunner_unit.contract.manifest import InputFile
    from platerunner_unit.contract.storage import Storage
    from platerunner_unit.runner.stage import Stager

    storage = Storage(url, config)
    store = storage._store  # noqa: SLF001  (the same settings for both sides)
    files = [InputFile(name, "data", size, "e") for name in names]

    def raw_get(name: str) -> None:
        (folder / "raw" / name).write_bytes(obstore.get(store, name).bytes())

    def raw_put(name: str) -> None:
        obstore.put(store, name, folder / "out" / name)

    def raw(copy: Callable[[str], None]) -> None:
        (folder / "raw").mkdir(exist_ok=True)
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(copy, names))

    def staged_out() -> None:
        Stager().stage_out(storage, [("made", name, folder / "out" / name) for name in names])

    return {
        "get, raw": lambda: raw(raw_get),
        "get, ours": lambda: Stager().stage_in(storage, files, lambda file: folder / "in" / file.key),
        "put, raw": lambda: raw(raw_put),
        "put, ours": staged_out,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--kib", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    size, names = arguments.kib * 1024, [f"{n}.tiff" for n in range(arguments.files)]
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(size, theirs), daemon=True)
    server.start()
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region": "us-east-1"}
    config = {"endpoint": f"http://127.0.0.1:{ours.recv()}", **keys}
    taken: dict[str, list[tuple[float, float]]] = {}
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "out").mkdir()
            for each in names:
                (folder / "out" / each).write_bytes(bytes(size))
            for number in range(arguments.rounds + 1):
                for way, copy in ways("s3://bucket/x", config, folder, names, size).items():
                    for left in ("raw", "in"):
                        rmtree(folder / left, ignore_errors=True)
                    wall, before = time.perf_counter(), cpu()
                    copy()
                    if number:  # the first round opens connections and warms up
                        taken.setdefault(way, []).append((time.perf_counter() - wall, cpu() - before))
    finally:
        server.terminate()
    mb = size * len(names) / 1e6
    for way, rounds in taken.items():
        print(
            json.dumps(
                {
                    "way": way,
                    "mb_per_s": round(mb / statistics.median(wall for wall, _ in rounds)),
                    "cpu_s_per_gb": round(statistics.median(used for _, used in rounds) / mb * 1000, 2),
                    "all_mb_per_s": [round(mb / wall) for wall, _ in rounds],
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    main()
