"""The verdict on a job of which nothing is left but what AWS Batch says."""

from __future__ import annotations

import re
from typing import Optional

from platerunner_unit.category import BY_EXIT_CODE, CATEGORIES, Category
from platerunner_unit.evidence import BatchEvidence, Evidence, Verdict
from platerunner_unit.rules_batch import BATCH_RULES, BatchRule
from platerunner_unit.rules_ending import SIGNALS

C = Category
# Reasons that Batch gives of its own accord; a reason that is none of them was given by whoever called TerminateJob.
_OWN_REASONS = re.compile(
    r"^(?:Essential container in task exited|Task (?:stopped|failed).*|Scaling activity|Job .*|Host EC2.*"
    r"|Array Child Job failed.*)?$",
    re.I,
)


def judge_batch(evidence: Evidence) -> Verdict:
    """The verdict on a job of which only Batch's words, and perhaps the end of its log, are known.

    :param evidence: with ``batch``.
    """
    batch = evidence.batch or BatchEvidence()
    for rule in BATCH_RULES:
        line = _matching(rule, batch)
        if line is not None:
            return Verdict(rule.category.value, f"{rule.sentence} AWS Batch says: {_short(line)}", line, rule.name)
    return _stopped(batch) or _by_exit_code(batch.exit_code, evidence) or _by_status(batch)


def _matching(rule: BatchRule, batch: BatchEvidence) -> Optional[str]:
    reasons = {"status": [batch.status_reason], "container": [batch.container_reason]}
    for reason in reasons.get(rule.where, [batch.container_reason, batch.status_reason]):
        if re.search(rule.pattern, reason, re.IGNORECASE | re.DOTALL):
            return reason
    return None


def _short(line: str) -> str:
    return line if len(line) <= 300 else line[:297] + "..."


def _stopped(batch: BatchEvidence) -> Optional[Verdict]:
    reason = batch.status_reason
    if not reason or _OWN_REASONS.match(reason) or batch.exit_code == 0:
        return None
    return Verdict(C.STOPPED_BY_USER.value, f"Somebody stopped the job: {_short(reason)}", reason, "terminated")


def _by_exit_code(code: Optional[int], evidence: Evidence) -> Optional[Verdict]:
    if not code:
        return None
    line = next((text for text in reversed(evidence.tail) if text.strip()), "")
    if code in BY_EXIT_CODE:
        category = BY_EXIT_CODE[code]
        sentence = f"The runner's exit code {code} says: {CATEGORIES[category].meaning}."
        return Verdict(category.value, sentence, line, "runner_exit_code")
    if code - 128 in SIGNALS:
        category, clause = SIGNALS[code - 128]
        return Verdict(category.value, f"{clause} and left no outcome (exit code {code}).", line, "signal")
    if code in (126, 127):
        sentence = f"The container's command could not be run (exit code {code})."
        return Verdict(C.MISCONFIGURED.value, sentence, line, "no_command")
    sentence = f"The container ended with exit code {code} and left no outcome."
    return Verdict(C.UNKNOWN.value, sentence, line, "exit_code")


def _by_status(batch: BatchEvidence) -> Verdict:
    if batch.status == "SUCCEEDED" or batch.exit_code == 0:
        sentence = (
            "AWS Batch calls the job succeeded, but it left no outcome: nothing proves that its outputs are there."
        )
        return Verdict(C.UNKNOWN.value, sentence, batch.status_reason, "no_outcome")
    return Verdict(
        C.UNKNOWN.value,
        f"The job is {batch.status or 'gone'} and left no outcome.",
        batch.container_reason or batch.status_reason,
        "no_reason",
    )
