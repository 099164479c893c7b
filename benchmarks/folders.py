"""A folder of many small files as one output and one input, such as an OME-Zarr: seconds and requests for each way.

    python benchmarks/folders.py [--files 100000] [--bytes 1000] [--on folder S3]

On a folder, and on S3 as a server of its own answers it from memory, without the way through a network. Ways: written
for the first time; written again with the same content; gone on with after half of it was written; read; and what a
plan asks for, of the marker alone and of a raw folder.
"""

import argparse
import asyncio
import hashlib
import multiprocessing
import os
import re
import resource
import shutil
import tempfile
import time
from bisect import bisect_left, insort
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

STAMP = "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
PAGE = 1000


class Bucket(asyncio.Protocol):
    """PUT, GET, HEAD, DELETE of objects, and LIST by prefix, without a delimiter."""

    objects: dict[str, tuple[bytes, str]] = {}  # noqa: RUF012  (one for all connections)
    keys: list[str] = []  # noqa: RUF012
    parts: dict[int, bytes] = {}  # noqa: RUF012
    requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self.buffer[:end]).decode()
            _, mark, rest = head.lower().partition("content-length: ")
            length = int(rest.partition("\r\n")[0]) if mark else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = bytes(self.buffer[end + 4 : end + 4 + length])
            del self.buffer[: end + 4 + length]
            verb, target, _ = head.partition("\r\n")[0].split(" ")
            Bucket.requests += 1
            self.transport.write(self.answer(verb, urlsplit(target), body))

    def answer(self, verb: str, target: Any, body: bytes) -> bytes:  # noqa: C901  (a protocol)
        key, query = unquote(target.path).removeprefix("/b/"), parse_qs(target.query, keep_blank_values=True)
        if verb == "POST" and "delete" in query:
            found = re.findall("<Key>(.*?)</Key>", body.decode())
            for each in found:
                self.answer("DELETE", target._replace(path=f"/b/{unescape(each)}", query=""), b"")
            deleted = "".join(f"<Deleted><Key>{each}</Key></Deleted>" for each in found)
            return said(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())
        if verb == "POST" and "uploads" in query:
            return said(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
        if "partNumber" in query:
            self.parts[int(query["partNumber"][0])] = body
            return said(200, b"", 'ETag: "e"\r\n')
        if verb == "POST":
            body = b"".join(self.parts.pop(number) for number in sorted(self.parts))
            self.answer("PUT", target._replace(query=""), body)
            return said(200, b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>")
        if verb == "PUT":
            if key not in self.objects:
                insort(self.keys, key)
            self.objects[key] = body, hashlib.md5(body, usedforsecurity=False).hexdigest()
            return said(200, b"", f'ETag: "{self.objects[key][1]}"\r\n')
        if verb == "DELETE":
            if self.objects.pop(key, None):
                self.keys.remove(key)
            return said(204)
        if "list-type" in query:
            return said(200, listed(self, query))
        if key.endswith("/requests"):
            return said(200, str(Bucket.requests).encode(), f'ETag: "e"\r\n{STAMP}')
        if key not in self.objects:
            return said(404)
        content, etag = self.objects[key]
        return said(200, content, f'ETag: "{etag}"\r\n{STAMP}', head=verb == "HEAD")


def said(status: int, body: bytes = b"", headers: str = "", *, head: bool = False) -> bytes:
    begin = f"HTTP/1.1 {status} x\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode()
    return begin if head else begin + body


def listed(bucket: Bucket, query: dict[str, list[str]]) -> bytes:
    prefix = query.get("prefix", [""])[0]
    start = bisect_left(bucket.keys, query.get("continuation-token", [prefix])[0])
    page = [key for key in bucket.keys[start : start + PAGE] if key.startswith(prefix)]
    more = bucket.keys[start + PAGE] if len(page) == PAGE and start + PAGE < len(bucket.keys) else ""
    rows = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{len(bucket.objects[key][0])}</Size>"
        f"<LastModified>2026-01-01T00:00:00Z</LastModified><ETag>&quot;{bucket.objects[key][1]}&quot;</ETag></Contents>"
        for key in page
    )
    token = f"<NextContinuationToken>{escape(more)}</NextContinuationToken>" if more else ""
    cut = f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>"
    return f"<ListBucketResult>{cut}{rows}{token}</ListBucketResult>".encode()


def serve(pipe: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Bucket, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


def write(folder: Path, files: int, size: int) -> None:
    (folder / "0").mkdir(parents=True)
    (folder / ".zgroup").write_text('{"zarr_format": 2}')
    (folder / "0/.zarray").write_text("{}")
    for n in range(files - 2):
        (folder / f"0/{n}").write_bytes(os.urandom(size))


def measure(what: str, work: Callable[[], Any], requests: Callable[[], int]) -> None:
    usage, before, began = resource.getrusage(resource.RUSAGE_SELF), requests(), time.perf_counter()
    work()
    seconds, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime + now.ru_stime - usage.ru_utime - usage.ru_stime
    print(f"{what:<34} {seconds:7.1f} s  {cpu:7.1f} s CPU  {requests() - before:9,} requests", flush=True)


def ways(url: str, config: dict[str, Any], made: Path, folder: Path) -> None:
    from platerunner.engine.planning.listing import existing_folders, list_folders, list_matching
    from platerunner.spec.file_patterns import FolderPattern
    from platerunner_unit.contract.manifest import InputFile
    from platerunner_unit.contract.patterns import Pattern
    from platerunner_unit.contract.storage import Storage
    from platerunner_unit.contract.unit_keys import marker_of
    from platerunner_unit.runner.stage import Stager

    storage, stager, key = Storage(url, config), Stager(), marker_of("vol/P1.zarr")

    def requests() -> int:
        return int(storage.get("requests")) if config else 0

    def out() -> None:
        stager.stage_out(storage, [("volume", key, made)])

    measure("written", out, requests)
    measure("written again, the same", out, requests)
    storage.delete(key)
    for number, each in enumerate(sorted(storage.list("vol/P1.zarr/0/"))):
        if number % 2:
            storage.delete(each.key)
    measure("gone on with, half was there", out, requests)
    found = storage.head(key)
    file = InputFile(key, "workspace", found.size, found.etag)
    measure("read", lambda: stager.stage_in(storage, [file], lambda _: folder / "in"), requests)
    pattern = Pattern.parse("vol/{plate}.zarr")
    measure(
        "planned, as an output",
        lambda: list_matching(storage, "workspace", Pattern.parse(marker_of(pattern.text)), {}),
        requests,
    )
    if not config:
        measure("  is the folder there", lambda: existing_folders(storage, pattern), requests)
    measure("planned, as raw data", lambda: list_folders(storage, "data", FolderPattern(pattern), {}), requests)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--bytes", type=int, default=1000)
    parser.add_argument("--on", nargs="*", default=["folder", "S3"])
    args = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    endpoint = f"http://127.0.0.1:{ours.recv()}"
    config = {"endpoint": endpoint, "aws_access_key_id": "x", "aws_secret_access_key": "x", "region": "us-east-1"}
    folder = Path(tempfile.mkdtemp())
    try:
        write(folder / "made", args.files, args.bytes)
        for what, url, settings in (("folder", str(folder / "store"), {}), ("S3", "s3://b/ws", config)):
            if what not in args.on:
                continue
            print(f"{what}: {args.files:,} files of {args.bytes:,} bytes")
            ways(url, settings, folder / "made", folder / what)
    finally:
        server.terminate()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
