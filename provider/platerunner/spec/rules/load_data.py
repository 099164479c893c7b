"""How inputs become CellProfiler's LoadData."""

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, readable, settings
from platerunner_unit.contract.patterns import Pattern


def check_load_data(draft: Draft) -> None:
    """Note ``load_data`` that is missing or of no use, and unknown inputs and wildcards in it."""
    for name, step in draft.steps.items():
        for below, setting in settings(step):
            keys = ("steps", name, *below)
            _check_use(draft, keys, step, setting)
            if "load_data" in setting:
                _check_images(draft, name, (*keys, "load_data", "images"), setting["load_data"].get("images", {}))
                _check_metadata(draft, name, (*keys, "load_data", "metadata"), setting["load_data"].get("metadata", ()))


def _check_use(draft: Draft, keys: Keys, step: Data, setting: Data) -> None:
    module = draft.modules.get(setting.get("module", step.get("module")))
    if module is None:
        return
    same = module.name == step.get("module")
    has = "load_data" in setting or (same and "load_data" in step)
    if module.tool != "cellprofiler" and "load_data" in setting:
        message = f"`{module.name}` does not read LoadData; only CellProfiler does"
        draft.source.at_key((*keys, "load_data"), message, "Delete `load_data`.", "useless-load-data")
    elif (
        module.tool == "cellprofiler" and not has and "module" in setting and not draft.is_doubtful(*keys, "load_data")
    ):
        remedy = 'Add `load_data: {images: {"Orig{channel}": images}, metadata: [plate, well, site]}`.'
        draft.source.at_value(
            (*keys, "module"), "CellProfiler needs `load_data` to find its images", remedy, "missing-key"
        )


def _check_images(draft: Draft, step: str, keys: Keys, images: Data) -> None:
    inputs = draft.steps[step].get("inputs", {})
    for column, name in images.items():
        place = (*keys, column)
        if name not in inputs:
            if not draft.is_doubtful("steps", step, "inputs"):
                remedy = suggest(name, inputs, "inputs of this step")
                draft.source.at_value(place, f"`{step}` has no input `{name}`", remedy, "unknown-input")
            continue
        _check_column(draft, place, column, (name, draft.referred(inputs[name])))


def _check_column(draft: Draft, keys: Keys, column: str, source: tuple[str, Pattern | None]) -> None:
    pattern = readable(column)
    if pattern is None or "/" in column or pattern.has_glob:
        remedy = "Write a name with wildcards, like `Orig{channel}`."
        draft.source.at_key(keys, f"`{column}` is not usable as the name of an image", remedy, "bad-pattern")
        return
    name, files = source
    for wildcard in pattern.wildcards:
        if files is not None and wildcard not in files.wildcards:
            remedy = suggest(wildcard, files.wildcards, f"wildcards of `{name}`")
            message = f"the files of `{name}` have no `{{{wildcard}}}`"
            draft.source.at_key(keys, message, remedy, "unknown-wildcard")


def _check_metadata(draft: Draft, step: str, keys: Keys, metadata: Data | list[str]) -> None:
    supplied = draft.supplied(step)
    items = metadata.items() if isinstance(metadata, dict) else enumerate(metadata)
    for key, wildcard in items:
        if supplied is not None and wildcard is not None and wildcard not in supplied:
            remedy = suggest(wildcard, supplied, "wildcards of the inputs")
            message = f"no input of `{step}` has a wildcard `{{{wildcard}}}`"
            draft.source.at_value((*keys, key), message, remedy, "unknown-wildcard")
