"""What an attempt's evidence means: one function, for the runner in a container and for Airflow alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Optional

from platerunner_unit.contract import hints
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence, Verdict
from platerunner_unit.judge import rules
from platerunner_unit.judge.batch import judge_batch
from platerunner_unit.judge.facts import Facts


def judge(evidence: Evidence) -> Verdict:
    """Decide what became of a unit. Success needs positive proof; any doubt is a failure with a name.

    Pure, and never raises. With nothing but what AWS Batch says (``tool`` is None) the rules for Batch decide.

    :param evidence: as the runner, a recording or Batch gives it; every field may be unknown.
    """
    if evidence.batch is not None and evidence.tool is None:
        return judge_batch(evidence)
    facts = Facts(evidence)
    for rule in rules.RULES:
        found = rule.find(facts)
        if found is not None:
            return _complete(found, rule.name, evidence.tool)
    return _complete(rules.unknown(facts), "unknown", evidence.tool)


def _complete(verdict: Verdict, rule: str, tool: Optional[str]) -> Verdict:
    """A verdict with the rule that found it, and what to do about it."""
    rule = verdict.rule or rule
    return replace(verdict, rule=rule, hint=verdict.hint or hints.hint(Category(verdict.category), rule, tool))
