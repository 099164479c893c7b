"""What follows from the evidence before any rule is tried: which image sets are proven, how the run ended."""

from __future__ import annotations

from functools import cached_property
from typing import Optional

from platerunner_unit.contract.evidence import Evidence, LogMatch, OutputFound
from platerunner_unit.log.rules import BY_NAME

# Python ends with 120 if it could not flush its last output (Lib/pythonrun.c): the reader went away, the run did not.
FLUSH_FAILED = 120
# Marks after which CellProfiler records "Failure" for the run as a whole, whatever its exit code says.
RUN_MARKS = {
    "load_data_error", "prepare_run_error", "prepare_group_error", "post_group_error", "post_run_error",
    "batch_info_error", "database_error", "load_error",
}  # fmt: skip


class Facts:
    """The evidence, and what can be told from it.

    :param evidence: as collected.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence

    @cached_property
    def asked(self) -> Optional[frozenset[int]]:
        """Image sets asked for; None if not known."""
        return None if self.evidence.sets_asked is None else frozenset(self.evidence.sets_asked)

    @cached_property
    def log_lost(self) -> bool:
        """Whether the log cannot be used for counting: its level was raised, or its reader went away."""
        seen = self.evidence.sets_started or self.has("run_began")
        return not seen or self.evidence.exit_code == FLUSH_FAILED

    @cached_property
    def good(self) -> frozenset[int]:
        """Image sets proven to have gone through the whole pipeline, and to be in the Image table if there is one."""
        table = self.evidence.sets_in_table
        finished = frozenset(self.evidence.sets_finished)
        if table is None:
            return finished
        return frozenset(table) if self.log_lost else finished & frozenset(table)

    @cached_property
    def flagged(self) -> tuple[int, ...]:
        """Image sets that FlagImage skipped on purpose: it was the last to work on them, and no module failed there."""
        failed = {match.image_set for match in self.vetoes}
        reached = dict(self.evidence.reached)
        missing = (self.asked or frozenset()) - self.good - failed
        return tuple(sorted(n for n in missing if reached.get(n) in self.evidence.flags)) if self.orderly else ()

    @cached_property
    def lost(self) -> tuple[int, ...]:
        """Image sets asked for and not proven good, in order; without those that the spec allows to be flagged."""
        allowed = frozenset(self.flagged) if self.evidence.allow_flagged and self.good else frozenset()
        return tuple(sorted((self.asked or frozenset()) - self.good - allowed))

    @cached_property
    def vetoes(self) -> tuple[LogMatch, ...]:
        """Lines that no successful run prints."""
        return tuple(m for m in self.evidence.matches if m.rule in BY_NAME and BY_NAME[m.rule].veto)

    @cached_property
    def bad_outputs(self) -> tuple[OutputFound, ...]:
        """Expected outputs that are missing or not plausible."""
        return tuple(o for o in self.evidence.outputs if o.size is None or o.problem is not None)

    @cached_property
    def done(self) -> bool:
        """Whether the done file says Complete, where one was asked for and could be written."""
        if not self.evidence.done_file_asked or self.has("done_file_unwritable"):
            return True
        return self.evidence.done_file == "Complete"

    @cached_property
    def orderly(self) -> bool:
        """Whether the tool came to its own end and called the run as a whole complete."""
        ended = self.evidence.exit_code in (0, FLUSH_FAILED) or self.has("done_file_unwritable") or self.hung_when_done
        return ended and self.done and not any(m.rule in RUN_MARKS for m in self.evidence.matches)

    @cached_property
    def hung_when_done(self) -> bool:
        """Whether it was ended from outside after its work was done, which a leftover thread makes necessary."""
        if self.evidence.stopped_by not in ("stall", "after_complete"):
            return False
        told = self.evidence.done_file == "Complete" and self.evidence.done_file_asked
        return told or (not self.evidence.done_file_asked and bool(self.evidence.outputs))

    @cached_property
    def changed_names(self) -> tuple[str, ...]:
        """Names that were read as numbers: those at risk, unless the LoadData that keeps them read the table."""
        return () if self.has("names_kept") else self.evidence.names_at_risk

    @cached_property
    def exported(self) -> bool:
        """Whether every output that was expected is there and plausible."""
        return not self.bad_outputs

    @cached_property
    def partial(self) -> bool:
        """Whether some image sets are whole and were exported though others are not.

        Without a done file only the outputs can tell that the run came to its export.
        """
        if not self.orderly or self.vanished or not self.good & (self.asked or frozenset()):
            return False
        outputs = self.evidence.outputs
        if self.evidence.done_file_asked:
            return not outputs or len(self.bad_outputs) < len(outputs)
        return all(output.size is not None for output in outputs)

    @cached_property
    def vanished(self) -> bool:
        """Whether the log breaks off within an image set, without an error, and others were never begun."""
        started = self.evidence.sets_started
        if self.log_lost or not started or not (self.asked or frozenset()) - frozenset(started):
            return False
        last = max(started)
        return last not in self.evidence.sets_finished and not any(m.image_set == last for m in self.vetoes)

    def has(self, rule: str) -> bool:
        """Whether a line of that rule was seen."""
        return any(match.rule == rule for match in self.evidence.matches)

    def stopped_at(self, image_set: int) -> Optional[str]:
        """The last module that ended on an image set; None if the log does not say."""
        number = dict(self.evidence.reached).get(image_set)
        names = {n: name for name, n in (*self.evidence.modules_enabled, *self.evidence.modules_seen)}
        return None if number is None else names.get(number)

    def label(self, image_set: int) -> str:
        """What a person calls an image set, e.g. ``image set 5 (well A02, site 2)``."""
        called = dict(self.evidence.set_labels).get(image_set)
        return f"image set {image_set} ({called})" if called else f"image set {image_set}"
