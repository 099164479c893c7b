"""`platerunner cost`: what a pipeline's attempts cost, by whatever is asked for, and what of it was wasted."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from platerunner.cli.console import counted, fail, out, show_table
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner.engine.ledger.chargeback import harmless
from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.comparison import FILE_SYSTEMS, Compared, compare_runs
from platerunner.engine.ledger.costs import COLUMNS, Costs, GroupOf, Sum, group_by, largest_first, sum_up
from platerunner.engine.ledger.file_systems import read_file_systems
from platerunner.engine.ledger.place import ledgers_at, rows_of_all
from platerunner.engine.ledger.waste import Saving, find_savings
from platerunner.engine.periods import DAY_FORM, day_meant
from platerunner_unit.contract.words import show_usd

HEAD = ("attempts", "failed", "hours", "USD", "of failed", "no price")
IDLE = "(idle instances)"
DIGITS = 9
"""Digits of numbers for machines: further ones depend on the order in which rows are summed."""
SAVINGS = 5
"""Savings that are named."""


def cost(
    spec: SpecArgument,
    *,
    run: Annotated[str | None, typer.Option(help="Only this run.", show_default="all")] = None,
    plate: Annotated[str | None, typer.Option(help="Only this plate.", show_default="all")] = None,
    by: Annotated[
        str, typer.Option(help=f"Sum by {', '.join(COLUMNS)}, month, project (a tag) or `tag:NAME`.", metavar="WHAT")
    ] = "step",
    since: Annotated[
        str | None, typer.Option(help="From this day: `2026-11-30`, or `30d` for 30 days ago.", show_default="all")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Compare --run with this run, step by step.", metavar="RUN", show_default="none")
    ] = None,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Show what attempts cost: those that failed, too, idle instances, and file systems. Reads the ledger alone."""
    group, first = _group(by), _day(since)
    if against is not None and run is None:
        fail("--against: name the run that is compared with it in --run")
    with spec_session(spec, Roots(data_root, workspace_root, param)) as session:
        session.say_where()
        name = session.pipeline.name

        ledgers = ledgers_at(session.connection.get("ledger", ""), session.workspace)

        def read() -> Iterator[Row]:
            return rows_of_all(ledgers, first)

        def wanted(row: Row) -> bool:
            return row["pipeline"] == name and run in (None, row["run"]) and plate in (None, row["plate"])

        if against is not None and run is not None:
            rows, stored = _of_pipeline(name, read()), _of_pipeline(name, read_file_systems(ledgers, first))
            _say_comparison(rows, stored, run, against, as_json=as_json)
            return
        costs = sum_up(read(), wanted, group, read_file_systems(ledgers, first))
        _check(costs, session, run, plate)
        if as_csv:
            _write_csv(by, costs)
            return
        savings = find_savings(row for row in read() if wanted(row))
        _say_json(by, costs, savings) if as_json else _say(by, costs, savings)


def _of_pipeline(name: str, rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["pipeline"] == name]


def _group(by: str) -> GroupOf:
    group = group_by(by)
    if group is None:
        fail(f"--by {by}: there is {', '.join(COLUMNS)}, month, project and `tag:NAME`")
    return group


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return day_meant(text)
    except ValueError:
        fail(f"--since {text}: write {DAY_FORM}")


def _check(costs: Costs, session: SpecSession, run: str | None, plate: str | None) -> None:
    if not costs.total.attempts:
        asked = [f"{word} {value}" for word, value in (("run", run), ("plate", plate)) if value is not None]
        fail(
            f"the ledger has no attempts of {' and '.join([session.pipeline.name, *asked])}; `platerunner status` "
            "names the last runs. Those of versions before 0.1 wrote no ledger"
        )


def _say(by: str, costs: Costs, savings: Sequence[Saving]) -> None:
    rows = [[name or "(none)", *_cells(each)] for name, each in largest_first(costs.groups)]
    if costs.idle:
        rows.append([IDLE, "", "", "", show_usd(costs.idle), "", ""])
    if costs.file_systems.count:
        unknown = f"{costs.file_systems.unknown:,}" if costs.file_systems.unknown else ""
        rows.append([FILE_SYSTEMS, "", "", "", show_usd(costs.file_systems.usd), "", unknown])
    total = [*_cells(costs.total)]
    total[3] = show_usd(costs.bill)
    show_table((by, *HEAD), [*rows, ["total", *total]])
    for sentence in _sentences(costs, savings):
        out.print(sentence, markup=False)


def _cells(each: Sum) -> list[str]:
    unknown = f"{each.unknown:,}" if each.unknown else ""
    failed = f"{each.failed:,}" if each.failed else ""
    hours = f"{each.seconds / 3600:,.2f}"
    return [
        f"{each.attempts:,}",
        failed,
        hours,
        show_usd(each.usd),
        show_usd(each.usd_failed) if failed else "",
        unknown,
    ]


def _sentences(costs: Costs, savings: Sequence[Saving]) -> Iterator[str]:
    """What was wasted, and what is not known."""
    total = costs.total
    if total.usd_failed:
        yield f"Attempts that failed: {show_usd(total.usd_failed)} USD, {_share(total.usd_failed, costs.bill)}."
    if costs.idle > 0:
        yield f"Instances that no job used: {show_usd(costs.idle)} USD at least, {_share(costs.idle, costs.bill)}."
    for saving in savings[:SAVINGS]:
        each = f"{show_usd(saving.usd / saving.plates)} USD a plate" if saving.plates else f"{show_usd(saving.usd)} USD"
        yield f"{saving.step} {saving.because}: `{saving.line}` in its `resources` saves {each}."
    if total.unknown:
        yield (
            f"No price is known of {counted(total.unknown, 'attempt')}, which the sums leave out: the steps' logs say"
            " why. For the next ones allow the role to ask for prices, or write them into prices.yaml of the ledger."
        )
    if unknown := costs.file_systems.unknown:
        yield (
            f"No price is known of {counted(unknown, 'file system')}, which the sums leave out: it is EFS, it is still"
            " there, or its region's prices are not in prices.yaml of the ledger."
        )


def _share(part: float, whole: float) -> str:
    return f"{part / whole:.0%} of all" if whole else "all"


def _told(each: Sum) -> dict[str, Any]:
    return {
        "attempts": each.attempts,
        "failed": each.failed,
        "hours": round(each.seconds / 3600, DIGITS),
        "usd": round(each.usd, DIGITS),
        "usd_failed": round(each.usd_failed, DIGITS),
        "attempts_without_price": each.unknown,
    }


def _say_json(by: str, costs: Costs, savings: Sequence[Saving]) -> None:
    groups = [{by: name, **_told(each)} for name, each in largest_first(costs.groups)]
    saved = [
        {"step": each.step, "line": each.line, "because": each.because, "usd": each.usd, "plates": each.plates}
        for each in savings
    ]
    idle, bill = round(costs.idle, DIGITS), round(costs.bill, DIGITS)
    stored = {
        "usd_file_systems": round(costs.file_systems.usd, DIGITS),
        "file_systems_without_price": costs.file_systems.unknown,
    }
    told = {"groups": groups, "total": _told(costs.total), "usd_idle": idle, **stored, "usd": bill, "savings": saved}
    typer.echo(json.dumps(told, indent=1, ensure_ascii=False))


def _write_csv(by: str, costs: Costs) -> None:
    """A line per group, one for idle instances, and one for file systems: the lines' sum is the bill."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([by, *_told(costs.total)])
    for name, each in largest_first(costs.groups):
        writer.writerow([harmless(name), *_told(each).values()])
    writer.writerow([IDLE, 0, 0, 0.0, round(costs.idle, DIGITS), 0.0, 0])
    if (found := costs.file_systems).count:
        writer.writerow([FILE_SYSTEMS, 0, 0, 0.0, round(found.usd, DIGITS), 0.0, found.unknown])


def _say_comparison(rows: Sequence[Row], file_systems: Sequence[Row], run: str, against: str, *, as_json: bool) -> None:
    for name in (against, run):
        if not any(row["run"] == name for row in rows):
            fail(f"the ledger has no attempts of the run {name}; `platerunner cost --by run` lists those that it has")
    compared = compare_runs(rows, against, run, file_systems)
    if as_json:
        typer.echo(json.dumps([each.to_json() for each in compared], indent=1))
        return
    head = ("step", f"s in {against}", f"s in {run}", "times", f"USD in {against}", f"USD in {run}", "times", "on")
    show_table(head, [_compared_cells(each) for each in compared])
    sums = " File systems: those of the run together." if FILE_SYSTEMS in (each.step for each in compared) else ""
    out.print(f"Medians of a unit's attempts that succeeded.{sums}", style="dim", markup=False)


def _compared_cells(each: Compared) -> list[str]:
    sides = (each.before, each.after)
    times = [side.seconds if side else None for side in sides]
    prices = [side.usd if side else None for side in sides]
    on = " -> ".join(", ".join(side.on) if side else "-" for side in sides)
    return [
        each.step,
        *("-" if value is None else f"{value:,.1f}" for value in times),
        _times(each.time),
        *("-" if value is None else show_usd(value) for value in prices),
        _times(each.money),
        on,
    ]


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}"
