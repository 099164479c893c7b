"""What file systems of runs come to, and the part of them that belongs to some of a run's attempts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from platerunner.engine.ledger.columns import Row, table

Run = tuple[str | None, str | None, str | None]
"""Address of a workspace, a pipeline, and the id of a run."""


@dataclass(slots=True)
class FileSystemSum:
    """What file systems come to.

    :param usd: of those whose price is known.
    :param unknown: those without a price, which may have cost anything.
    """

    count: int = 0
    usd: float = 0.0
    unknown: int = 0

    def add(self, row: Row, part: float = 1.0) -> None:
        """Count a file system.

        :param part: of it that counts.
        """
        self.count += 1
        self.usd += (row["usd"] or 0.0) * part
        self.unknown += row["usd"] is None


@dataclass(slots=True)
class _Part:
    """What a run's attempts are charged, and how many there are: all, and those that were asked for."""

    usd: float = 0.0
    usd_own: float = 0.0
    attempts: int = 0
    own: int = 0

    @property
    def share(self) -> float:
        """The part that was asked for: by what the attempts are charged, or by their number if no price is known."""
        return self.usd_own / self.usd if self.usd else self.own / self.attempts


class SharedFileSystems:
    """The file systems of runs, which a run's attempts share by what they are charged.

    :param rows: of file systems.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)
        self._parts: dict[Run, _Part | None] = {run_of(row): None for row in self._rows}

    def note(self, row: Row, *, own: bool) -> None:
        """Count an attempt.

        :param own: whether it was asked for.
        """
        if not self._parts or (run := run_of(row)) not in self._parts:
            return
        part = self._parts[run] = self._parts[run] or _Part()
        usd = row["usd"] or 0.0
        part.usd += usd
        part.attempts += 1
        if own:
            part.usd_own += usd
            part.own += 1

    def sum_of(self, wanted: Callable[[Row], bool]) -> FileSystemSum:
        """What belongs to the attempts that were asked for.

        :param wanted: whether an attempt counts; asked of a file system whose run has none.
        """
        found = FileSystemSum()
        for row in self._rows:
            part = self._parts[run_of(row)]
            share = part.share if part else float(wanted(table().fit(row)))
            if share:
                found.add(row, share)
        return found


def run_of(row: Row) -> Run:
    """The run that made a file system, or an attempt."""
    return row["workspace"], row["pipeline"], row["run"]
