"""Rules for PLINK 1.9 and 2, besides those of regenie that hold for it, too."""

from __future__ import annotations

import re
from typing import Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.judge.causes import short
from platerunner_unit.judge.facts import Facts, verdict
from platerunner_unit.judge.regenie_rules import run_of

C = Category

# Learnt from runs of PLINK 1.90b6.26 and 2.00a3.5; from narrow to wide.
MEANINGS: tuple[tuple[str, Category], ...] = (
    (r"out of memory", C.OUT_OF_MEMORY),
    (r"write failure", C.OUT_OF_DISK),
    (r"failed to open .*\.log|shared libraries", C.MISCONFIGURED),
    (r"failed to open", C.INPUT_MISSING),
    (
        r"file size|read failure|invalid numeric token|invalid chromosome code|fewer tokens|missing column",
        C.INPUT_UNREADABLE,
    ),
    (r"is constant|could not be inverted|no entries in", C.INPUT_UNREADABLE),
    (r"no \w+ (?:loaded|remaining)|all \w+ (?:removed|excluded)", C.NOTHING_MATCHED),
    (r"--\w", C.MISCONFIGURED),
)


def said(facts: Facts) -> Optional[Verdict]:
    """PLINK itself names the error."""
    log = run_of(facts).log
    if not log.errors or facts.evidence.exit_code == 0:
        return None
    text = log.errors[0]
    meant = next((category for pattern, category in MEANINGS if re.search(pattern, text, re.IGNORECASE)), C.TOOL_ERROR)
    hint = "Correct the step's `argv` as the sentence says." if meant is C.MISCONFIGURED else ""
    return verdict(meant, f"PLINK stopped: {short(text).rstrip('.')}.", text, log.warnings[:20], hint=hint)


def no_values(facts: Facts) -> Optional[Verdict]:
    """Tables without a single p-value: a trait that is constant, or covariates that follow from each other."""
    tables = run_of(facts).outputs
    empty = [output for output in tables if output.nan]
    if not empty:
        return None
    names = ", ".join(output.trait or output.name for output in empty)
    sentence = f"No test of {names} has a p-value: the trait is constant, or covariates follow from each other."
    return verdict(C.INPUT_UNREADABLE, sentence, partial=len(empty) < len(tables))
