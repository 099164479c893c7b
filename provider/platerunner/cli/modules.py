"""`platerunner modules`: what the catalog has, and what a module wants."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import typer

from platerunner.catalog.loader import CatalogError, load_catalog, unknown_module
from platerunner.catalog.model import Module, Port
from platerunner.catalog.reference import amounts, kind
from platerunner.cli.console import fail, out, show_table

Name = Annotated[str | None, typer.Argument(help="Module to describe; without it, all are listed.")]


def modules(name: Name = None) -> None:
    """List the catalog's modules, or say all about one: parameters, inputs, outputs, resources."""
    try:
        catalog = load_catalog()
    except CatalogError as error:
        fail(str(error))
    if name is None:
        _list(catalog)
    elif name in catalog:
        for line in _description(catalog[name]):
            out.print(line, markup=False)
    else:
        message, remedy = unknown_module(name, catalog)
        fail(f"{message}. {remedy}")


def _list(catalog: Mapping[str, Module]) -> None:
    rows = [(name, module.title, module.image or "-") for name, module in sorted(catalog.items())]
    if not out.is_terminal:
        for row in rows:
            out.print("\t".join(row), markup=False)
        return
    show_table(("module", "what it does", "image"), rows)


def _description(module: Module) -> Iterator[str]:
    yield f"{module.name}: {module.title}"
    yield from ("", module.description, "")
    yield f"tool       {module.tool}"
    yield f"image      {module.image or 'none of its own: the step or `defaults` must name one'}"
    yield f"resources  {amounts(module.resources)}"
    parameters = [(each.name, kind(each), each.description) for each in module.parameters.values()]
    yield from _section("with", parameters, more=module.open_parameters)
    yield from _section("inputs", _ports(module.inputs), more=not module.inputs)
    yield from _section("outputs", _ports(module.outputs), more=not module.outputs)


def _section(title: str, rows: Iterable[tuple[str, str, str]], *, more: bool) -> Iterator[str]:
    yield from ("", f"{title}:")
    listed = list(rows)
    widths = [max((len(row[column]) for row in listed), default=0) for column in (0, 1)]
    for name, words, description in listed:
        yield f"  {name:<{widths[0]}}  {words:<{widths[1]}}  {description}"
    if more:
        yield "  any other name" if listed else "  any names"
    elif not listed:
        yield "  none"


def _ports(ports: Mapping[str, Port]) -> Iterator[tuple[str, str, str]]:
    return ((port.name, "required" if port.required else "", port.description) for port in ports.values())
