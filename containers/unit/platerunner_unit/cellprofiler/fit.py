"""Whether a pipeline fits the step that runs it; the same is asked before any job and in the container."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Optional

from platerunner_unit.cellprofiler import inputs, metadata, written
from platerunner_unit.cellprofiler.inputs import Finding, ReadsBy
from platerunner_unit.cellprofiler.model import Cppipe


def check(
    cppipe: Cppipe, columns: Optional[set[str]], expected: Sequence[str], rows: Optional[int] = None
) -> Iterator[Finding]:
    """What the step or the pipeline should be changed in, most decisive first.

    :param cppipe: a pipeline without faults.
    :param columns: of LoadData's table; None if the step has no ``load_data``.
    :param expected: keys of the outputs, or their patterns.
    :param rows: of LoadData's table; None if not known.
    """
    yield from inputs.check(cppipe, load_data=columns is not None)
    if columns is not None and inputs.reads_by(cppipe) is ReadsBy.LOAD_DATA:
        given = {column.partition("_")[2] for column in columns if column.startswith("Metadata_")}
        yield from metadata.check(cppipe, given)
    yield from written.check(cppipe, expected, rows)
