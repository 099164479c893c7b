"""What went wrong, by a line of the log: the most telling first, all in one list, since their order decides."""

from __future__ import annotations

from platerunner_unit.log.causes.files import FILES
from platerunner_unit.log.causes.programs import LAST_RESORT, PROGRAMS
from platerunner_unit.log.causes.surroundings import SURROUNDINGS
from platerunner_unit.log.line_rules import LineRule

__all__ = ["CAUSES", "LAST_RESORT"]

CAUSES: tuple[LineRule, ...] = SURROUNDINGS + FILES + PROGRAMS
