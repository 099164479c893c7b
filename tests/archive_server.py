"""A web server that stands for public archives: files with ranges and listings, a DVID instance, and a door to shut."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np

_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_RAW = re.compile(r"/raw/0_1_2/(\d+)_(\d+)_(\d+)/(\d+)_(\d+)_(\d+)$")
DVID = "/api/node/ab12/grayscale"
LOW = (100, 200, 300)
"""Where the DVID instance's voxels begin, in x, y and z."""


class Archive:
    """What is served, and what was asked for.

    :param folder: the files; `dvid.npy` in it is the instance's voxels.
    :ivar asked: path and range of each request that was answered.
    :ivar left: requests that are answered before the door shuts with HTTP 403; None for all.
    :ivar shut: paths that begin so are behind the door.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.left, self.shut = folder, [], None, "/"
        self.lock = threading.Lock()
        self.url = ""

    def is_open(self, path: str) -> bool:
        with self.lock:
            if self.left is None or not path.startswith(self.shut):
                return True
            self.left -= 1
            return self.left >= 0

    def content(self, path: str) -> bytes | None:
        if path.startswith(DVID):
            return self._dvid(path)
        file = self.folder / path.strip("/")
        if file.is_dir():
            names = "".join(f'<a href="{each.name}">{each.name}</a>\n' for each in sorted(file.iterdir()))
            return f"<html><h1>Index</h1><a href='../'>up</a>{names}</html>".encode()
        return file.read_bytes() if file.is_file() else None

    def _dvid(self, path: str) -> bytes | None:
        voxels = np.load(self.folder / "dvid.npy")
        if path.endswith("/info"):
            high = [low + side - 1 for low, side in zip(LOW, voxels.shape[::-1], strict=True)]
            values = [{"DataType": "uint8", "Label": "uint8"}]
            sizes = {"BlockSize": [64, 64, 64], "VoxelSize": [8, 8, 8], "VoxelUnits": ["nanometers"] * 3}
            extended = {**sizes, "MinPoint": LOW, "MaxPoint": high, "Values": values}
            return json.dumps({"Base": {"TypeName": "uint8blk"}, "Extended": extended}).encode()
        found = _RAW.search(path)
        if not found:
            return None
        sx, sy, sz, x, y, z = map(int, found.groups())
        x, y, z = x - LOW[0], y - LOW[1], z - LOW[2]
        return voxels[z : z + sz, y : y + sy, x : x + sx].tobytes()


@contextmanager
def serving(folder: Path) -> Iterator[Archive]:
    """Serve a folder on this machine."""
    archive = Archive(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(self.path.partition("?")[0])
            shut = not archive.is_open(path)
            body = None if shut else archive.content(path)
            code, headers = 200, {"ETag": '"1"'}
            if body is None:
                code, body, headers = 403 if shut else 404, b"nothing for you", {}
            elif found := _RANGE.fullmatch(self.headers.get("Range", "")):
                start, end = int(found[1]), min(int(found[2]) + 1, len(body))
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(body)}"
                code, body = 206, body[start:end]
            if code < 400:
                with archive.lock:
                    archive.asked.append((path, self.headers.get("Range", "")))
            self.send_response(code)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    archive.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
