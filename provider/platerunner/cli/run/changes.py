"""Has Airflow read the specs again when one has changed, instead of every few seconds."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ONCE_MORE_S = 15.0
"""After a change. Airflow ignores a change of a file that it is reading; that reading has ended by then."""
DEPTH = 2
"""Folders below the specs' own that are looked into, hidden ones never: somebody may name a whole repository."""


@dataclass
class Changes:
    """Looks at the files of a folder and of those below; marks Airflow's DAG files as changed when one of those has.

    Airflow's DAG processor reads a DAG file at once if it is younger than the last reading, and looks every second.

    :param folder: of specs.
    :param dag_files: what makes DAGs of them.
    """

    folder: Path
    dag_files: Iterable[Path]
    clock: Callable[[], float] = time.monotonic
    _seen: frozenset[tuple[str, int, int]] = field(init=False)
    _once_more: float | None = None

    def __post_init__(self) -> None:
        self._seen = _files(self.folder)

    def look(self) -> None:
        """Mark the DAG files if anything has changed since the last look, and once more some seconds later."""
        found = _files(self.folder)
        changed, self._seen = found != self._seen, found
        late = self._once_more is not None and self.clock() >= self._once_more
        if changed or late:
            for file in self.dag_files:
                os.utime(file)
            self._once_more = self.clock() + ONCE_MORE_S if changed else None


def _files(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Path, time of change and size of each file; one that vanishes meanwhile is not among them."""
    found = set()
    for where, folders, names in folder.walk():
        deep = len(where.relative_to(folder).parts) >= DEPTH
        folders[:] = [] if deep else [name for name in folders if not name.startswith(".")]
        for name in names:
            with suppress(OSError):
                status = (where / name).stat()
                found.add((str(where / name), status.st_mtime_ns, status.st_size))
    return frozenset(found)
