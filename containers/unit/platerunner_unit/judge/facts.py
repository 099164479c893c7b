"""What follows from the evidence before any rule is tried, and what rules say it with: image sets, memory, places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence, LogMatch, OutputFound, Verdict
from platerunner_unit.contract.words import and_more
from platerunner_unit.log.rules import BY_NAME

# Python ends with 120 if it could not flush its last output (Lib/pythonrun.c): the reader went away, the run did not.
FLUSH_FAILED = 120
# Marks after which CellProfiler records "Failure" for the run as a whole, whatever its exit code says.
RUN_MARKS = {
    "load_data_error", "prepare_run_error", "prepare_group_error", "post_group_error", "post_run_error",
    "batch_info_error", "database_error", "load_error",
}  # fmt: skip


class Facts:
    """The evidence, and what follows from it.

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
        once = frozenset(table).difference(self.doubled)
        return once if self.log_lost else once & finished

    @cached_property
    def doubled(self) -> tuple[int, ...]:
        """Image sets with more than one row in the Image table, of which CellProfiler writes one each."""
        rows = Counter(self.evidence.sets_in_table or ())
        return tuple(sorted(number for number, count in rows.items() if count > 1))

    @cached_property
    def strangers(self) -> tuple[int, ...]:
        """Image sets in the Image table that nobody asked for."""
        return () if self.asked is None else tuple(sorted(set(self.evidence.sets_in_table or ()) - self.asked))

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
        """Whether the runner ended it after its work was done, because a leftover thread kept it alive."""
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


def verdict(
    category: Category,
    sentence: str,
    line: str = "",
    notes: Sequence[str] = (),
    *,
    partial: bool = False,
    hint: str = "",
) -> Verdict:
    """A verdict whose rule's name, and hint if it has none of its own, are filled in by the judge."""
    return Verdict(category.value, sentence, line, notes=tuple(notes), partial=partial, hint=hint)


def listed(facts: Facts, sets: Sequence[int], most: int = 5) -> str:
    """Image sets for a sentence: the first few by name."""
    names = [facts.label(n) for n in sets[:most]]
    more = and_more(len(sets) - most)
    return ", ".join(names) + more


def memory(facts: Facts) -> str:
    """Memory limit and peak in brackets; empty if neither is known."""
    e = facts.evidence
    if e.memory_limit:
        return f" (limit {e.memory_limit / 2**30:.1f} GiB, peak {(e.peak_memory or e.memory_limit) / 2**30:.1f} GiB)"
    return f" (peak {e.peak_memory / 2**30:.1f} GiB)" if e.peak_memory else ""


def unclaimed(facts: Facts, most: int = 5) -> str:
    """Files that belong to no output, with their sizes: the first few by name."""
    e = facts.evidence
    names = [f"{file.path} ({file.size:,} bytes)" for file in e.unclaimed[:most]]
    more = and_more(e.unclaimed_count - len(names))
    return ", ".join(names) + more


def dropped(facts: Facts) -> list[str]:
    """A note on files that were not kept, if there are any."""
    count = facts.evidence.unclaimed_count
    files = "1 file that belongs" if count == 1 else f"{count} files that belong"
    return [f"Not kept: the tool also wrote {files} to no output: {unclaimed(facts)}."] if count else []


def tail(facts: Facts) -> str:
    """The last line of the output that is not blank."""
    return next((line for line in reversed(facts.evidence.tail) if line.strip()), "")


def where(facts: Facts) -> str:
    """Where the log ended: in an image set, or after the last one that it finished."""
    started = facts.evidence.sets_started
    if not started:
        return ""
    behind = [n for n in started if n not in facts.evidence.sets_finished]
    return f" in {facts.label(max(behind))}" if behind else f" after {facts.label(max(started))}"
