"""Images are decoded by processes of their own, a few at a time, which have bounded memory and time."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from threading import BoundedSemaphore

AT_ONCE = 2
TIMEOUT_S = 120.0
"""Seconds of wall time, since the machine may be busy; a worker has a limit of CPU time."""
PATIENCE_S = 20.0
"""For so long an image waits for its turn."""
LARGEST = 128 * 1024**2
"""Bytes that a worker is given to decode."""
_INSTALL = "install `airflow-plugin-platerunner[{}]` where Airflow's API server runs."
NEEDED = {
    "PIL": f"Images are decoded with Pillow: {_INSTALL.format('pictures')}",
    "tensorstore": f"OME-Zarr is decoded with TensorStore: {_INSTALL.format('zarr')}",
}
"""Module to what is said where it is missing."""
_turn = BoundedSemaphore(AT_ONCE)


class NoPictureError(Exception):
    """An image is not shown; the message says why."""


def decoded(worker: str, read: Callable[[], bytes], *args: str, needs: str = "PIL") -> bytes:
    """What a worker makes of an image.

    :param worker: name of its module beside this one.
    :param read: gives its standard input, once it is its turn.
    :param needs: the module without which it can do nothing.
    :raises NoPictureError: if that fails, or too many wait.
    """
    if find_spec(needs) is None:
        raise NoPictureError(NEEDED[needs])
    if not _turn.acquire(timeout=PATIENCE_S):
        raise NoPictureError("Too many images are being decoded; try again.")
    try:
        return _run([sys.executable, "-I", "-m", f"platerunner_pages.pictures.{worker}", *args], read())
    finally:
        _turn.release()


def _run(argv: list[str], data: bytes) -> bytes:
    try:
        done = subprocess.run(argv, input=data, capture_output=True, timeout=TIMEOUT_S, check=False, env={})
    except subprocess.TimeoutExpired:
        raise NoPictureError(f"The image was not decoded within {TIMEOUT_S:.0f} s.") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise NoPictureError(f"The image cannot be decoded: {said or f'its process ended with {done.returncode}'}.")
    return done.stdout
