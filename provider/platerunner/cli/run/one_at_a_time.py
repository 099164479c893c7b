"""One `platerunner run` at a time for a workspace: two would each do all of the work."""

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platerunner.cli.console import fail


@contextlib.contextmanager
def alone(workspace: str) -> Iterator[None]:
    """Hold a workspace for this process, which ends with a sentence if another of this user's on this machine has it.

    :param workspace: its folder or URL.
    """
    name = hashlib.sha256(workspace.encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"platerunner-{os.getuid()}-{name}.lock"
    # The kernel gives the lock back when its process ends, however that happens; so the file itself may stay.
    # No link of somebody else's is followed in a folder that all may write to.
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fail(
                f"Another `platerunner run` (process {file.read() or '?'}) works on {workspace}: "
                "wait until it has ended; what it has done is then done."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
