"""`platerunner ledger ask`: a named query to a ledger, here or by Athena, as a table, JSON, CSV or a page."""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from platerunner.cli.aws.connection import connect
from platerunner.cli.console import fail, out, quiet, show_table
from platerunner.engine.ledger.asking.duck import Answer, ask_duckdb
from platerunner.engine.ledger.asking.page import show_page
from platerunner.engine.ledger.asking.queries import Query, all_queries, find_query
from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import find_ledger
from platerunner_unit.contract.storage import Storage, StorageError

DATABASE = "platerunner"


def _complete(incomplete: str) -> list[str]:
    return [name for name in all_queries() if name.startswith(incomplete)]


def ask(
    name: Annotated[
        str, typer.Argument(help="The query; without, all are listed.", show_default="", autocompletion=_complete)
    ] = "",
    *,
    param: Annotated[
        list[str] | None,
        typer.Option("--param", "-P", help="A parameter as name=value.", metavar="K=V", show_default="the query's"),
    ] = None,
    ledger: Annotated[
        list[str] | None,
        typer.Option(
            help="A ledger or a workspace, a folder or s3://.", metavar="URL", show_default="the connection's"
        ),
    ] = None,
    athena: Annotated[
        str | None, typer.Option(help="Ask Athena, in this workgroup.", metavar="WORKGROUP", show_default="DuckDB here")
    ] = None,
    database: Annotated[str, typer.Option(help="Of Athena: the ledger's.")] = DATABASE,
    html: Annotated[
        Path | None, typer.Option(help="Write a page, in one file.", dir_okay=False, show_default="none")
    ] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL, and ask nobody.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON list, an object per row.")] = False,
) -> None:
    """Ask a ledger one of the named queries: what was slow, what it cost, what failed, which results used an image."""
    if not name:
        _list_queries()
        return
    with quiet(), connect(local=False, needed=False) as cloud:
        try:
            query, given = find_query(name), _given(param or [])
            filled = query.filled(given)
            if sql:
                typer.echo(filled)
                return
            places = ledger or [str(cloud.extras.get("ledger", ""))]
            answer = _ask_athena(filled, athena, database) if athena else ask_duckdb(_ledgers(places), filled)
        except (LedgerError, StorageError) as error:
            fail(str(error))
    if html is not None:
        html.write_text(show_page(query, answer, given))
        out.print(str(html), markup=False)
    else:
        _say(query, answer, as_csv=as_csv, as_json=as_json)


def _list_queries() -> None:
    rows = [
        [each.name, each.title, ", ".join(f"{p.name} ({p.type})" for p in each.parameters)]
        for each in all_queries().values()
    ]
    show_table(("query", "what it tells", "parameters"), rows)


def _given(texts: Sequence[str]) -> dict[str, Any]:
    for text in texts:
        if "=" not in text:
            fail(f"-P {text}: write name=value")
    return {name: value for name, _, value in (text.partition("=") for text in texts)}


def _ledgers(places: Sequence[str]) -> list[Ledger]:
    if not places[0]:
        fail("Which ledger? Give --ledger URL: a workspace in which steps have run, or a ledger that pipelines share.")
    return [find_ledger(Storage(place)) for place in places]


def _ask_athena(sql: str, workgroup: str, database: str) -> Answer:
    from platerunner.hooks.athena import ask_athena  # Airflow, for those who ask AWS

    return ask_athena(sql, workgroup, database)


def _say(query: Query, answer: Answer, *, as_csv: bool, as_json: bool) -> None:
    if as_json:
        rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
        typer.echo(json.dumps(rows, indent=1, ensure_ascii=False, default=_moment))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows([_harmless(value) for value in row] for row in answer.rows)
    elif not answer.rows:
        out.print(f"{query.title}: the ledger has nothing of that.", markup=False)
    else:
        show_table(answer.columns, [[_cell(value) for value in row] for row in answer.rows], query.title)


def _moment(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _harmless(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value
