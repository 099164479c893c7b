"""The catalog: modules that are shipped, and those of a lab's own folders."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platerunner.catalog import quantities
from platerunner.catalog.model import Module, Parameter, Port, Resources
from platerunner.catalog.parameters import objection
from platerunner.documents import schema as schemas
from platerunner.documents import sentences
from platerunner.documents.problems import DocumentError, Problem, suggest
from platerunner.documents.reader import read
from platerunner.documents.source import Keys, Source
from platerunner.documents.walk import Place

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


def _own_folders() -> tuple[Path, ...]:
    return tuple(Path(name).expanduser() for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name)


@cache
def loaded(extra_folders: tuple[Path, ...]) -> Mapping[str, Module]:
    """As :func:`load_catalog`, for exactly these folders besides the shipped one."""
    modules: dict[str, Module] = {}
    problems: list[Problem] = []
    for folder in (SHIPPED, *extra_folders):
        modules |= _load_folder(folder, problems)
    if problems:
        raise CatalogError(problems)
    return MappingProxyType(modules)


def _load_folder(folder: Path, problems: list[Problem]) -> dict[str, Module]:
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
            found |= {name: _module(name, data) for name, data in source.data["modules"].items()}
    return found


def _checked(path: Path, known: Mapping[str, Module]) -> Source:
    source = read(path)
    check_quantities(source, sentences.check(source, catalog_schema()).places)
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


def check_quantities(source: Source, places: Iterable[Place]) -> set[Keys]:
    """Note every text of a document that should be a quantity and is not.

    :param places: as :func:`platerunner.documents.walk.walk` finds them.
    :returns: the places of those texts.
    """
    bad: set[Keys] = set()
    for keys, value, node in places:
        if "x-quantity" in node and isinstance(value, str):
            try:
                quantities.within(node["x-quantity"], value, node.get("x-least"), node.get("x-most"))
            except quantities.QuantityError as error:
                source.at_value(keys, f"{sentences.where(keys)}: {error.message}", error.remedy, "bad-quantity")
                bad.add(keys)
    return bad


def _check_module(source: Source, keys: Keys, data: Mapping[str, Any], known: Mapping[str, Module]) -> None:
    if keys[-1] in known:
        source.at_key(keys, f"another file of this folder has the module `{keys[-1]}`", "Rename one.", "repeated")
    argv = data.get("argv", [])
    if data["tool"] == "cellprofiler" and argv:
        source.at_key(
            (*keys, "argv"), "CellProfiler's command line is made by the runner", "Delete `argv`.", "not-allowed"
        )
    if data["tool"] == "command" and not argv and "argv" not in data.get("parameters", {}):
        source.at_key(keys, "a command without `argv`", "Add `argv:` with program and arguments.", "missing-key")
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
    )


def _ports(data: Mapping[str, Any]) -> dict[str, Port]:
    return {name: Port(name, port["description"], port.get("required", True)) for name, port in data.items()}


def _parameter(name: str, data: Mapping[str, Any]) -> Parameter:
    return Parameter(name, **{**data, "enum": tuple(data.get("enum", ()))})


def resources(*layers: Mapping[str, Any], base: Resources | None = None) -> Resources:
    """Resources as written, on top of others.

    :param layers: valid mappings as in a spec or a catalog file; a later one goes before an earlier one.
    :param base: what holds for keys that no layer has.
    """
    values = {field.name: getattr(base or Resources(), field.name) for field in fields(Resources)}
    for layer in layers:
        values |= quantified(layer)
    return Resources(**values)


def quantified(layer: Mapping[str, Any]) -> dict[str, Any]:
    """Resources as written, as numbers: bytes and seconds."""
    return {key: quantities.KINDS[_KINDS[key]](value) if key in _KINDS else value for key, value in layer.items()}


_KINDS = {
    **dict.fromkeys(("memory", "disk", "shared_memory", "swap"), "size"),
    **dict.fromkeys(("timeout", "stall"), "duration"),
}


def unknown_module(name: str, modules: Mapping[str, Module]) -> tuple[str, str]:
    """Message and remedy for a module that the catalog does not have."""
    return f"no module is called `{name}`", suggest(name, modules, "modules of the catalog")
