"""A spec on its way to a pipeline: what the schema accepts of it, so that the rules can look at that, too."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from platerunner.catalog.loader import as_schema
from platerunner.catalog.model import Module
from platerunner.catalog.quantities import check_quantities
from platerunner.catalog.versions import resolve
from platerunner.documents.schema import note_faults
from platerunner.documents.shape import Place, Shape, walk
from platerunner.documents.source import Keys, Source
from platerunner.spec.derived import deriving
from platerunner.spec.file_patterns import TablePattern, with_planes
from platerunner.spec.forms import Target, parse_output, path_of, planes_of
from platerunner.spec.matrix import Matrix, check_matrices, expand
from platerunner.spec.schema import pipeline_schema
from platerunner_unit.contract.patterns import Pattern, PatternError

Data = Mapping[str, Any]


@dataclass
class Draft:
    """A spec with its unusable values taken out.

    :param modules: the catalog.
    :param step_names: of all steps and gates as written, usable or not.
    :param matrices: of the steps that are repeated; in :attr:`steps` their members stand in their place.
    :param doubtful: places where something is missing or was taken out.
    :param places: every usable value with its schema.
    """

    source: Source
    modules: Mapping[str, Module]
    step_names: tuple[str, ...] = ()
    matrices: Mapping[str, Matrix] = field(default_factory=dict)
    doubtful: set[Keys] = field(default_factory=set)
    places: list[Place] = field(default_factory=list)

    @property
    def data(self) -> Data:
        """The whole spec."""
        return self.source.data  # type: ignore[no-any-return]

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys that the spec or one of its steps gives a value."""
        parts = (self.data, *self.steps.values())
        return frozenset(key for part in parts for key, value in part.items() if value is not None)

    @cached_property
    def steps(self) -> dict[str, Data]:
        """The steps that run a module."""
        return {name: data for name, data in self.data.get("steps", {}).items() if "gate" not in data}

    @cached_property
    def gates(self) -> dict[str, Data]:
        """The steps that wait for a person."""
        return {name: data for name, data in self.data.get("steps", {}).items() if "gate" in data}

    @cached_property
    def files(self) -> dict[str, Pattern | None]:
        """File set name to its pattern; None if it cannot be read."""
        files = self.data.get("dataset", {}).get("files", {})
        return {name: _file_pattern(value) for name, value in files.items()}

    @cached_property
    def outputs(self) -> dict[str, dict[str, Pattern | None]]:
        """Step name, as written, to output name to pattern; None if it cannot be read."""
        plain = {
            step: {name: readable(path_of(value)) for name, value in data.get("outputs", {}).items()}
            for step, data in self.steps.items()
            if step in self.step_names
        }
        repeated = {
            step: {name: readable(matrix.joint(name, {})) for name in matrix.outputs}
            for step, matrix in self.matrices.items()
        }
        return {**plain, **repeated}

    @cached_property
    def origins(self) -> dict[str, str]:
        """Id of each step and gate to its name as written, which differs for members of a matrix."""
        members = {member: step for step, matrix in self.matrices.items() for member in matrix.members}
        return {name: members.get(name, name) for name in self.data.get("steps", {})}

    def referred(self, reference: str) -> Pattern | None:
        """The pattern of ``dataset.<files>`` or ``<step>.<output>``; None if there is none that can be read."""
        target = parse_output(reference)
        if target is None:
            return None
        if target.step == "dataset":
            return self.files.get(target.output)
        matrix = self.matrices.get(target.step)
        if matrix is not None and target.output in matrix.outputs:
            return readable(matrix.joint(target.output, target.where))
        return self.outputs.get(target.step, {}).get(target.output)

    def members(self, target: Target) -> tuple[str, ...]:
        """Ids of the steps that a target names: those of a matrix that have the values, or the step itself."""
        matrix = self.matrices.get(target.step)
        return matrix.select(target.where) if matrix is not None else (target.step,)

    def supplied(self, step: str) -> set[str] | None:
        """The wildcards that a step's inputs supply, or its own ``foreach``; None if that is not known."""
        inputs = self.steps[step].get("inputs", {})
        patterns = [self.referred(reference) for reference in inputs.values()]
        if any(pattern is None for pattern in patterns) or self.is_doubtful("steps", step, "inputs"):
            return None
        own = self.steps[step].get("own", {})
        return {*own, *(name for pattern in patterns if pattern for name in pattern.wildcards)}

    def is_doubtful(self, *keys: str | int) -> bool:
        """Whether something is wrong at a place or below it."""
        return any(place[: len(keys)] == keys for place in self.doubtful)


@lru_cache(maxsize=4096)
def readable(text: str) -> Pattern | None:
    """A pattern; None if it cannot be read."""
    try:
        return Pattern.parse(text)
    except PatternError:
        return None


def _file_pattern(value: Any) -> Pattern | None:
    try:
        pattern = bare_pattern(value)
        if isinstance(value, str) or pattern is None:
            return pattern
        derive = value.get("derive")
        pattern = deriving(pattern, derive) if derive else pattern
        return with_planes(pattern, planes_of(value)) if "planes" in value else pattern
    except PatternError:
        return None


def bare_pattern(value: Any) -> Pattern | None:
    """The pattern of a file set without its derived wildcards; None if it cannot be read."""
    if isinstance(value, str) or "table" not in value:
        return readable(path_of(value))
    try:
        return TablePattern(value["table"], path_of(value), value.get("columns", {}))
    except PatternError:
        return None


def texts(items: Any) -> Iterator[tuple[int, str]]:
    """The usable items of a list of names, with their indexes."""
    return ((index, item) for index, item in enumerate(items or ()) if isinstance(item, str))


def settings(data: Data) -> Iterator[tuple[Keys, Data]]:
    """A step's own settings and those of its overrides, each with its keys below the step."""
    yield (), data
    yield from ((("overrides", i), item) for i, item in enumerate(data.get("overrides", ())) if isinstance(item, dict))


def draft(source: Source, modules: Mapping[str, Module]) -> Draft:
    """Check a document against the schema, note what is wrong, and keep the rest.

    :param source: changed in place: text as written, unusable values taken out.
    """
    steps = source.data.get("steps")
    names = tuple(steps) if isinstance(steps, dict) else ()
    bad, lacking, places = _usable(source)
    doubtful = bad | lacking | check_quantities(source, places)
    matrices: Mapping[str, Matrix] = {}
    if source.may_say("matrix"):  # to look for placeholders in every text takes a tenth of a spec's time
        unfit = check_matrices(source, doubtful)
        for keys in unfit:
            _take_out(source.data, keys)
        doubtful |= unfit
        matrices = expand(source)
    _part_own_values(source.data.get("steps", {}))
    for files in source.data.get("dataset", {}).get("files", {}).values():
        if isinstance(files, dict) and files.get("microscope") and not files.keys() & {"path", "table"}:
            from platerunner.spec import microscopes  # which few specs name

            files.update(microscopes.expand(files))
    result = Draft(source, modules, names, matrices, doubtful | set(_of_members(doubtful, matrices)), places)
    _pin_versions(result)
    _take_own_types(result)
    return result


def _pin_versions(result: Draft) -> None:
    """Replace `module: imaging.montage@^1.2` by the catalog's own name; a rule reports names that it does not have."""
    for data in result.steps.values():
        for _, setting in settings(data):
            wanted = setting.get("module")
            if isinstance(wanted, str) and "@" in wanted and (found := resolve(wanted, result.modules)):
                setting["module"] = found  # type: ignore[index]


_OF_INPUTS = "inputs"
"""Written for a wildcard of ``foreach`` whose values come from the inputs."""


def _part_own_values(steps: Mapping[str, Any]) -> None:
    """Let every ``foreach`` be a list of wildcards, with their values, as far as the spec says them, in ``own``.

    :param steps: by name; changed in place.
    """
    for step in steps.values():
        values = step.get("foreach") if isinstance(step, dict) else None
        if isinstance(values, dict):
            step["foreach"] = list(values)
            step["own"] = {name: each for name, each in values.items() if each != _OF_INPUTS}


def _usable(source: Source) -> tuple[set[Keys], set[Keys], list[Place]]:
    """The places of what had to be taken out, of what is incomplete, and of everything that is left."""
    schema = pipeline_schema()
    walked = walk(source, schema.shape, source.data)
    if walked.is_sound:
        return set(), set(), walked.places
    bad, lacking = note_faults(source, schema)
    for keys in sorted(bad, key=len, reverse=True):
        _take_out(source.data, keys)
    places = walk(source, schema.shape, source.data).places if bad else walked.places
    return bad, lacking, places


def _of_members(places: set[Keys], matrices: Mapping[str, Matrix]) -> Iterator[Keys]:
    """If something is doubtful in a repeated step, it is doubtful in its members."""
    for keys in places:
        matrix = matrices.get(str(keys[1])) if keys[:1] == ("steps",) and len(keys) > 1 else None
        yield from (("steps", member, *keys[2:]) for member in (matrix.members if matrix else ()))


def _take_out(data: Any, keys: Keys) -> None:
    for key in keys[:-1]:
        data = data[key]
    if isinstance(data, dict):
        data.pop(keys[-1], None)
    elif keys:
        data[keys[-1]] = None  # so that the items after it keep their indexes


def _take_own_types(result: Draft) -> None:
    """Read values whose type comes from the spec or the catalog, not from the schema: params and ``with``."""
    for name, param in result.data.get("params", {}).items():
        if result.is_doubtful("params", name):
            continue
        own = {key: param[key] for key in ("type", "items") if key in param}
        for key, schema in (("default", own), ("enum", {"items": own}), ("examples", {"items": own})):
            if key in param:
                param[key] = walk(result.source, Shape(schema), param[key], ("params", name, key)).value
    for step, data in result.steps.items():
        for keys, setting in settings(data):
            module = result.modules.get(setting.get("module", data.get("module")))
            if module is not None:
                _take_parameter_types(result.source, module, setting.get("with", {}), ("steps", step, *keys, "with"))


def _take_parameter_types(source: Source, module: Module, values: dict[str, Any], keys: Keys) -> None:
    for name, value in values.items():
        if name in module.parameters:
            values[name] = walk(source, Shape(as_schema(module.parameters[name])), value, (*keys, name)).value
