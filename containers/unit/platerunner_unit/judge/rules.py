"""The judge's rules, in the order in which they are tried: the first that finds something decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.judge import cause_rules, ending_rules, success_rules
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
    Rule("succeeded", "design: success needs everything to agree", success_rules.succeeded),
    Rule("command_succeeded", "design: exit code 0 and every expected output", success_rules.command_succeeded),
    Rule("listing", "--- end measurements ---", success_rules.listing_succeeded),
    Rule(
        "batch_file",
        "CreateBatchFiles: exit 1, or 255 and Failure, with Batch_data.h5 whole",
        success_rules.batch_file_succeeded,
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
    Rule("flagged", "FlagImage's skip: it is the last module in the log for the image set", ending_rules.flagged),
    Rule("skipped", "FlagImage's skip: exit 0, Complete, blank cells in Image.csv", ending_rules.skipped),
    Rule("vanished", "a module calls os._exit(0): exit 0, no done file, no last line", ending_rules.vanished),
    Rule("output_missing", "exit 0 and no file", ending_rules.output_missing),
    Rule("tool_failed", "exit code of a command", ending_rules.tool_failed),
)
