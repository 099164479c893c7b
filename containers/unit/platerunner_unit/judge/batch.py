"""The verdict on a job that left nothing but what AWS Batch says."""

from __future__ import annotations

import re
from typing import Optional

from platerunner_unit.contract.category import BY_EXIT_CODE, CATEGORIES, Category
from platerunner_unit.contract.evidence import BatchEvidence, Evidence, Verdict
from platerunner_unit.contract.words import shorten
from platerunner_unit.judge.batch_rules import BATCH_RULES
from platerunner_unit.judge.batch_words import Said
from platerunner_unit.judge.ending_rules import SIGKILL, SIGNALS

C = Category
MOST_SAID = 300
"""Characters of Batch's own words in a sentence."""
# What Batch says of its own accord of a job that was ended, even one that somebody asked it to end.
_OWN_REASONS = re.compile(
    r"(?:host EC2 \(|job attempt duration exceeded timeout|your spot task|spotinterruption"
    r"|(?:MISCONFIGURATION|CAPACITY):|(?:cancell?ed|terminated) by JobStateTimeLimit)",
    re.IGNORECASE,
)
# Batch says this of every container that ended, so that it tells nothing.
_EMPTY_REASONS = re.compile(
    r"(?:essential container in task exited|(?:essential )?container exited|task failed to start|task stopped)?\W*",
    re.IGNORECASE,
)
# How persons and their tools sign what they stop; nobody signs for AWS.
_SIGNED = re.compile(
    r"(?:\w+ )?(?:was )?(?:terminated|cancell?ed|killed|stopped|aborted) by "
    r"(?!\(|(?:the |an? )?(?:AWS|amazon|batch|ECS|EC2|fargate|spot|system"
    r"|scheduler|service|kernel|signal|host|instance|OOM|JobStateTimeLimit)\b)|platerunner: ",
    re.IGNORECASE,
)


def judge_batch(evidence: Evidence) -> Verdict:
    """The verdict on a job, from Batch's words alone and perhaps the end of its log.

    :param evidence: with ``batch``.
    """
    batch = evidence.batch or BatchEvidence()
    return _stopped(batch) or _by_rule(batch) or _by_exit_code(batch, evidence) or _by_status(batch)


def _stopped(batch: BatchEvidence) -> Optional[Verdict]:
    """Somebody asked Batch to end it: its own record says so, or the reason that they gave is signed."""
    reason = batch.status_reason
    if _OWN_REASONS.match(reason) or batch.status == "SUCCEEDED":
        return None
    if batch.stopped or _SIGNED.match(reason):
        return Verdict(
            C.STOPPED_BY_USER.value, f"Somebody stopped the job: {shorten(reason, MOST_SAID)}", reason, "terminated"
        )
    return None


def _by_rule(batch: BatchEvidence) -> Optional[Verdict]:
    sayings = [Said.of(reason) for reason in (batch.container_reason, batch.status_reason) if reason.strip()]
    for rule in BATCH_RULES:
        for said in sayings:
            if rule.fits(said):
                sentence = f"{rule.sentence} AWS Batch says: {shorten(said.text, MOST_SAID)}"
                return Verdict(rule.category.value, sentence, said.text, rule.name)
    return None


def _by_exit_code(batch: BatchEvidence, evidence: Evidence) -> Optional[Verdict]:
    code = batch.exit_code
    if not code:
        return None
    line = next((text for text in reversed(evidence.tail) if text.strip()), "")
    if code in BY_EXIT_CODE:
        category = BY_EXIT_CODE[code]
        sentence = f"The runner's exit code {code} says: {CATEGORIES[category].meaning}."
        return Verdict(category.value, sentence, line, "runner_exit_code")
    if code in (126, 127):
        sentence = f"The container's command could not be run (exit code {code})."
        return Verdict(C.MISCONFIGURED.value, sentence, line, "no_command")
    return _by_signal(batch, code - 128, line) or _without_cause(batch, f"ended with exit code {code}", line)


def _by_signal(batch: BatchEvidence, signal: int, line: str) -> Optional[Verdict]:
    """What a signal means, unless it came from outside and its sender is unknown."""
    if signal not in SIGNALS:
        return None
    category, clause = SIGNALS[signal]
    explained = bool(_EMPTY_REASONS.fullmatch(batch.status_reason)) and not batch.container_reason.strip()
    if category is C.STOPPED_BY_USER or (signal == SIGKILL and not explained):
        return _without_cause(
            batch, f"was ended from outside, it is not known by whom (exit code {signal + 128}),", line
        )
    return Verdict(category.value, f"{clause} and left no outcome (exit code {signal + 128}).", line, "signal")


def _without_cause(batch: BatchEvidence, what: str, line: str) -> Verdict:
    said = next((r for r in (batch.container_reason, batch.status_reason) if not _EMPTY_REASONS.fullmatch(r)), "")
    says = f" AWS Batch says: {shorten(said, MOST_SAID)}" if said else ""
    return Verdict(C.UNKNOWN.value, f"The container {what} and left no outcome.{says}", line or said, "exit_code")


def _by_status(batch: BatchEvidence) -> Verdict:
    if batch.status == "SUCCEEDED" or batch.exit_code == 0:
        sentence = (
            "AWS Batch calls the job succeeded, but it left no outcome: nothing proves that its outputs are there."
        )
        return Verdict(C.UNKNOWN.value, sentence, batch.status_reason, "no_outcome")
    said = batch.container_reason or batch.status_reason
    says = f" AWS Batch says: {shorten(said, MOST_SAID)}" if said else ""
    sentence = f"The job is {batch.status or 'gone'} and left no outcome.{says}"
    return Verdict(C.UNKNOWN.value, sentence, said, "no_reason")
