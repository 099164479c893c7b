"""LoadData's CSV as far as a verdict needs it: its columns, what its rows are called, which rows form a group."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional


@dataclass(frozen=True)
class Rows:
    """A LoadData table; image set n is row n.

    :param columns: header cells.
    :param rows: cells by row.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def labels(self) -> tuple[tuple[int, str], ...]:
        """Image set number and what a person calls it, from the Metadata columns for plate, well and site."""
        wanted = [(i, name[9:].lower()) for i, name in enumerate(self.columns) if name.lower() in _CALLED]
        wanted.sort(key=lambda pair: _CALLED.index(f"metadata_{pair[1]}"))
        found = []
        for number, row in enumerate(self.rows, 1):
            parts = [f"{name} {row[i]}" for i, name in wanted if i < len(row) and row[i]]
            if parts:
                found.append((number, ", ".join(parts)))
        return tuple(found)

    def groups(self, tags: Sequence[str]) -> dict[tuple[str, ...], set[int]]:
        """Values of the grouping tags to the image sets that have them.

        :param tags: metadata names without their prefix, e.g. ``Well``.
        """
        places = [self.columns.index(f"Metadata_{tag}") for tag in tags if f"Metadata_{tag}" in self.columns]
        groups: dict[tuple[str, ...], set[int]] = {}
        for number, row in enumerate(self.rows, 1):
            if places and all(i < len(row) for i in places):
                groups.setdefault(tuple(row[i] for i in places), set()).add(number)
        return groups


_CALLED = ["metadata_plate", "metadata_well", "metadata_site"]


def read(path: Path) -> Optional[Rows]:
    """Read a LoadData CSV; None if there is none or it is not a table.

    :param path: the file.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
            rows = [tuple(row) for row in csv.reader(file) if row]
    except (OSError, csv.Error):
        return None
    return Rows(rows[0], tuple(rows[1:])) if rows else None
