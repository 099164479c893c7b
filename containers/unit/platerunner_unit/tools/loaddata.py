"""A LoadData that keeps names as they are written, for CellProfiler's folder of plugins.

CellProfiler's own LoadData casts every cell that looks like a number, so that plate ``0512`` becomes 512, ``12E4``
120000.0 and two plates one. This one calls the metadata text, as the Metadata module does by default, except for what
the spec itself declares as a number. The runner copies the file into the folder of plugins; it is imported by
CellProfiler's own Python and by nothing else.
"""

from __future__ import annotations

import csv
import io
import os
from typing import Any

from cellprofiler_core.constants.modules import all_modules  # type: ignore[import-not-found]
from cellprofiler_core.modules import loaddata as original  # type: ignore[import-not-found]

# This one takes the other's place, or none does: without any, the pipeline cannot be loaded, which nobody overlooks.
all_modules.pop("LoadData", None)

MARK = "platerunner: LoadData keeps names as they are written"
NUMBERS = frozenset(os.environ.get("PLATERUNNER_NUMBERS", "").split())


class LoadData(original.LoadData):  # type: ignore[misc]
    """LoadData with metadata as text."""

    _asked_for_types = False

    def get_measurement_columns(self, pipeline: Any) -> Any:
        """Columns with their types, which LoadData guesses from the cells: it is shown letters in place of names."""
        self._asked_for_types = True
        try:
            return super().get_measurement_columns(pipeline)
        finally:
            self._asked_for_types = False

    def open_csv(self, do_not_cache: bool = False) -> Any:  # noqa: FBT001, FBT002
        """The table, or what is shown of it while types are guessed."""
        table = super().open_csv(do_not_cache)
        return _show(table) if self._asked_for_types else table

    def prepare_run(self, workspace: Any) -> Any:
        """Read the table, and say that it was this class that read it."""
        done = super().prepare_run(workspace)
        print(MARK, flush=True)
        return done


def _show(table: Any) -> io.StringIO:
    """A table in which no name looks like a number, each as long as it is."""
    with table:
        rows = list(csv.reader(table))
    names = (
        [i for i, name in enumerate(rows[0]) if name.startswith("Metadata_") and name not in NUMBERS] if rows else []
    )
    for row in rows[1:]:
        for i in names:
            if i < len(row):
                row[i] = "x" * max(1, len(row[i]))
    shown = io.StringIO()
    csv.writer(shown).writerows(rows)
    shown.seek(0)
    return shown
