"""Rules that name a cause: what staging, the checks before the start, or the log says."""

from __future__ import annotations

from typing import Optional

from platerunner_unit.contract import hints
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.judge import causes
from platerunner_unit.judge.facts import Facts, listed, tail, verdict

C = Category


def transfer(facts: Facts) -> Optional[Verdict]:
    """Staging failed: what the storage answered tells whose matter it is."""
    failures = facts.evidence.transfers
    if not failures:
        return None
    first = failures[0]
    more = f" ({len(failures) - 1} more like this.)" if len(failures) > 1 else ""
    passing = first.meaning.category in (C.TRANSFER_FAILED, C.THROTTLED, C.OUT_OF_DISK)
    sentence = f"Copying files failed: {causes.short(first.text)}." if passing else f"{first.text}."
    notes = [failure.text for failure in failures[1:21]]
    return verdict(first.meaning.category, sentence + more, first.text, notes=notes, hint=first.meaning.hint)


def preflight(facts: Facts) -> Optional[Verdict]:
    """Something was wrong before the start; nothing that came after it can be trusted."""
    problems = facts.evidence.preflight
    if not problems:
        return None
    first = problems[0]
    notes = [p.sentence for p in problems[1:21]]
    category = Category(first.category) if first.category in _WORDS else C.UNKNOWN
    if category is C.PARTIAL and not facts.evidence.started:
        category = C.PIPELINE_INVALID  # it would have lost image sets; nothing was lost yet
    more = f" ({len(problems) - 1} more like this.)" if len(problems) > 1 else ""
    sentence = first.sentence.strip() or "A check before the start failed."
    partial = category is C.PARTIAL and facts.partial
    return verdict(category, sentence + more, notes=notes, partial=partial, hint=first.hint)


_WORDS = {category.value for category in Category} - {C.SUCCEEDED.value}


def never_started(facts: Facts) -> Optional[Verdict]:
    """The supervisor could not start the tool, and nobody had asked it not to."""
    if facts.evidence.started or facts.evidence.stopped_by:
        return None
    return verdict(C.MISCONFIGURED, "The tool could not be started.", tail(facts))


def miscounted(facts: Facts) -> Optional[Verdict]:
    """The pipeline file claims more modules than it has: CellProfiler runs the rest silently."""
    e = facts.evidence
    if e.module_count is None or e.module_blocks is None or e.module_count == e.module_blocks:
        return None
    return verdict(
        C.PIPELINE_INVALID, f"The pipeline says that it has {e.module_count} modules, but it has {e.module_blocks}."
    )


def resources(facts: Facts) -> Optional[Verdict]:
    """Memory or disk ran out, by the log: these explain whatever else went wrong."""
    cause = causes.find(facts, {C.OUT_OF_MEMORY, C.OUT_OF_DISK})
    return None if cause is None else caused(facts, cause)


def logged(facts: Facts) -> Optional[Verdict]:
    """The log names a cause."""
    cause = causes.find(facts)
    return None if cause is None else caused(facts, cause)


def caused(facts: Facts, cause: causes.Cause) -> Verdict:
    """The verdict on a cause: of the whole run, or of the image sets that it cost."""
    hint = cause.hint or hints.hint(cause.category, cause.rule, facts.evidence.tool)
    happened = f"{cause.place}: {cause.clause}" if cause.place else cause.clause
    notes = list(facts.evidence.warnings)
    if facts.partial:
        lost = (
            f"skipped {len(facts.lost)} of {len(facts.asked or ())} image sets"
            if facts.lost
            else "may have used wrong data"
        )
        if len(facts.lost) > 1:
            notes.append(f"Skipped: {listed(facts, facts.lost, most=50)}.")
        return verdict(cause.category, f"CellProfiler {lost}: {happened}.", cause.line, notes, partial=True, hint=hint)
    idle = facts.evidence.tool == "cellprofiler" and not facts.evidence.sets_started
    began = "did not start its work" if idle else "failed"
    sentence = happened if cause.place else f"The tool {began}: {happened}"
    return verdict(cause.category, f"{sentence[0].upper()}{sentence[1:]}.", cause.line, notes, hint=hint)
