"""CellProfiler's images: columns of its LoadData, and files that it cannot read."""

from pathlib import PurePosixPath
from typing import Any

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys, NamedFileError, find_file
from platerunner.spec.draft import Data, Draft, readable, settings
from platerunner.spec.forms import is_folder, parse_output, path_of, planes_of
from platerunner.spec.rules.modules import effective_with
from platerunner.spec.templates import contains_template
from platerunner_unit.contract.patterns import Pattern


def check_load_data(draft: Draft) -> None:
    """Note ``load_data`` that is missing or of no use, and unknown inputs and wildcards in it."""
    for name, step in draft.steps.items():
        for below, setting in settings(step):
            keys = ("steps", name, *below)
            _check_reader(draft, keys, step, setting)
            if "load_data" in setting:
                for kind in ("images", "objects"):
                    _check_images(draft, name, (*keys, "load_data", kind), setting["load_data"].get(kind, {}))
                _check_metadata(draft, name, (*keys, "load_data", "metadata"), setting["load_data"].get("metadata", ()))
                _check_rows(draft, name, (*keys, "load_data"), setting["load_data"])


def _check_reader(draft: Draft, keys: Keys, step: Data, setting: Data) -> None:
    module = draft.modules.get(setting.get("module", step.get("module")))
    if module is None:
        return
    same = module.name == step.get("module")
    has = "load_data" in setting or (same and "load_data" in step)
    if module.tool != "cellprofiler" and "load_data" in setting:
        message = f"`{module.name}` does not read LoadData; only CellProfiler does"
        draft.source.at_key((*keys, "load_data"), message, "Delete `load_data`.", "useless-load-data")
    elif module.tool != "cellprofiler" and "allow_flagged" in setting:
        message = f"`{module.name}` has no image sets that could be flagged; only CellProfiler has"
        draft.source.at_key((*keys, "allow_flagged"), message, "Delete `allow_flagged`.", "useless-allow-flagged")
    elif (
        module.tool == "cellprofiler"
        and not has
        and "module" in setting
        and not draft.is_doubtful(*keys, "load_data")
        and not _may_do_without(draft, effective_with(step, setting).get("pipeline"))
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
    supplied = None if supplied is None else supplied | whole_axes(draft, step)
    items = metadata.items() if isinstance(metadata, dict) else enumerate(metadata)
    for key, wildcard in items:
        if supplied is not None and wildcard is not None and wildcard not in supplied:
            remedy = suggest(wildcard, supplied, "wildcards of the inputs")
            message = f"no input of `{step}` has a wildcard `{{{wildcard}}}`"
            draft.source.at_value((*keys, key), message, remedy, "unknown-wildcard")


def _check_rows(draft: Draft, step: str, keys: Keys, load_data: Data) -> None:
    """Note files that would want one cell: they differ in a wildcard of ``complete``, which has several values."""
    metadata = load_data.get("metadata", {})
    named = set(metadata.values() if isinstance(metadata, dict) else metadata)
    if (
        draft.is_doubtful("steps", step)
        or draft.is_doubtful("dataset")
        or named - (draft.supplied(step) or set()) - whole_axes(draft, step)
    ):
        return
    told = {*named, *draft.steps[step].get("foreach", ()), *draft.steps[step].get("every", ())}
    for column, name in load_data.get("images", {}).items():
        pattern = readable(column)
        target = parse_output(draft.steps[step].get("inputs", {}).get(name, ""))
        files = draft.files.get(target.output) if target is not None and target.step == "dataset" else None
        if pattern is None or target is None or files is None or set(pattern.wildcards) - set(files.wildcards):
            continue
        several = [each for each in _several(draft, target.output) if each in files.wildcards]
        mixed = [each for each in several if each not in told and each not in pattern.wildcards]
        if mixed:
            wildcards = ", ".join(f"`{{{wildcard}}}`" for wildcard in mixed)
            message = f"files of `{name}` that differ in {wildcards} would all be `{column}` of one image set"
            remedy = f"Add {wildcards.replace('{', '').replace('}', '')} to `metadata`, or {wildcards} to the name."
            draft.source.at_key((*keys, "images", column), message, remedy, "same-cell")


def _several(draft: Draft, files: str) -> list[str]:
    """Wildcards of a file set that have several values, since the spec wants all combinations of them."""
    dataset = draft.data.get("dataset", {})
    value = dataset.get("files", {}).get(files)
    complete = value.get("complete", ()) if isinstance(value, dict) else ()
    return [wildcard for wildcard in complete if wildcard not in dataset.get("where", {})]


def _may_do_without(draft: Draft, pipeline: Any) -> bool:
    """Whether a CellProfiler pipeline reads its images by rules of its own, or what is named is no pipeline at all."""
    if not isinstance(pipeline, str) or contains_template(pipeline):
        return True
    # Slow to import, and needed only where a step of CellProfiler has no `load_data`.
    from platerunner_unit.cellprofiler import pipeline_file as cppipe
    from platerunner_unit.cellprofiler.inputs import ReadsBy, reads_by

    try:
        found = cppipe.read(find_file(draft.source.path.parent, pipeline, kind="file"))
        return found.form == "unknown" or reads_by(found) is ReadsBy.RULES
    except (NamedFileError, OSError):
        return True


_INSTRUMENTS = (".nd2", ".czi", ".lif")


def check_images(draft: Draft) -> None:
    """Note files that CellProfiler cannot read as the spec gives them to it."""
    _check_planes(draft)
    for step in draft.steps:
        _check_folders(draft, step)


def _check_planes(draft: Draft) -> None:
    """Note planes of instruments' files that CellProfiler is given: it counts them in an order of its own."""
    files = draft.data.get("dataset", {}).get("files", {})
    kinds = {name: PurePosixPath(path_of(each)).suffix.lower() for name, each in files.items() if planes_of(each)}
    for step, data in draft.steps.items():
        module = draft.modules.get(str(data.get("module")))
        for name, text in data.get("inputs", {}).items() if module and module.tool == "cellprofiler" else ():
            target = parse_output(text) if isinstance(text, str) else None
            kind = kinds.get(target.output, "") if target and target.step == "dataset" else ""
            if kind in _INSTRUMENTS:
                message = f"CellProfiler counts the planes of a {kind} file in an order of its own"
                remedy = "Let a step `imaging.project` write a TIFF of each of its planes, and read these."
                draft.source.at_value(("steps", step, "inputs", name), message, remedy, "unreadable-planes")


def whole_axes(draft: Draft, step: str) -> set[str]:
    """The axes of a step's inputs that are taken as a whole: LoadData may have a row for each plane."""
    targets = [parse_output(text) for text in draft.steps[step].get("inputs", {}).values() if isinstance(text, str)]
    files = draft.data.get("dataset", {}).get("files", {})
    found = (planes_of(files.get(target.output)) for target in targets if target and target.step == "dataset")
    return {axis for planes in found for axis, values in planes.items() if values is None}


def _check_folders(draft: Draft, step: str) -> None:
    inputs = draft.steps[step].get("inputs", {})
    for below, setting in settings(draft.steps[step]):
        for column, name in setting.get("load_data", {}).get("images", {}).items():
            if _reads_folder(draft, inputs.get(name)):
                message = f"CellProfiler reads files, and `{name}` has folders"
                remedy = "Let a step before this one write images, such as TIFF."
                keys = ("steps", step, *below, "load_data", "images", column)
                draft.source.at_value(keys, message, remedy, "wrong-type")


def _reads_folder(draft: Draft, reference: Any) -> bool:
    target = parse_output(reference) if isinstance(reference, str) else None
    if target is None:
        return False
    if target.step == "dataset":
        return is_folder(draft.data.get("dataset", {}).get("files", {}).get(target.output))
    outputs = (draft.data["steps"].get(step, {}).get("outputs", {}) for step in draft.members(target))
    return any(is_folder(each.get(target.output)) for each in outputs)
