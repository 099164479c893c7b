"""CellProfiler pipelines beside the spec: whether they can run, and whether the step gives them what they want."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from platerunner.documents.source import Keys, NamedFileError, find_file
from platerunner.spec.build_steps import metadata_columns
from platerunner.spec.draft import Data, Draft, readable, settings
from platerunner.spec.forms import path_of
from platerunner.spec.rules.modules import effective_with
from platerunner.spec.templates import contains_template
from platerunner_unit.cellprofiler import fit
from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler.inputs import Finding
from platerunner_unit.cellprofiler.pipeline_file import Cppipe
from platerunner_unit.cellprofiler.plugin_names import names_of

_ANOTHER = "Name the file of a pipeline here, or restore this one."
_REPAIR = "Fix it in CellProfiler and save it, or restore it."


class _Use(NamedTuple):
    """A pipeline as a step, or one of its overrides, runs it.

    :param keys: of the step's or the override's settings.
    :param place: of the pipeline's name.
    """

    step: str
    keys: Keys
    place: Keys
    path: Path
    load_data: Data | None
    plugins: set[str] | None


def check_pipeline_files(draft: Draft) -> None:
    """Note pipelines that cannot be run as the spec has it; those that a template names are left for the plan."""
    for use in _uses(draft):
        try:
            found = cppipe.read(use.path)
        except OSError as error:
            message = f"`{use.path.name}` cannot be read: {error.strerror}"
            draft.source.at_value(use.place, message, "Check its permissions.", "unreadable")
            continue
        for finding in _findings(draft, use, found):
            line = finding.module.line if finding.module else None
            where = f" (line {line} of {use.path.name})" if line else ""
            place = _mapping_place(draft, use) if finding.of_mapping else use.place
            draft.source.at_value(place, f"{finding.message}{where}", finding.remedy, "unfit-pipeline")


def _uses(draft: Draft) -> Iterator[_Use]:
    for step, data in draft.steps.items():
        for below, setting in settings(data):
            module = draft.modules.get(setting.get("module", data.get("module")))
            if module is None or module.tool != "cellprofiler" or not {"with", "load_data", "module"} & set(setting):
                continue
            keys: Keys = ("steps", step, *below)
            values = effective_with(data, setting)
            path = _file(draft, values.get("pipeline"), "file")
            if path is not None:
                own = "pipeline" in setting.get("with", {})
                place = (*(keys if own else ("steps", step)), "with", "pipeline")
                same = module.name == data.get("module")
                mapping = setting.get("load_data", data.get("load_data") if same else None)
                yield _Use(step, keys, place, path, mapping, _plugins(draft, values))


def _file(draft: Draft, name: Any, kind: str) -> Path | None:
    if not isinstance(name, str) or contains_template(name):
        return None
    try:
        return find_file(draft.source.path.parent, name, kind=kind)
    except NamedFileError:
        return None


def _plugins(draft: Draft, values: Mapping[str, Any]) -> set[str] | None:
    """Names of the modules that the step's own plugins bring; None if the image may have some."""
    folder = _file(draft, values.get("plugins"), "folder")
    return names_of(sorted(filter(Path.is_file, folder.rglob("*.py")))) if folder else None


def _findings(draft: Draft, use: _Use, found: Cppipe) -> Iterator[Finding]:
    columns = None if use.load_data is None else _columns(use.load_data, found)
    faults = cppipe.check(found, use.plugins, columns)
    for fault in faults:
        remedy = fault.hint or (_REPAIR if found.modules else _ANOTHER)
        yield Finding(fault.sentence.rstrip("."), remedy, of_mapping=bool(fault.hint))
    if not faults:
        outputs = draft.steps[use.step].get("outputs", {}).values()
        expected = [each.get("from") or path_of(each) if isinstance(each, dict) else each for each in outputs]
        yield from fit.check(found, columns, expected)


def _columns(load_data: Data, found: Cppipe) -> set[str]:
    """The columns of LoadData's table; of a name with wildcards those that the pipeline names and it can become."""
    metadata = metadata_columns(load_data.get("metadata", {}))
    names = {part.strip() for module in found.enabled for _, value in module.settings for part in value.split(",")}
    images = {name for pattern in load_data.get("images", {}) for name in _images(pattern, names)}
    return {f"FileName_{name}" for name in images} | {f"Metadata_{name}" for name in metadata}


def _images(text: str, names: set[str]) -> Iterator[str]:
    pattern = readable(text)
    if pattern is None or not pattern.wildcards:
        yield text
        return
    yield from (name for name in names if pattern.match(name) is not None)


def _mapping_place(draft: Draft, use: _Use) -> Keys:
    places = ((*use.keys, "load_data"), ("steps", use.step, "load_data"))
    return next((place for place in places if place in draft.source.marks), use.place)
