"""All that the detector looks for in a tool's output.

A rule names a cause, or marks a place in the run. Causes count only for a run that is not proven good: a plugin may say
"Permission denied" as much as it likes. A line that vetoes counts always.
"""

from __future__ import annotations

from platerunner_unit.log.causes import CAUSES, LAST_RESORT
from platerunner_unit.log.line_rules import LineRule
from platerunner_unit.log.marks import MARKS

LINE_RULES: tuple[LineRule, ...] = MARKS + CAUSES + LAST_RESORT
BY_NAME: dict[str, LineRule] = {rule.name: rule for rule in LINE_RULES}
