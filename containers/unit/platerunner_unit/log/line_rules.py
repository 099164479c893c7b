"""One kind of line that the detector looks for, as data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from platerunner_unit.contract.category import Category


@dataclass(frozen=True)
class LineRule:
    """A rule that names a cause, or marks a place in the run.

    :param name: the rule's name, as in :attr:`LogMatch.rule`.
    :param literals: a line is looked at if it holds one of these texts; they are separated by ``; ``.
    :param pattern: what the line must match (searched, not anchored); its named groups fill the clause.
    :param learnt_from: a line that was really seen.
    :param category: what it means for a run that is not proven good; None for a mark that means nothing by itself.
    :param clause: what happened, as a clause with ``{group}`` places; for a mark, where in the run it is.
    :param veto: whether no run that says this can have succeeded.
    :param frames: the traceback must have gone through one of these functions; empty for any line.
    :param outside: the traceback must have gone through none of these functions.
    :param in_source: whether source lines within a traceback count too.
    :param hint: what to do about it; empty leaves that to :mod:`platerunner_unit.contract.hints`.
    :param tool: the only tool in whose output it means this; empty for any. CellProfiler's own words are no cause of
        anything in the log of another program.
    """

    name: str
    literals: str
    pattern: str
    learnt_from: str
    category: Optional[Category] = None
    clause: str = ""
    veto: bool = False
    frames: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    in_source: bool = False
    hint: str = ""
    tool: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """The literals, one by one."""
        return tuple(self.literals.split("; "))

    def search(self, line: str) -> Optional[re.Match[str]]:
        """Look for the pattern in a decoded line."""
        return re.search(self.pattern, line)
