"""What regenie's own errors mean: the first line of the table that fits says whose matter it is."""

from __future__ import annotations

import re

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.regenie import RegenieLog

C = Category

# Learnt from runs of regenie 4.1.2; from narrow to wide.
MEANINGS: tuple[tuple[str, Category], ...] = (
    (r"bad_alloc|not enough memory|failed to map segment|cannot allocate memory", C.OUT_OF_MEMORY),
    (r"cannot successfully write|no space left", C.OUT_OF_DISK),
    (r"(?:cannot|could not|unable to) (?:write|create)", C.MISCONFIGURED),
    (r"error while loading shared libraries|command not found|thread creation failed", C.MISCONFIGURED),
    (r"doesn't exist|does not exist for", C.INPUT_MISSING),
    (r"(?:cannot|could not|unable to) (?:read|open|find) (?:the )?file", C.INPUT_MISSING),
    (r"no variants? |no samples? |no individuals? |no sets? |no genes? |none of the ", C.NOTHING_MATCHED),
    (r"all individuals have missing/invalid values", C.NOTHING_MATCHED),
    (r"few unique values \(=[01]\)", C.INPUT_UNREADABLE),
    (r"few unique values|is not 0/1/NA", C.MISCONFIGURED),
    (r"list file is not in the right format|could not read line|invalid header line in master", C.MISCONFIGURED),
    (r"second line must start|^option |argument|specify |invalid .*(?:code|value|option)", C.MISCONFIGURED),
    (r"must (?:use|specify|be|have|provide|also)|cannot use|can(?:not| only) be used|only works", C.MISCONFIGURED),
    (r"not all covariates|need at least one phenotype|incompatible", C.MISCONFIGURED),
    (r"PgrGet|PgfiInit|BGenError|not a database|magic|format|columns|duplicate|more than once", C.INPUT_UNREADABLE),
    (r"number of (?:samples|variants|blocks)|not the right size|unknown chromosome|starts with", C.INPUT_UNREADABLE),
    (r"convert value|low variance|step 1 predictions|header|at line \d|invalid|missing", C.INPUT_UNREADABLE),
    (r"--\w", C.MISCONFIGURED),
)


def meaning_of(text: str, log: RegenieLog) -> Category:
    """What an error means.

    :param text: of the error.
    :param log: all that was said.
    """
    if "need at least one phenotype" in text and any("No step 1 file" in warning for warning in log.warnings):
        return C.INPUT_UNREADABLE  # the traits are there; the list of predictions names none of them
    if "convert value" in text and log.section.startswith("covariates"):
        return C.MISCONFIGURED  # a column of names that --catCovarList does not name
    if re.search(r"cannot read file : (?!/|\{)\S*\.loco", text):
        return C.MISCONFIGURED  # a list of predictions with relative paths, read in another folder
    for pattern, category in MEANINGS:
        if re.search(pattern, text, re.IGNORECASE):
            return category
    return C.TOOL_ERROR
