"""Splitting: by a wildcard that there is, and never again after what gathers."""

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft
from platerunner.spec.rules.graph import waits_for
from platerunner.spec.split import Sides, sides, split_wildcard


def check_split(draft: Draft) -> None:
    """Note a wildcard that no file has, a split of nothing, and steps that would be split again."""
    wildcard = split_wildcard(draft)
    if wildcard is None or not _is_known(draft, wildcard):
        return
    found = sides(draft, wildcard)
    if found.inside.isdisjoint(draft.steps) and not any(
        draft.is_doubtful("steps", name, "foreach") for name in draft.steps
    ):
        message = f"no step has `{wildcard}` in its `foreach`, so there is nothing to split"
        remedy = f"Delete `split`, or put `{wildcard}` into the `foreach` of the steps that are to flow on their own."
        draft.source.at_value(_place(draft), message, remedy, "idle-split")
    for name in sorted(found.inside, key=list(draft.origins).index):
        _check_order(draft, name, found, wildcard)
        if wildcard in draft.data["steps"][name].get("every", {}):
            message = f"`{name}` sees one {wildcard} at a time, so it cannot take every nth"
            remedy = f"Choose them for the whole pipeline: `where: {{{wildcard}: [...]}}` in the dataset."
            draft.source.at_key(("steps", name, "every", wildcard), message, remedy, "idle-split")


def _place(draft: Draft) -> Keys:
    return ("split", "by") if isinstance(draft.data["split"], dict) else ("split",)


def _is_known(draft: Draft, wildcard: str) -> bool:
    if None in draft.files.values() or draft.is_doubtful("dataset") or not draft.files:
        return False  # what is wrong there comes first
    known = {name for pattern in draft.files.values() if pattern for name in pattern.wildcards}
    if wildcard not in known:
        remedy = suggest(wildcard, known, "wildcards of the files")
        draft.source.at_value(_place(draft), f"no file set has a wildcard `{{{wildcard}}}`", remedy, "unknown-wildcard")
    return wildcard in known


def _check_order(draft: Draft, name: str, found: Sides, wildcard: str) -> None:
    ids = {written: step for step, written in draft.origins.items() if step in found.gathering}
    for written, keys in waits_for(draft, name):
        if written in ids:
            message = f"`{name}` runs for each {wildcard} on its own, but waits for `{written}`, which comes after all"
            remedy = (
                f"{_inside(draft, ids[written], wildcard)}, or make what comes after `{written}` a pipeline of its own."
            )
            draft.source.at_value(keys, message, remedy, "split-again")


def _inside(draft: Draft, step: str, wildcard: str) -> str:
    if step in draft.gates:
        return f"Let all that `{step}` shows and needs have `{{{wildcard}}}`"
    return f"Put `{wildcard}` into the `foreach` of `{draft.origins[step]}`"
