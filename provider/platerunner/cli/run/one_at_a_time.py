"""One process at a time for a workspace, or for an Airflow: two would each do all of the work."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platerunner.cli.console import fail

RUNS = (
    "Another `platerunner run` (process {process}) works on {place}: "
    "wait until it has ended; what it has done is then done."
)
UP = "Another `platerunner up` (process {process}) has {place}: end it, or start this one in another folder."


@contextlib.contextmanager
def alone(place: str, refusal: str = RUNS) -> Iterator[None]:
    """Hold a place for this process, which ends with a sentence if another of this user's on this machine has it.

    :param place: a folder or URL.
    :param refusal: the sentence.
    """
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"platerunner-{os.getuid()}-{name}.lock"
    # The kernel gives the lock back when its process ends, however that happens; so the file itself may stay.
    # No link of somebody else's is followed in a folder that all may write to.
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(refusal.format(process=file.read() or "?", place=place))
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
