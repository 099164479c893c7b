"""Assets: what a success updates, with which keys, and what each key is to the runs that it starts."""

from collections.abc import Iterator

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, texts
from platerunner.spec.forms import asset_of
from platerunner.spec.rules.steps import sides, split_wildcard
from platerunner.spec.uploaded import is_single, takes


def check_assets(draft: Draft) -> None:
    """Note an asset that a step updates twice, and keys that nothing has."""
    for name, data in draft.data.get("steps", {}).items():
        seen: set[str] = set()
        for keys, asset, by in _updated(name, data):
            if asset in seen:
                message = f"`{draft.origins[name]}` updates `{asset}` twice"
                draft.source.at_value(keys, message, "Delete one, or give it another name.", "two-answers")
            elif by:
                _check_key(draft, name, (*keys, "by"), by)
            seen.add(asset)


def check_awaited(draft: Draft) -> None:
    """Note a pipeline that updates the asset that starts it, and keys that no param takes."""
    schedule = draft.data.get("schedule")
    if not isinstance(schedule, dict) or "asset" not in schedule or draft.is_doubtful("schedule"):
        return
    _check_own(draft, schedule["asset"])
    if by := schedule.get("by"):
        _check_param(draft, by)


def _updated(step: str, data: Data) -> Iterator[tuple[Keys, str, str]]:
    """Where each asset of a step stands, its name, and what its keys are values of."""
    for index, item in enumerate(data.get("assets", ())):
        if item is not None and not (isinstance(item, dict) and len(item) < 2):  # what is wrong there is told already
            yield ("steps", step, "assets", index), *asset_of(item)


def _check_key(draft: Draft, step: str, keys: Keys, by: str) -> None:
    params = draft.data.get("params", {})
    if draft.is_doubtful("steps", step, "foreach") or draft.is_doubtful("params"):
        return
    known = _wildcards(draft, step)
    if by in known or (by in params and is_single(params[by])):
        return
    whose = f"`{draft.origins[step]}`"
    if step in draft.steps:
        message = f"`{by}` is no wildcard in the `foreach` of {whose}, so that its events have no such key"
        remedy = f"{suggest(by, known, 'wildcards')} A param that is a text or a number would do, too."
    else:
        message = f"the gate {whose} does not ask for each `{by}`, so that its events have no such key"
        remedy = "Name the wildcard of `split`, if the gate asks for each of its values, or a param that is a text."
    draft.source.at_value(keys, message, remedy, "unknown-wildcard")


def _wildcards(draft: Draft, step: str) -> list[str]:
    """What a step's units, or the one branch that a gate asks about, have values of."""
    if step in draft.steps:
        return [name for _, name in texts(draft.steps[step].get("foreach"))]
    split = split_wildcard(draft)
    return [split] if split is not None and step in sides(draft, split).inside else []


def _check_own(draft: Draft, named: str | list[str]) -> None:
    """Note what would start itself forever."""
    place: Keys = ("schedule", "asset")
    places = {named: place} if isinstance(named, str) else {name: (*place, i) for i, name in enumerate(named)}
    for step, data in draft.data.get("steps", {}).items():
        for _, name, _ in _updated(step, data):
            if name in places:
                message = f"`{draft.origins[step]}` of this pipeline updates `{name}`, so that it would start itself"
                remedy = "Wait for an asset that another pipeline updates, or take it out of the step's `assets`."
                draft.source.at_value(places[name], message, remedy, "self-start")


def _check_param(draft: Draft, by: str) -> None:
    """Note a param that is not there, or does not take a key."""
    params = draft.data.get("params", {})
    if draft.is_doubtful("params"):
        return
    if by not in params:
        message = f"each `{by}` would be a param of a run, and there is no param `{by}`"
        remedy = f"{suggest(by, params, 'params')} Add `{by}: {{type: string, required: true}}` under `params`."
        draft.source.at_value(("schedule", "by"), message, remedy, "unknown-param")
    elif not takes(params[by]):
        message = f"the key of an asset's event is text, which the param `{by}` does not take"
        remedy = f"Let `params.{by}` be of type string, integer, or array of these."
        draft.source.at_value(("schedule", "by"), message, remedy, "unfit-param")
