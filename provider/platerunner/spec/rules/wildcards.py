"""Every wildcard comes from somewhere."""

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft, readable, texts

_LONG_KEYS = frozenset({"path", "from", "at_least"})


def check_wildcards(draft: Draft) -> None:
    """Note wildcards of ``foreach`` and of outputs that no input supplies."""
    for step, data in draft.steps.items():
        supplied = draft.supplied(step)
        if supplied is None:
            continue
        for index, wildcard in texts(data.get("foreach")):
            if wildcard not in supplied:
                remedy = suggest(wildcard, supplied, "wildcards of the inputs")
                message = f"no input of `{step}` supplies `{{{wildcard}}}`"
                draft.source.at_value(("steps", step, "foreach", index), message, remedy, "unknown-wildcard")
        for name, output in data.get("outputs", {}).items():
            _check_output(draft, ("steps", step, "outputs", name), output, supplied)


def _check_output(draft: Draft, keys: Keys, output: object, supplied: set[str]) -> None:
    long_form = output if isinstance(output, dict) else {"path": output}
    pattern = readable(long_form.get("path", ""))
    if pattern is None:
        return
    declared = set(long_form) - _LONG_KEYS
    for wildcard in sorted(declared & supplied):
        message = f"the inputs supply `{{{wildcard}}}` already"
        draft.source.at_key((*keys, wildcard), message, "Delete its values here.", "unknown-wildcard")
    # A wildcard of `foreach` that nobody supplies is noted there.
    known = supplied | declared | {name for _, name in texts(draft.steps[str(keys[1])].get("foreach"))}
    for token in pattern.tokens if "at_least" not in long_form else ():
        if token.kind == "wildcard" and token.text not in known:
            place = (*keys, "path") if isinstance(output, dict) else keys
            nearest = suggest(token.text, known, "wildcards of the inputs")
            remedy = f"{nearest} Or give its values, its `range`, or `at_least`."
            message = f"no input supplies `{{{token.text}}}`"
            draft.source.add(draft.source.inside(place, token.column - 1), message, remedy, "unknown-wildcard")
