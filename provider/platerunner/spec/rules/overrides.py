"""Overrides: when they hold, and for which units."""

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, texts


def check_overrides(draft: Draft) -> None:
    """Note overrides that hold always, and units that a step does not have."""
    for name, step in draft.steps.items():
        for index, override in enumerate(step.get("overrides", ())):
            if isinstance(override, dict):
                _check(draft, ("steps", name, "overrides", index), step, override)


def _check(draft: Draft, keys: Keys, step: Data, override: Data) -> None:
    if "when" not in override and "where" not in override and not draft.is_doubtful(*keys):
        remedy = "Add `when:` with a condition or `where:` with units, or write its settings into the step itself."
        draft.source.at_key(keys, "this override holds always", remedy, "idle-override")
    foreach = [wildcard for _, wildcard in texts(step.get("foreach"))]
    if draft.is_doubtful(*keys[:2], "foreach"):
        return
    for wildcard in override.get("where", {}):
        if wildcard not in foreach:
            message = f"units of this step have no `{{{wildcard}}}` of their own"
            remedy = suggest(wildcard, foreach, "wildcards of its `foreach`")
            draft.source.at_key((*keys, "where", wildcard), message, remedy, "unknown-wildcard")
