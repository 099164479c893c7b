"""The judge's rules, in the order in which they are tried: the first that finds something decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.judge import cause_rules as rules_cause
from platerunner_unit.judge import ending_rules as rules_ending
from platerunner_unit.judge import success_rules as rules_success
from platerunner_unit.judge.facts import Facts
from platerunner_unit.judge.sentences import tail, verdict

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
    Rule("succeeded", "design: success needs everything to agree", rules_success.succeeded),
    Rule("command_succeeded", "design: exit code 0 and every expected output", rules_success.command_succeeded),
    Rule("listing", "--- end measurements ---", rules_success.listing_succeeded),
    Rule(
        "batch_file",
        "CreateBatchFiles: exit 1, or 255 and Failure, with Batch_data.h5 whole",
        rules_success.batch_file_succeeded,
    ),
    Rule("transfer", "obstore: the storage's error with the key", rules_cause.transfer),
    Rule(
        "preflight", "a pipeline cut at a module boundary, a truncated TIFF: exit 0, no log line", rules_cause.preflight
    ),
    Rule("oom_killed", "memory.events: oom_kill 1", rules_ending.oom_killed),
    Rule("never_started", "OSError from Popen", rules_cause.never_started),
    Rule(
        "resources",
        "_ArrayMemoryError: Unable to allocate; OSError: [Errno 28] No space left on device",
        rules_cause.resources,
    ),
    Rule("stopped", "SIGTERM in mid-run: exit 143, or a deadlock", rules_ending.stopped),
    Rule("disk_used_up", "OSError: 65536 requested and 16352 written", rules_ending.disk_used_up),
    Rule("miscounted", "ModuleCount:4 with 2 blocks: exit 0, done file Complete", rules_cause.miscounted),
    Rule("logged", "the line rules' own examples", rules_cause.logged),
    Rule("died", "exit 137, 134, 139, 143", rules_ending.died),
    Rule(
        "nothing_matched",
        "an unknown group with --done-file: exit 0, Complete, no log line",
        rules_ending.nothing_matched,
    ),
    Rule("names_changed", "LoadData writes plate 0512 as 512, 12E4 as 120000.0", rules_ending.names_changed),
    Rule("flagged", "FlagImage's skip: it is the last module in the log for the image set", rules_ending.flagged),
    Rule("skipped", "FlagImage's skip: exit 0, Complete, blank cells in Image.csv", rules_ending.skipped),
    Rule("vanished", "a module calls os._exit(0): exit 0, no done file, no last line", rules_ending.vanished),
    Rule("output_missing", "exit 0 and no file", rules_ending.output_missing),
    Rule("tool_failed", "exit code of a command", rules_ending.tool_failed),
)
