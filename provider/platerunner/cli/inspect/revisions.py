"""A spec as it was at a revision of its git repository, with the files beside it."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from platerunner.cli.console import fail


@contextmanager
def at_revision(text: str) -> Iterator[Path]:
    """The spec's file; one of a revision is in a folder that goes when the block ends, with its pipelines beside it.

    :param text: a path, or ``path@revision``, where the revision is anything that git understands.
    """
    path, at, revision = text.rpartition("@")
    if not at or Path(text).exists():
        path, revision = text, ""
    spec = Path(path)
    if not revision:
        if not spec.is_file():
            fail(f"{path} is no file; write a spec's path, or path@revision")
        yield spec
        return
    with tempfile.TemporaryDirectory(prefix="platerunner-") as folder:
        with tarfile.open(fileobj=io.BytesIO(_archive(spec, revision))) as tar:
            tar.extractall(folder, filter="data")
        found = Path(folder, spec.name)
        if not found.is_file():
            fail(f"{path} was not there at {revision}")
        yield found


def _archive(spec: Path, revision: str) -> bytes:
    """The spec's folder as git keeps it."""
    argv = ["git", "-C", str(spec.parent), "archive", "--format=tar", revision, "--", "."]
    try:
        done = subprocess.run(argv, capture_output=True, check=False)
    except OSError as error:
        fail(f"git is needed for {spec}@{revision}: {error}")
    if done.returncode:
        fail(f"{spec}@{revision}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
