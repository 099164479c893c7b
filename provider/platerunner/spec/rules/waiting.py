"""Steps that wait for raw files read some."""

from platerunner.spec.draft import Draft
from platerunner.spec.targets import parse_output


def check_waiting(draft: Draft) -> None:
    """Note steps that would wait for nothing."""
    for name, step in draft.steps.items():
        if "waiting_for" not in step or draft.is_doubtful("steps", name, "inputs"):
            continue
        targets = [parse_output(reference) for reference in step.get("inputs", {}).values()]
        if all(targets) and not any(target and target.step == "dataset" for target in targets):
            message = f"`{name}` reads no raw files, so that it has nothing to wait for"
            remedy = "Move `waiting_for` to the steps that read `dataset.<files>`: this one comes after them."
            draft.source.at_key(("steps", name, "waiting_for"), message, remedy, "useless-wait")
