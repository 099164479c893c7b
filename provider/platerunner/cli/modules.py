"""`platerunner modules`: what the catalog has, and what a module wants."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated

import typer

from platerunner.batch.image_catalog import standings
from platerunner.catalog.loader import CatalogError, load_catalog
from platerunner.catalog.model import Module, Port, Standing
from platerunner.catalog.reference import amounts, kind
from platerunner.catalog.versions import resolve, unknown_module
from platerunner.cli.console import fail, out, show_table
from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.place import find_ledger
from platerunner.engine.ledger.usage import Usage, usage_of
from platerunner_unit.contract.storage import Storage, StorageError
from platerunner_unit.contract.words import show_usd

Name = Annotated[str | None, typer.Argument(help="Module to describe; without it, all are listed.")]


def modules(
    name: Name = None,
    *,
    images: Annotated[
        bool, typer.Option("--images", help="List images that steps may name instead, with status and owner.")
    ] = False,
    usage: Annotated[
        str | None,
        typer.Option(help="Tell from this ledger, or workspace, who uses which modules and images.", metavar="URL"),
    ] = None,
) -> None:
    """List the catalog's modules, or say all about one: parameters, inputs, outputs, resources."""
    if usage is not None:
        _say_usage(usage, name)
        return
    try:
        catalog = load_catalog()
    except CatalogError as error:
        fail(str(error))
    if images:
        head = ("image", "status", "owner", "instead", "until")
        rows = [(image, *_short(standing)) for image, standing in sorted(standings().items())]
        show_table(head, rows)
    elif name is None:
        _list(catalog)
    elif (found := resolve(name, catalog)) is not None:
        for line in _description(catalog[found]):
            out.print(line, markup=False)
    else:
        message, remedy = unknown_module(name, catalog)
        fail(f"{message}. {remedy}")


def _short(standing: Standing) -> tuple[str, str, str, str]:
    return standing.status, standing.owner, standing.replaced_by, standing.until


def _list(catalog: Mapping[str, Module]) -> None:
    rows = [
        (name, module.title, module.image or "-", module.version or "-", module.standing.status)
        for name, module in sorted(catalog.items())
    ]
    if not out.is_terminal:
        for row in rows:
            out.print("\t".join(row), markup=False)
        return
    show_table(("module", "what it does", "image", "version", "status"), rows)


def _say_usage(place: str, name: str | None) -> None:
    """Who uses which modules in which images, how often, at what rate of failure and price."""
    try:
        rows = find_ledger(Storage(place)).rows()
        found = usage_of(row for row in rows if name in (None, row["module"]))
    except (LedgerError, StorageError) as error:
        fail(str(error))
    if not found:
        fail(f"the ledger of {place} has no attempts{f' of the module {name}' if name else ''}")
    head = ("module", "image", "attempts", "failed", "hours", "USD", "no price", "owners", "pipelines", "last")
    show_table(head, [_usage_cells(each) for each in found])
    out.print("`failed` leaves out attempts that lost their host or were ended with their task.", markup=False)


def _usage_cells(each: Usage) -> list[str]:
    return [
        each.module, each.image, f"{each.sum.attempts:,}", f"{each.failure_rate:.1%}",
        f"{each.sum.seconds / 3600:,.2f}",
        show_usd(each.sum.usd), f"{each.sum.unknown:,}" if each.sum.unknown else "",
        ", ".join(sorted(each.owners)), ", ".join(sorted(each.pipelines)), each.last,
    ]  # fmt: skip


def _description(module: Module) -> Iterator[str]:
    yield f"{module.name}: {module.title}"
    yield from ("", module.description, "")
    yield f"tool       {module.tool}"
    yield f"image      {module.image or 'none of its own: the step or `defaults` must name one'}"
    yield f"resources  {amounts(module.resources)}"
    yield f"version    {module.version or 'not told'}, {_standing(module.standing)}"
    yield from (f"  {version}: {text}" for version, text in module.standing.changelog.items())
    parameters = [(each.name, kind(each), each.description) for each in module.parameters.values()]
    yield from _section("with", parameters, more=module.open_parameters)
    yield from _section("inputs", _ports(module.inputs), more=not module.inputs)
    yield from _section("outputs", _ports(module.outputs), more=not module.outputs)


def _standing(standing: Standing) -> str:
    parts = [
        standing.status,
        f"until {standing.until}" if standing.until else "",
        f"use {standing.replaced_by}" if standing.replaced_by else "",
        f"owner {standing.owner}" if standing.owner else "",
    ]
    return ", ".join(part for part in parts if part)


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
