"""A step under given params: templates rendered, overrides in force, catalog looked up."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from platerunner.catalog.model import Module, Parameter
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError, placed, stands_at
from platerunner.engine.planning.model import StepSettings
from platerunner.spec.includes import NamedFileError, find
from platerunner.spec.model import Pipeline, Step
from platerunner.spec.templates import render
from platerunner_unit.contract.manifest import LoadData

FILE_TYPES = frozenset({"file", "folder"})

Files = tuple[tuple[str, str], ...]


def settle(step: Step, modules: Mapping[str, Module], context: RunContext, spec_folder: Path) -> StepSettings:
    """Everything that decides how the step's units run, but the units themselves.

    :param step: with the overrides that hold in force; see :class:`.units.variants.Variants`.
    :param modules: the catalog.
    :param context: params and roots.
    :param spec_folder: folder that ``file`` and ``folder`` parameters are relative to.
    :raises PlanningError: if a file is not there or not below the spec's folder, or a required parameter
        has no value under these params.
    :raises platerunner.spec.templates.TemplateProblem: if a template cannot be rendered.
    """
    module = modules[step.module]
    with stands_at("steps", step.name, "with"):
        values = _with_defaults(step, module, render(step.with_, context.templates()))
    # A module without a command of its own, like `command`, takes the step's.
    argv = tuple(str(word) for word in module.argv or values.pop("argv", ()))
    of_type = {name: parameter.type for name, parameter in module.parameters.items()}
    files = {name: value for name, value in values.items() if of_type.get(name) in FILE_TYPES}
    return StepSettings(
        step=step.name,
        module=module.name,
        tool=module.tool,
        image=step.image or module.image,
        argv=argv,
        params={name: value for name, value in values.items() if name not in files},
        files={name: _files(step, module.parameters[name], value, spec_folder) for name, value in files.items()},
        folders=tuple(name for name in files if of_type[name] == "folder"),
        load_data=_load_data(step),
        allow_flagged=step.allow_flagged,
        resources=context.options.resources_of(step),
        naming={name: each.values_of for name, each in module.parameters.items() if each.values_of and name in values},
    )


def data_root(pipeline: Pipeline, context: RunContext) -> str:
    """Where the raw files are, as URL or folder."""
    with placed(pipeline, "dataset", "root"):
        return str(render(pipeline.dataset.root, context.templates()))


def workspace_url(pipeline: Pipeline, context: RunContext) -> str:
    """Where the results are, as URL or folder."""
    with placed(pipeline, "workspace"):
        return str(render(pipeline.workspace, context.templates()))


def _with_defaults(step: Step, module: Module, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as they hold, without those that have no value."""
    defaults = {name: parameter.default for name, parameter in module.parameters.items()}
    values = {name: value for name, value in {**defaults, **given}.items() if value is not None}
    for name, parameter in module.parameters.items():
        if parameter.required and name not in values:
            raise PlanningError(f"step {step.name}: module {module.name} needs `with: {{{name}: ...}}`")
    return values


def _load_data(step: Step) -> LoadData | None:
    mapping = step.load_data
    return LoadData(dict(mapping.images), dict(mapping.metadata)) if mapping else None


def _files(step: Step, parameter: Parameter, value: Any, spec_folder: Path) -> Files:
    """The files that a parameter stands for, by the name under which the tool sees them."""
    place = ("steps", step.name, "with", parameter.name)
    try:
        path = find(spec_folder, str(value), kind=parameter.type)
        if parameter.type == "file":
            return ((path.name, str(path)),)
        names = [file.relative_to(path).as_posix() for file in _folder_files(path)]
        return tuple((name, str(find(spec_folder, f"{value}/{name}", kind="file"))) for name in names)
    except NamedFileError as error:
        raise PlanningError(f"step {step.name}, `{parameter.name}`: {error}", *place) from error


def _folder_files(folder: Path) -> Iterator[Path]:
    """Files of a folder in a fixed order, without what Python and editors leave behind."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield path
