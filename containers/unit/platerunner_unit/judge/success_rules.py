"""The rules that find success: each stands on positive proof."""

from __future__ import annotations

from typing import Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.judge.facts import FLUSH_FAILED, Facts
from platerunner_unit.judge.sentences import dropped, listed, verdict

C = Category


def proven(facts: Facts) -> bool:
    """Whether everything agrees that the run is good: the only way to success for CellProfiler."""
    e = facts.evidence
    return (
        e.started
        and bool(facts.asked)
        and not facts.lost
        and facts.orderly
        and facts.exported
        and not facts.vetoes
        and not facts.changed_names
        and not e.preflight
        and not e.transfers
    )


def succeeded(facts: Facts) -> Optional[Verdict]:
    """Every image set reached the last module, the tool said so, and every output is there."""
    e = facts.evidence
    if e.tool != "cellprofiler" or e.asks != "image_sets" or not proven(facts):
        return None
    if e.exit_code != 0 and e.stopped_by in ("user", "timeout"):
        return None
    count = len(facts.asked or ())
    reached = f"All {count} image sets reached the last module"
    if facts.flagged:
        reached = f"{len(facts.good)} of {count} image sets reached the last module, FlagImage skipped the others"
    return verdict(C.SUCCEEDED, f"{reached}, and every output is there.", notes=_notes(facts))


def _notes(facts: Facts) -> list[str]:
    e = facts.evidence
    notes = list(e.warnings)
    if facts.flagged:
        notes.append(f"FlagImage skipped, as the spec allows: {listed(facts, facts.flagged, most=50)}.")
    if facts.hung_when_done:
        notes.append("It hung after its work was done and was ended.")
    if e.exit_code == FLUSH_FAILED:
        notes.append("Whoever read its output went away before it ended.")
    if facts.has("done_file_unwritable"):
        notes.append("Its done file could not be written.")
    notes += dropped(facts)
    return notes


def command_succeeded(facts: Facts) -> Optional[Verdict]:
    """A tool other than CellProfiler: it ended with 0 and every output is there."""
    e = facts.evidence
    if e.tool != "command" or not e.started or e.exit_code != 0 or e.stopped_by in ("timeout", "stall"):
        return None
    if e.preflight or e.transfers or not e.outputs or not facts.exported:
        return None
    notes = [*e.warnings, *dropped(facts)]
    return verdict(C.SUCCEEDED, f"The tool ended with 0 and wrote all {len(e.outputs)} outputs.", notes=notes)


def listing_succeeded(facts: Facts) -> Optional[Verdict]:
    """CellProfiler was asked to print something and did; ``--measurements`` then goes on to a run that fails."""
    e = facts.evidence
    if e.tool != "cellprofiler" or e.asks != "listing" or not e.started or e.preflight or e.transfers:
        return None
    if facts.has("listing_ended") or (e.exit_code == 0 and bool(e.outputs) and facts.exported):
        return verdict(C.SUCCEEDED, "CellProfiler printed what it was asked for.")
    return None


def batch_file_succeeded(facts: Facts) -> Optional[Verdict]:
    """CreateBatchFiles ends the run on purpose, which CellProfiler reports as a failure; the file is what counts."""
    e = facts.evidence
    if e.tool != "cellprofiler" or e.asks != "batch_file" or not e.started or facts.vetoes:
        return None
    if e.preflight or e.transfers:
        return None
    if e.outputs and facts.exported and e.exit_code in (0, 1, 255) and not e.stopped_by:
        return verdict(C.SUCCEEDED, "CreateBatchFiles wrote its batch file.")
    return None
