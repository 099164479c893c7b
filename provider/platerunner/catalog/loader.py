"""The catalog: modules that are shipped, those of a lab's own folders, and which values suit their parameters."""

import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platerunner.catalog.model import Module, Parameter, Port, Standing, Takes
from platerunner.catalog.quantities import check_quantities, duration, resources
from platerunner.catalog.versions import resolve, unknown_module, version_of
from platerunner.documents import schema as schemas
from platerunner.documents.problems import DocumentError, Problem
from platerunner.documents.reader import read
from platerunner.documents.shape import is_of_type
from platerunner.documents.source import Keys, Source

SHIPPED = Path(__file__).parent
VARIABLE = "PLATERUNNER_CATALOG"
"""Names a lab's own folders of catalog files, separated like those of PATH."""


class CatalogError(DocumentError):
    """A catalog file cannot be used."""


def load_catalog(*extra_folders: Path) -> Mapping[str, Module]:
    """Read the catalog, once.

    :param extra_folders: folders of ``*.yaml`` files like the shipped ones; a module of a later folder replaces one of
        the same name of an earlier folder. None for those that the variable ``PLATERUNNER_CATALOG`` names.
    :returns: module name to module.
    :raises CatalogError: with every problem of every file.
    """
    return loaded(extra_folders or _own_folders())


def load_standings() -> Mapping[str, Standing]:
    """What the files of a lab's own folders say of images: ``name`` or ``name:tag`` to that.

    :raises CatalogError: as :func:`load_catalog`.
    """
    folders = _own_folders()
    loaded(folders)
    return _standings(folders)


@cache
def _standings(folders: tuple[Path, ...]) -> Mapping[str, Standing]:
    paths = [path for folder in folders for path in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))]
    said = [read(path).data.get("images", {}) for path in paths]
    return {image: Standing(**data) for images in said for image, data in images.items()}


def _own_folders() -> tuple[Path, ...]:
    return tuple(Path(name).expanduser() for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name)


@cache
def loaded(extra_folders: tuple[Path, ...]) -> Mapping[str, Module]:
    """As :func:`load_catalog`, for exactly these folders besides the shipped one."""
    modules: dict[str, Module] = {}
    problems: list[Problem] = []
    sources: list[Source] = []
    for folder in (SHIPPED, *extra_folders):
        modules |= _load_folder(folder, problems, sources)
    for source in sources:
        problems += _check_successors(source, modules)
    if problems:
        raise CatalogError(problems)
    return MappingProxyType(modules)


def _load_folder(folder: Path, problems: list[Problem], sources: list[Source]) -> dict[str, Module]:
    found: dict[str, Module] = {}
    paths = sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
    if not paths:
        remedy = "Name a folder that holds `*.yaml` catalog files."
        problems.append(Problem(folder, 1, 1, "no catalog file is in this folder", remedy, "no-catalog"))
    for path in paths:
        try:
            source = _checked(path, found)
        except DocumentError as error:
            problems.extend(error.problems)
        else:
            sources.append(source)
            common = source.data.get("defaults", {})
            found |= {name: _module(name, {**common, **data}) for name, data in source.data["modules"].items()}
    return found


def _check_successors(source: Source, modules: Mapping[str, Module]) -> list[Problem]:
    """What is wrong with `replaced_by`, which may name a module of any file."""
    for name, data in source.data["modules"].items():
        other = data.get("replaced_by")
        if other and resolve(other, modules) is None:
            place = ("modules", name, "replaced_by")
            source.at_value(place, *unknown_module(other, modules), "unknown-module")
    return source.problems


def _checked(path: Path, known: Mapping[str, Module]) -> Source:
    source = read(path)
    check_quantities(source, schemas.check(source, catalog_schema()))
    if not source.problems:
        for name, data in source.data["modules"].items():
            _check_module(source, ("modules", name), data, known)
    if source.problems:
        raise DocumentError(source.problems)
    return source


@cache
def catalog_schema() -> schemas.Schema:
    """The JSON Schema of catalog files."""
    return schemas.load("platerunner.catalog", "catalog.schema.json")


def _check_module(source: Source, keys: Keys, data: Mapping[str, Any], known: Mapping[str, Module]) -> None:
    if keys[-1] in known:
        source.at_key(keys, f"another file of this folder has the module `{keys[-1]}`", "Rename one.", "repeated")
    argv = data.get("argv", [])
    if data["tool"] == "cellprofiler" and argv:
        source.at_key(
            (*keys, "argv"), "CellProfiler's command line is made by the runner", "Delete `argv`.", "not-allowed"
        )
    if data["tool"] != "cellprofiler" and not argv and "argv" not in data.get("parameters", {}):
        source.at_key(keys, "a command without `argv`", "Add `argv:` with program and arguments.", "missing-key")
    named, own = version_of(str(keys[-1])), data.get("version", "")
    if named and own and named != own:
        message = f"`{keys[-1]}` is said to be version {own}"
        source.at_value((*keys, "version"), message, f"Write {named} here, or {own} in the name.", "two-versions")
    for name, parameter in data.get("parameters", {}).items():
        wrong = objection(_parameter(name, parameter), parameter["default"]) if "default" in parameter else None
        if wrong:
            place = (*keys, "parameters", name, "default")
            source.at_value(place, f"the default of `{name}` {wrong}", "Change the default or the type.", "bad-default")


def _module(name: str, data: Mapping[str, Any]) -> Module:
    return Module(
        name=name,
        title=data["title"],
        description=data["description"],
        tool=data["tool"],
        image=data["image"],
        argv=tuple(data.get("argv", ())),
        own_image=data.get("own_image", False),
        open_parameters=data.get("open_parameters", False),
        parameters={key: _parameter(key, value) for key, value in data.get("parameters", {}).items()},
        inputs=_ports(data.get("inputs", {})),
        outputs=_ports(data.get("outputs", {})),
        resources=resources(data.get("resources", {})),
        numbers=tuple(data.get("numbers", ())),
        takes=Takes(*(duration(data["takes"][key]) for key in ("start", "per_gib"))) if "takes" in data else None,
        carries=data.get("carries", False),
        version=version_of(name) or data.get("version", ""),
        standing=Standing(**{key: data[key] for key in _STANDING if key in data}),
    )


_STANDING = ("status", "owner", "replaced_by", "until", "changelog")


def _ports(data: Mapping[str, Any]) -> dict[str, Port]:
    return {name: Port(name, port["description"], port.get("required", True)) for name, port in data.items()}


def _parameter(name: str, data: Mapping[str, Any]) -> Parameter:
    return Parameter(name, **{**data, "enum": tuple(data.get("enum", ()))})


FILE_TYPES = frozenset({"file", "folder"})
WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "file": "the name of a file",
    "folder": "the name of a folder",
}


def json_type(type_: str) -> str:
    """The JSON type of a parameter's type: files and folders are text."""
    return "string" if type_ in FILE_TYPES else type_


def as_schema(parameter: Parameter) -> dict[str, Any]:
    """The parameter's type as a JSON Schema: where text is expected, scalars are taken as written."""
    schema: dict[str, Any] = {"type": json_type(parameter.type)}
    if parameter.items:
        schema["items"] = {"type": json_type(parameter.items)}
    return schema


def objection(parameter: Parameter, value: Any) -> str | None:
    """What is wrong with a value, as the end of a sentence that begins with the parameter's name.

    :param value: without templates.
    :returns: None if nothing is.
    """
    if not is_of_type(value, json_type(parameter.type)):
        return f"should be {WORDS[parameter.type]}"
    if any(True for _ in unfit_items(parameter, value)):
        assert parameter.items
        return f"should hold only {WORDS[parameter.items].removeprefix('a ')} items"
    if parameter.enum and value not in parameter.enum:
        return f"should be one of {', '.join(f'`{v}`' for v in parameter.enum)}"
    if parameter.minimum is not None and value < parameter.minimum:
        return f"should be at least {parameter.minimum:g}"
    return None


def unfit_items(parameter: Parameter, value: Any) -> Iterator[int]:
    """The indexes of a list's items that do not have the type that the parameter asks of them."""
    if parameter.items and isinstance(value, list):
        type_ = json_type(parameter.items)
        yield from (index for index, item in enumerate(value) if not is_of_type(item, type_))
