"""What a step looks at every nth value of."""

from platerunner.documents.problems import suggest
from platerunner.spec.draft import Draft


def check_sampling(draft: Draft) -> None:
    """Note wildcards that no input supplies."""
    for name, step in draft.steps.items():
        supplied = draft.supplied(name)
        for wildcard in step.get("every", {}) if supplied is not None else ():
            if supplied is not None and wildcard not in supplied:
                remedy = suggest(wildcard, supplied, "wildcards of the inputs")
                message = f"no input of `{name}` has a wildcard `{{{wildcard}}}`"
                draft.source.at_key(("steps", name, "every", wildcard), message, remedy, "unknown-wildcard")
