"""`platerunner mark`: wells that a person calls bad at a gate, where no Airflow has a page for that."""

import getpass
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from urllib.parse import unquote

import typer

from platerunner.cli.completion import complete_gate
from platerunner.cli.console import counted, fail, out
from platerunner.cli.gates.qc import plain
from platerunner.cli.inspect.spec_session import Roots, SpecSession, spec_session
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner.documents.problems import suggest
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings
from platerunner.engine.gates.approvers import Approvers
from platerunner.engine.gates.wells import NAMED, find_well, wells_before
from platerunner.engine.records.marks import Mark, add_marks, load_marks
from platerunner.spec.steps import Gate, Step

EXAMPLE = "write it like `plate=P1 well=B03`, several as `well=B03,C04`"


def mark(
    spec: SpecArgument,
    gate: Annotated[str, typer.Argument(help="Name of the gate.", autocompletion=complete_gate)],
    wells: Annotated[
        list[str] | None, typer.Argument(help="`plate=P1 well=B03`, several as `well=B03,C04`; none to list all.")
    ] = None,
    *,
    because: Annotated[str, typer.Option(help="What is wrong with them, or why it no longer is.")] = "",
    take_back: Annotated[bool, typer.Option("--take-back", help="They are bad no longer.")] = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
) -> None:
    """Mark wells as bad at a gate: the steps after it leave them out. Without wells, list those that are marked."""
    with spec_session(spec, Roots(data_root, workspace_root, param)) as session:
        found = _gate(session, gate)
        session.say_where()
        standing = load_marks(session.workspace, gate)
        if wells:
            standing = _add(session, found, wells, " ".join(because.split()), take_back=take_back)
        elif because or take_back:
            fail(f"which wells? {EXAMPLE}")
        for each in standing:
            out.print(plain(f"{each.well}  {each.because} ({each.by}, {each.at[:10]})"), markup=False)


def _gate(session: SpecSession, name: str) -> Gate:
    gates = {each.name: each for each in session.pipeline.gates}
    if name not in gates:
        fail(f"{session.pipeline.name} has no gate `{name}`. {suggest(name, gates, 'gates')}")
    return gates[name]


def _add(session: SpecSession, gate: Gate, words: Sequence[str], because: str, *, take_back: bool) -> list[Mark]:
    """Mark wells in the name of the person who runs this; returns the wells that are marked then."""
    if not because:
        fail("say why with --because: it stands in plans and in the record")
    user, at = getpass.getuser(), datetime.now(UTC).isoformat(timespec="seconds")
    approvers = Approvers(gate.approvers, _groups(session))
    if not approvers.include("", user):
        fail(f"{user} is no approver of {gate.name}; ask one: {approvers.sentence}")
    marks = [Mark(well, because, user, at, not take_back) for well in _wells(session, gate, words)]
    standing = add_marks(session.workspace, gate.name, marks)
    done = (
        "no longer marked: steps after the gate take them"
        if take_back
        else "marked: steps after the gate leave them out"
    )
    out.print(f"{counted(len(marks), 'well')} {done}.", markup=False)
    return standing


def _groups(session: SpecSession) -> Mapping[str, Sequence[str]]:
    """Groups of approvers, as the connection has them; none without a connection."""
    if not session.connection.get("approver_groups"):
        return {}
    try:
        return ConnectionSettings.from_extra("platerunner", session.connection).approver_groups
    except ConnectionProblem as problem:
        fail(str(problem))


def _wells(session: SpecSession, gate: Gate, words: Sequence[str]) -> list[dict[str, str]]:
    """The wells that are meant, as the dataset calls them; ends the command if one is not before the gate."""
    said = dict(_value(part) for word in words for part in word.split("/"))
    steps = session.pipeline.steps
    upstream = {name: step.upstream for name, step in steps.items()}
    known = wells_before(gate.name, upstream, partial(_units, session))
    found = []
    for well in said.get("well", "").split(","):
        if (named := find_well(known, said.get("plate", ""), well.strip())) is None:
            place = f"plate={said['plate']} well={well}" if "plate" in said else f"well={well}"
            fail(f"no step before {gate.name} has a unit of {place} on record in {session.workspace.url}; {EXAMPLE}")
        found.append(named)
    return found


def _value(part: str) -> tuple[str, str]:
    name, equals, value = part.partition("=")
    if name not in NAMED or not equals:
        fail(f"`{part}` names no well; {EXAMPLE}")
    return name, unquote(value)


def _units(session: SpecSession, name: str) -> Iterable[str]:
    return session.store.index(name).units if isinstance(session.pipeline.steps[name], Step) else ()
