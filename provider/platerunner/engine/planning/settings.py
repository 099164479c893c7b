"""A step under given params, for all its units and each: templates rendered, overrides in force, modules looked up."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from platerunner.catalog.model import Module, Parameter
from platerunner.documents.source import NamedFileError, find_file
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError, placed, stands_at
from platerunner.engine.planning.model import StepSettings
from platerunner.spec.file_contents import UnfitFileError, check_content
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner.spec.templates import render, truthy
from platerunner.spec.unit_tables import RowValues, UnitTableError, read_values, tables_of
from platerunner_unit.contract.manifest import LoadData
from platerunner_unit.contract.patterns.wildcard_types import text_of

FILE_TYPES = frozenset({"file", "folder"})

Files = tuple[tuple[str, str], ...]


def settle(step: Step, modules: Mapping[str, Module], context: RunContext, spec_folder: Path) -> StepSettings:
    """Everything that decides how the step's units run, but the units themselves.

    :param step: with the overrides that hold in force; see :class:`Variants`.
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
    files = {name: value for name, value in values.items() if _names_files(module.parameters.get(name))}
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
        planes=step.planes,
        leave_out=step.leave_out,
        resources=context.options.resources_of(step),
        naming={name: each.values_of for name, each in module.parameters.items() if each.values_of and name in values},
        carries=module.carries,
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
    return LoadData(dict(mapping.images), dict(mapping.metadata), dict(mapping.objects)) if mapping else None


def _names_files(parameter: Parameter | None) -> bool:
    return parameter is not None and (parameter.type in FILE_TYPES or parameter.items in FILE_TYPES)


def _files(step: Step, parameter: Parameter, value: Any, spec_folder: Path) -> Files:
    """The files that a parameter stands for, by the name under which the tool sees them."""
    place = ("steps", step.name, "with", parameter.name)
    try:
        if parameter.type == "array":
            names = dict.fromkeys(PurePosixPath(str(name)).as_posix() for name in value)
            return tuple((name, str(find_file(spec_folder, name, kind="file"))) for name in names)
        path = find_file(spec_folder, str(value), kind=parameter.type)
        if parameter.type == "file":
            check_content(parameter, str(value), path)
            return ((path.name, str(path)),)
        found = [file.relative_to(path).as_posix() for file in _folder_files(path)]
        return tuple((name, str(find_file(spec_folder, f"{value}/{name}", kind="file"))) for name in found)
    except (NamedFileError, UnfitFileError) as error:
        raise PlanningError(f"step {step.name}, `{parameter.name}`: {error}", *place) from error


def _folder_files(folder: Path) -> Iterator[Path]:
    """Files of a folder in a fixed order, without what Python and editors leave behind."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and "__pycache__" not in parts and not any(part.startswith(".") for part in parts):
            yield path


Held = tuple[int, ...]


class Variants:
    """The settings of a step under given params, by unit.

    :param step: as the spec has it.
    :param modules: the catalog.
    :param context: params and roots.
    :param spec_folder: folder that files in ``with`` are relative to.
    :raises platerunner.spec.templates.TemplateProblem: if a condition cannot be evaluated.
    """

    def __init__(self, step: Step, modules: Mapping[str, Module], context: RunContext, spec_folder: Path) -> None:
        self._step = step
        self._modules = modules
        self._context = context
        self._folder = spec_folder
        templates = context.templates()
        with stands_at("steps", step.name, "overrides"):
            self._overrides = [each for each in step.overrides if each.when is None or truthy(each.when, templates)]
            self._wheres = [_where(render(each.where, templates)) for each in self._overrides]
        self._settled: dict[Held, StepSettings] = {}

    @property
    def own(self) -> StepSettings:
        """The settings of units for which no override is made in particular."""
        return self._settings(tuple(index for index, where in enumerate(self._wheres) if not where))

    def of(self, values: Mapping[str, Any]) -> StepSettings:
        """The settings of a unit; the same object for units that have the same.

        :param values: its ``foreach`` wildcards.
        :raises PlanningError: as :func:`platerunner.engine.planning.settings.settle`.
        """
        return self._settings(self._held(values))

    def images(self) -> Iterator[str]:
        """The images that units may need."""
        own = self._under(tuple(index for index, where in enumerate(self._wheres) if not where))
        for step in (own, *(own.under(self._overrides[i]) for i, where in enumerate(self._wheres) if where)):
            yield step.image or self._modules[step.module].image

    def notes(self, units: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        """Overrides that are for units which are not there, as sentences.

        :param units: the ``foreach`` wildcards of all units of the step.
        """
        for where, override in zip(self._wheres, self._overrides, strict=True):
            if where and all(where.values()) and not any(_agrees(where, values) for values in units):
                wanted = ", ".join(f"{name}={'|'.join(sorted(asked))}" for name, asked in where.items())
                place = f" in {override.place}" if override.place else ""
                yield f"{self._step.name}: no unit has {wanted}, so that the override{place} changes nothing."

    def _held(self, values: Mapping[str, Any]) -> Held:
        return tuple([index for index, where in enumerate(self._wheres) if _agrees(where, values)])

    def _settings(self, held: Held) -> StepSettings:
        if held not in self._settled:
            self._settled[held] = settle(self._under(held), self._modules, self._context, self._folder)
        return self._settled[held]

    def _under(self, held: Held) -> Step:
        step = self._step
        for index in held:
            step = step.under(self._overrides[index])
        return step


def _where(asked: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Wildcard to the values that hold, as text; no unit has a value of an empty list."""
    lists = {name: value if isinstance(value, (list, tuple)) else [value] for name, value in asked.items()}
    return {name: frozenset(str(v) for v in values if v not in (None, "")) for name, values in lists.items()}


def _agrees(where: Mapping[str, frozenset[str]], values: Mapping[str, Any]) -> bool:
    return all(str(values.get(name)) in asked for name, asked in where.items())


MOST = 1_000_000


def with_own_values(step: Step, context: RunContext) -> Step:
    """The step with the values of its own wildcards as text.

    :raises PlanningError: if a template gives no list or no number, or a value that no unit can have.
    """
    if not step.own:
        return step
    tables = tables_of(step.own)
    told = {name for columns in tables.values() for name in columns}
    values = {name: _own_values(step.name, name, each, context) for name, each in step.own.items() if name not in told}
    for table, columns in tables.items():
        values |= _of_table(step, table, columns)
    return replace(step, own={name: values[name] for name in step.own})


def _of_table(step: Step, table: str, columns: Mapping[str, str]) -> dict[str, RowValues]:
    """The values of wildcards of one table."""
    try:
        return read_values(Path(step.own[next(iter(columns))]["folder"]), table, columns)
    except (NamedFileError, UnitTableError, OSError) as error:
        raise PlanningError(str(error), "steps", step.name, "foreach", next(iter(columns))) from None


def _own_values(step: str, name: str, written: Any, context: RunContext) -> tuple[str, ...]:
    keys = ("steps", step, "foreach", name)
    found = render(written, context.templates())
    if isinstance(found, dict):
        found = _numbers(keys, *found["range"])
    if not isinstance(found, list | tuple | range):
        raise PlanningError(f"{{{name}}} of {step} is `{found}`, no list of values", *keys)
    return tuple(dict.fromkeys(_own_texts(keys, found)))


def _numbers(keys: tuple[str, ...], first: Any, last: Any) -> range:
    try:
        numbers = range(int(str(first)), int(str(last)) + 1)
    except ValueError:
        raise PlanningError(
            f"the range of {{{keys[-1]}}} is {first} to {last}: both must be whole numbers", *keys
        ) from None
    if numbers.start < 0 or len(numbers) > MOST:
        raise PlanningError(f"the range of {{{keys[-1]}}} is {first} to {last}: at most {MOST:,} numbers from 0", *keys)
    return numbers


def _own_texts(keys: tuple[str, ...], values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        try:
            yield text_of("text", value)
        except ValueError as error:
            raise PlanningError(f"{{{keys[-1]}}}: {error}", *keys) from None
