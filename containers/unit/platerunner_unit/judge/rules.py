"""What an attempt's evidence means: the rules in the order in which they are tried; the first that finds it decides.

Here, too, are those that find success: each stands on positive proof.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Optional

from platerunner_unit.contract import hints
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence, Verdict
from platerunner_unit.judge import cause_rules, ending_rules
from platerunner_unit.judge import plink_rules as plink
from platerunner_unit.judge import regenie_rules as regenie
from platerunner_unit.judge.batch import judge_batch
from platerunner_unit.judge.facts import FLUSH_FAILED, Facts, dropped, listed, tail, verdict

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
        and not facts.strangers
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
    wrote = "its output" if len(e.outputs) == 1 else f"all {len(e.outputs)} outputs"
    return verdict(C.SUCCEEDED, f"The tool ended with 0 and wrote {wrote}.", notes=notes)


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


Finder = Callable[[Facts], Optional[Verdict]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    :param name: stored in the verdict.
    :param learnt_from: what was really seen: a line, an exit code, a documented behaviour.
    :param find: the verdict, or None if the rule does not apply.
    """

    name: str
    learnt_from: str
    find: Finder


def unknown(facts: Facts) -> Verdict:
    """Nothing is proven, and nothing is named."""
    e = facts.evidence
    if e.tool == "cellprofiler" and e.asks == "image_sets" and facts.asked is None and e.exit_code == 0:
        return verdict(
            Category.UNKNOWN, "It is not known which image sets were asked for, so nothing can be proven.", tail(facts)
        )
    code = "no exit code" if e.exit_code is None else f"exit code {e.exit_code}"
    return verdict(Category.UNKNOWN, f"The tool ended with {code}, and nothing that it left tells why.", tail(facts))


RULES: tuple[Rule, ...] = (
    Rule("succeeded", "design: success needs everything to agree", succeeded),
    Rule("command_succeeded", "design: exit code 0 and every expected output", command_succeeded),
    Rule("listing", "--- end measurements ---", listing_succeeded),
    Rule(
        "batch_file",
        "CreateBatchFiles: exit 1, or 255 and Failure, with Batch_data.h5 whole",
        batch_file_succeeded,
    ),
    Rule("transfer", "obstore: the storage's error with the key", cause_rules.transfer),
    Rule(
        "preflight", "a pipeline cut at a module boundary, a truncated TIFF: exit 0, no log line", cause_rules.preflight
    ),
    Rule("oom_killed", "memory.events: oom_kill 1", ending_rules.oom_killed),
    Rule("never_started", "OSError from Popen", cause_rules.never_started),
    Rule(
        "resources",
        "_ArrayMemoryError: Unable to allocate; OSError: [Errno 28] No space left on device",
        cause_rules.resources,
    ),
    Rule("stopped", "SIGTERM in mid-run: exit 143, or a deadlock", ending_rules.stopped),
    Rule("disk_used_up", "OSError: 65536 requested and 16352 written", ending_rules.disk_used_up),
    Rule("miscounted", "ModuleCount:4 with 2 blocks: exit 0, done file Complete", cause_rules.miscounted),
    Rule("logged", "the line rules' own examples", cause_rules.logged),
    Rule("died", "exit 137, 134, 139, 143", ending_rules.died),
    Rule(
        "nothing_matched",
        "an unknown group with --done-file: exit 0, Complete, no log line",
        ending_rules.nothing_matched,
    ),
    Rule("names_changed", "LoadData writes plate 0512 as 512, 12E4 as 120000.0", ending_rules.names_changed),
    Rule(
        "other_rows",
        "two rows for image set 3, a row for image set 7 of 6: exit 0, Complete",
        ending_rules.table_of_other_rows,
    ),
    Rule("flagged", "FlagImage's skip: it is the last module in the log for the image set", ending_rules.flagged),
    Rule("skipped", "FlagImage's skip: exit 0, Complete, blank cells in Image.csv", ending_rules.skipped),
    Rule("vanished", "a module calls os._exit(0): exit 0, no done file, no last line", ending_rules.vanished),
    Rule("output_missing", "exit 0 and no file", ending_rules.output_missing),
    Rule("tool_failed", "exit code of a command", ending_rules.tool_failed),
)

# The same for regenie. What stopped it comes first; then, of a run that ended with 0, all that may be lost or wrong.
REGENIE_RULES: tuple[Rule, ...] = (
    Rule("transfer", "obstore: the storage's error with the key", cause_rules.transfer),
    Rule("preflight", "a BED cut in the middle: exit 0, LOCO files whole and wrong", cause_rules.preflight),
    Rule("oom_killed", "memory.events: oom_kill 1", ending_rules.oom_killed),
    Rule("never_started", "OSError from Popen", cause_rules.never_started),
    Rule("stopped", "SIGTERM in mid-run: exit 143, whole rows under final names", ending_rules.stopped),
    Rule("cut_genotypes", "exit 134: terminate called after throwing ... basic_string", regenie.cut_genotypes),
    Rule("disk_used_up", "ERROR: cannot successfully write temporary level 0 predictions", ending_rules.disk_used_up),
    Rule("regenie_said", "ERROR: ...; PgrGet1() error 4; libgomp: Thread creation failed", regenie.said),
    Rule("died", "exit 137, 139, 143, 152, 153", ending_rules.died),
    Rule("tool_failed", "exit code without a line", regenie.failed),
    Rule("told", "--version", regenie.told),
    Rule("broke_off", "a log without `End time`", regenie.broke_off),
    Rule("not_fitted", "WARNING: logistic regression did not converge: exit 0, no LOCO file", regenie.not_fitted),
    Rule("cut_outputs", "a full disk: exit 0, End time, a last row without its end", regenie.cut_outputs),
    Rule("short_outputs", "a full disk: exit 0, 5 of 23 rows", regenie.short_outputs),
    Rule("same_trait_twice", "two columns Y1: exit 0, step 2 refuses the list", regenie.same_trait_twice),
    Rule("not_a_number", "Rsq = -nan: exit 0, LOCO files of nan", regenie.not_a_number),
    Rule("lost_traits", "a trait that is no column: exit 0, no word", regenie.lost_traits),
    Rule("empty_traits", "exact Firth: exit 0, header only, no line in the list of files", regenie.empty_traits),
    Rule("fewer_samples", "a FAM without its last five samples: exit 0, all results wrong", regenie.fewer_samples),
    Rule("fewer_variants", "a BGEN cut between two variants: exit 0", regenie.fewer_variants),
    Rule("lost_tests", "the same in step 2: rows and ignored tests do not add up", regenie.lost_tests),
    Rule("lost_chromosomes", "--chrList 7,22 without a 7: exit 0; a BED cut before 22", regenie.lost_chromosomes),
    Rule("unknown_sets", "WARNING: Detected 5 sets with only unknown variants", regenie.unknown_sets),
    Rule("output_missing", "exit 0 and no file", ending_rules.output_missing),
    Rule("regenie_succeeded", "design: everything adds up", regenie.proven),
)

# The same for PLINK, of which version 1.9 leaves traits out with exit code 0.
PLINK_RULES: tuple[Rule, ...] = (
    Rule("transfer", "obstore: the storage's error with the key", cause_rules.transfer),
    Rule("preflight", "decimal commas: PLINK 1.9 cuts them, exit 0", cause_rules.preflight),
    Rule("oom_killed", "memory.events: oom_kill 1", ending_rules.oom_killed),
    Rule("never_started", "OSError from Popen", cause_rules.never_started),
    Rule("stopped", "SIGTERM in mid-run", ending_rules.stopped),
    Rule("disk_used_up", "hardly a byte is free", ending_rules.disk_used_up),
    Rule("plink_said", "Error: File write failure: No space left on device.", plink.said),
    Rule("died", "exit 137, 139, 143", ending_rules.died),
    Rule("tool_failed", "exit code without a line", regenie.failed),
    Rule("told", "--version", regenie.told),
    Rule("broke_off", "a log without `End time`", regenie.broke_off),
    Rule("cut_outputs", "a last row without its end", regenie.cut_outputs),
    Rule("lost_traits", "1.9: Warning: Skipping --linear since phenotype is constant. exit 0", regenie.lost_traits),
    Rule("fewer_samples", "a FAM that was cut after it was looked at", regenie.fewer_samples),
    Rule("lost_tests", "a table without its last rows", regenie.lost_tests),
    Rule("no_values", "1.9: covariates that follow from each other: exit 0, all p-values NA", plink.no_values),
    Rule("lost_chromosomes", "--chr 1,7 without a 7: exit 0", regenie.lost_chromosomes),
    Rule("output_missing", "exit 0 and no file", ending_rules.output_missing),
    Rule("plink_succeeded", "design: everything adds up", regenie.proven),
)
OF_TOOL = {"regenie": REGENIE_RULES, "plink": PLINK_RULES}


def judge(evidence: Evidence) -> Verdict:
    """Decide what became of a unit. Success needs positive proof; any doubt is a failure with a name.

    Pure, and never raises. With nothing but what AWS Batch says (``tool`` is None) the rules for Batch decide.

    :param evidence: as the runner, a recording or Batch gives it; every field may be unknown.
    """
    if evidence.batch is not None and evidence.tool is None:
        return judge_batch(evidence)
    facts = Facts(evidence)
    for rule in OF_TOOL.get(str(evidence.tool), RULES):
        found = rule.find(facts)
        if found is not None:
            return _complete(found, rule.name, evidence.tool)
    return _complete(unknown(facts), "unknown", evidence.tool)


def _complete(found: Verdict, rule: str, tool: Optional[str]) -> Verdict:
    """A verdict with the rule that found it, and what to do about a failure."""
    rule = found.rule or rule
    if found.category == C.SUCCEEDED.value:
        return replace(found, rule=rule)
    return replace(found, rule=rule, hint=found.hint or hints.hint(Category(found.category), rule, tool))
