"""What the rules say a verdict with: its parts, and how image sets, memory and places are named."""

from __future__ import annotations

from collections.abc import Sequence

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.words import and_more
from platerunner_unit.judge.facts import Facts


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
