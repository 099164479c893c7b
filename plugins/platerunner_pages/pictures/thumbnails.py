"""Thumbnails of stored images: a few processes at a time, kept by the image's content."""

import subprocess
import sys
from collections import OrderedDict
from importlib.util import find_spec
from threading import BoundedSemaphore, Lock

from platerunner_unit.contract.storage import Storage

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
SIDES = (160, 640, 1280)
"""Sizes that are made; an image that is shown large is 1280 pixels wide."""
LARGEST = 128 * 1024**2
"""Bytes of an image that is decoded."""
KEPT = 32 * 1024**2
"""Bytes of thumbnails that the server keeps."""
AT_ONCE = 2
TIMEOUT_S = 120.0
"""Seconds of wall time, since the machine may be busy; the worker has a limit of CPU time."""
PATIENCE_S = 20.0
"""Seconds that a thumbnail waits for its turn."""
NO_PILLOW = (
    "Images are decoded with Pillow: install `airflow-plugin-platerunner[pictures]` where Airflow's API server runs."
)


class NoThumbnailError(Exception):
    """There is no thumbnail of an image; the message says why."""


class Thumbnails:
    """Makes thumbnails, and keeps the newest."""

    def __init__(self, most: int = KEPT, at_once: int = AT_ONCE) -> None:
        self._most, self._used = most, 0
        self._turn, self._lock = BoundedSemaphore(at_once), Lock()
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    def get(self, workspace: Storage, key: str, side: int) -> bytes:
        """A PNG of a stored image.

        :param side: one of :data:`SIDES`.
        :raises NoThumbnailError: if it cannot be decoded, is too large, or too many wait.
        """
        found = workspace.head(key)
        if found.size > LARGEST:
            raise NoThumbnailError(f"{key} is too large to be shown; fetch it from {workspace.url_of(key)}.")
        name = (workspace.url, key, found.etag, str(found.size), str(side))
        if (kept := self._look(name)) is None:
            kept = self._made(workspace, key, side)
            self._keep(name, kept)
        return kept

    def _made(self, workspace: Storage, key: str, side: int) -> bytes:
        if find_spec("PIL") is None:
            raise NoThumbnailError(NO_PILLOW)
        if not self._turn.acquire(timeout=PATIENCE_S):
            raise NoThumbnailError("Too many images are being made small; try again.")
        try:
            return decoded(workspace.get(key), side)
        finally:
            self._turn.release()

    def _look(self, name: tuple[str, ...]) -> bytes | None:
        with self._lock:
            if (kept := self._kept.get(name)) is not None:
                self._kept.move_to_end(name)
            return kept

    def _keep(self, name: tuple[str, ...], png: bytes) -> None:
        with self._lock:
            if name in self._kept or len(png) > self._most:
                return
            self._kept[name] = png
            self._used += len(png)
            while self._used > self._most:
                self._used -= len(self._kept.popitem(last=False)[1])


def decoded(data: bytes, side: int) -> bytes:
    """A PNG of an image, made by a process that has bounded memory and time.

    :raises NoThumbnailError: if that fails.
    """
    argv = [sys.executable, "-I", "-m", "platerunner_pages.pictures.worker", str(side)]
    try:
        done = subprocess.run(argv, input=data, capture_output=True, timeout=TIMEOUT_S, check=False, env={})
    except subprocess.TimeoutExpired:
        raise NoThumbnailError(f"The image was not decoded within {TIMEOUT_S:.0f} s.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise NoThumbnailError(f"The image cannot be decoded: {said or f'its process ended with {done.returncode}'}.")
    return done.stdout
