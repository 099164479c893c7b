"""What an attempt's evidence means: one function, for the runner in a container and for Airflow alike."""

from __future__ import annotations

from dataclasses import replace

from platerunner_unit import rules
from platerunner_unit.evidence import Evidence, Verdict
from platerunner_unit.facts import Facts
from platerunner_unit.judge_batch import judge_batch


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
            return replace(found, rule=found.rule or rule.name)
    return replace(rules.unknown(facts), rule="unknown")
