"""When Airflow starts a step or a gate.

What gathers branches starts when all of them have ended, by one of two rules. If no branch may fail, Airflow itself
holds it back (`none_failed_min_one_success`: a plate that had nothing to do does not stop it, as `all_success` would).
If some may (`all_done`), it starts in any case, and counts them itself.
"""

from airflow.sdk import TriggerRule

from platerunner.spec.model import Pipeline


def trigger_rule(pipeline: Pipeline, step: str) -> TriggerRule:
    """When Airflow starts a step or a gate."""
    if not pipeline.split or not pipeline.gathers(step):
        return TriggerRule.ALL_SUCCESS
    return TriggerRule.ALL_DONE if pipeline.split.tolerate else TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
