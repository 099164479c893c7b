"""Rules on how a run ended: by a signal, by its supervisor, too early, or with less than was asked for."""

from __future__ import annotations

import re
from typing import Optional

from platerunner_unit.contract import hints
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.words import and_more
from platerunner_unit.judge import causes
from platerunner_unit.judge.facts import Facts, listed, memory, tail, unclaimed, verdict, where

C = Category


def oom_killed(facts: Facts) -> Optional[Verdict]:
    """The kernel killed something in the job's memory cgroup."""
    e = facts.evidence
    if not e.oom_kills:
        return None
    return verdict(C.OUT_OF_MEMORY, f"The kernel ended the tool because memory ran out{memory(facts)}.")


def stopped(facts: Facts) -> Optional[Verdict]:
    """The supervisor ended the tool: a person or AWS asked for it, or a limit was reached."""
    place = where(facts)
    if facts.evidence.stopped_by == "user":
        return verdict(C.STOPPED_BY_USER, f"It was stopped from outside{place}.")
    if facts.evidence.stopped_by == "timeout":
        return verdict(C.TIMED_OUT, f"The time limit was reached{place}.", tail(facts))
    if facts.evidence.stopped_by in ("stall", "after_complete"):
        return verdict(C.STALLED, f"It made no progress any more{place} and was ended.", tail(facts))
    return None


DISK_USED_UP = 8 << 20


def disk_used_up(facts: Facts) -> Optional[Verdict]:
    """No line says so, but hardly a byte was free when the tool failed: measured by statvfs at that moment."""
    free = facts.evidence.disk_free
    if free is None or free >= DISK_USED_UP or facts.evidence.exit_code == 0:
        return None
    return verdict(C.OUT_OF_DISK, f"Only {free / 2**20:.1f} MiB of disk were left when the tool failed.", tail(facts))


def died(facts: Facts) -> Optional[Verdict]:
    """A signal ended the tool. 128 + n is how a shell shows signal n; CellProfiler's JVM turns SIGSEGV into SIGABRT."""
    code = facts.evidence.exit_code
    signal = None if code is None else code - 128 if code > 128 else -code
    if signal not in SIGNALS:
        return None
    category, clause = SIGNALS[signal]
    if signal == SIGKILL and facts.evidence.oom_kills == 0:
        category, clause = C.UNKNOWN, "It was killed (SIGKILL), though not by the kernel for memory,"
    # Only CellProfiler's log tells when its work begins.
    place = where(facts) or (" before it began" if facts.evidence.tool == "cellprofiler" else "")
    reached = memory(facts) if category is C.OUT_OF_MEMORY else ""
    happened = f"{clause}{place}".rstrip(",")
    return verdict(category, f"{happened}{reached}.", tail(facts))


SIGKILL = 9
# Signal number to what it means when nobody is known to have sent it; an unexplained SIGKILL is the kernel's.
SIGNALS: dict[Optional[int], tuple[Category, str]] = {
    1: (C.STOPPED_BY_USER, "It was hung up (SIGHUP)"),
    2: (C.STOPPED_BY_USER, "It was interrupted (SIGINT)"),
    3: (C.STOPPED_BY_USER, "It was told to quit (SIGQUIT)"),
    4: (C.TOOL_ERROR, "It crashed (SIGILL)"),
    6: (C.TOOL_ERROR, "It aborted (SIGABRT)"),
    7: (C.TOOL_ERROR, "It crashed (SIGBUS)"),
    8: (C.TOOL_ERROR, "It crashed (SIGFPE)"),
    9: (C.OUT_OF_MEMORY, "It was killed (SIGKILL), as the kernel does when memory runs out,"),
    11: (C.TOOL_ERROR, "It crashed (SIGSEGV)"),
    15: (C.STOPPED_BY_USER, "It was terminated (SIGTERM)"),
    24: (C.TIMED_OUT, "It used up its CPU time (SIGXCPU)"),
    25: (C.OUT_OF_DISK, "A file grew beyond its limit (SIGXFSZ)"),
}


def nothing_matched(facts: Facts) -> Optional[Verdict]:
    """CellProfiler says nothing when it finds no image set: it ends with 1 or 255, or with 0 for an unknown group."""
    e = facts.evidence
    if e.tool != "cellprofiler" or e.sets_started or e.asks != "image_sets" or e.sets_in_table:
        return None
    if e.exit_code not in (0, 1, 255):
        return None
    if facts.asked == frozenset():
        return verdict(C.NOTHING_MATCHED, e.unmatched or "No image set was asked for that exists.", notes=e.warnings)
    if e.exit_code == 0 and facts.log_lost and facts.asked is None:
        return None
    return verdict(C.NOTHING_MATCHED, e.unmatched or "CellProfiler found no image set to work on.", tail(facts))


def names_changed(facts: Facts) -> Optional[Verdict]:
    """CellProfiler's own LoadData read names as numbers, so that tables and files carry others than the spec."""
    names = facts.changed_names
    if facts.evidence.tool != "cellprofiler" or not names or not facts.orderly:
        return None
    more = and_more(len(names) - 3)
    sentence = f"CellProfiler read names as numbers and wrote {', '.join(names[:3])}{more}."
    return verdict(C.PIPELINE_INVALID, sentence)


def table_of_other_rows(facts: Facts) -> Optional[Verdict]:
    """The Image table has an image set twice, or one that nobody asked for, so it is not this run's table alone."""
    if not facts.orderly or not (facts.doubled or facts.strangers):
        return None
    if facts.doubled:
        sentence = f"CellProfiler's Image table has more than one row for {listed(facts, facts.doubled)}."
    else:
        sentence = f"CellProfiler's Image table has rows that nobody asked for: {listed(facts, facts.strangers)}."
    return verdict(C.OUTPUT_MISSING, sentence)


def flagged(facts: Facts) -> Optional[Verdict]:
    """FlagImage skipped image sets on purpose, and nothing else is missing; the spec did not allow it."""
    if not facts.lost or facts.flagged != facts.lost or facts.vetoes:
        return None
    sets = f"{len(facts.flagged)} of {len(facts.asked or ())} image sets"
    sentence = f"FlagImage skipped {sets} on purpose: {listed(facts, facts.flagged)}."
    return verdict(C.PARTIAL, sentence, partial=facts.partial)


def skipped(facts: Facts) -> Optional[Verdict]:
    """The run came to its end, but some image sets did not reach it, and no line says why (FlagImage, a range)."""
    asked = facts.asked or frozenset()
    all_begun = asked <= frozenset(facts.evidence.sets_started) and facts.orderly
    if not facts.lost or not (facts.partial or all_begun) or facts.vanished:
        return None
    what = _what_became(facts)
    sentence = f"{len(facts.lost)} of {len(asked)} image sets {what}: {listed(facts, facts.lost)}."
    return verdict(C.PARTIAL, sentence, partial=facts.partial)


def _what_became(facts: Facts) -> str:
    """What the lost image sets have in common, as far as the log tells."""
    started, finished = set(facts.evidence.sets_started), set(facts.evidence.sets_finished)
    if facts.log_lost:
        return "did not come out"
    if not started & set(facts.lost):
        return "were never begun"
    if finished >= set(facts.lost):
        return "reached the end, but the Image table that is left does not have them"
    names = {facts.stopped_at(n) for n in facts.lost if n in started}
    after = " or ".join(sorted(name for name in names if name))
    return f"went no further after {after}" if after else "did not come out"


def vanished(facts: Facts) -> Optional[Verdict]:
    """The process ended by itself before its work was done: ``sys.exit``, ``os._exit``, ``System.exit``."""
    e = facts.evidence
    if e.tool != "cellprofiler" or not e.sets_started or not (facts.lost or not facts.done):
        return None
    return verdict(
        C.TOOL_ERROR,
        f"The tool ended (exit code {e.exit_code}) without a word{where(facts)}, "
        f"with {len(facts.good)} of {len(facts.asked or ())} image sets done.",
        tail(facts),
    )


def output_missing(facts: Facts) -> Optional[Verdict]:
    """The tool ended well, but an output is not there or cannot be right."""
    if not facts.bad_outputs or facts.evidence.exit_code != 0:
        return None
    first = facts.bad_outputs[0]
    what = first.problem or "was not written"
    more = f" ({len(facts.bad_outputs) - 1} more like this.)" if len(facts.bad_outputs) > 1 else ""
    wrote = f"In its output folder the tool wrote {unclaimed(facts)}" if facts.evidence.unclaimed else ""
    if not wrote and all(output.size is None for output in facts.evidence.outputs):
        wrote = "The tool wrote nothing into its output folder"
    instead = f" {wrote}." if wrote and first.size is None else ""
    cause = first.cause or ("output_damaged" if first.problem and first.size is not None else "")
    hint = hints.BY_RULE.get(cause, "")
    return verdict(C.OUTPUT_MISSING, f"The output {first.key} {what}.{more}{instead}", hint=hint)


def tool_failed(facts: Facts) -> Optional[Verdict]:
    """A tool other than CellProfiler ended with an error, or the runner's own exit code is all that is known."""
    e = facts.evidence
    if e.tool != "command" or e.exit_code in (None, 0):
        return None
    last = tail(facts)
    if (own := _OWN_MODULE.match(last)) is not None:
        return verdict(C.TOOL_ERROR, f"{own[1].capitalize()} stopped: {causes.short(own[2])}.", last)
    said = f"; the last that it said: {causes.short(last)}" if last else " and said nothing"
    return verdict(C.TOOL_ERROR, f"The tool ended with exit code {e.exit_code}{said}.", last)


# What the modules that come with the runner say when data or parameters are at fault: imaging/__main__.py.
_OWN_MODULE = re.compile(r"(?:platerunner-)?(imaging \S+): (.+)")
