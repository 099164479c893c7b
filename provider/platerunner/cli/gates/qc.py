"""`platerunner qc`: gates that wait for a person, and their answers, through Airflow's REST API."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from shlex import quote
from typing import Annotated

import typer

from platerunner.cli.console import counted, fail, out, show_table
from platerunner.cli.gates.airflow_api import AirflowApi, AirflowUrl, AirflowUser, ApiError, Login, TokenFile
from platerunner.cli.gates.waiting_gates import WaitingGate, answer, waiting_gates
from platerunner.engine.gates.asked import APPROVE, REJECT
from platerunner.engine.gates.report import SIGNS
from platerunner_unit.contract.words import show_number

LOCAL = "http://localhost:8080"
COLUMNS = ("pipeline", "gate", "branch", "run", "since", "question")

qc = typer.Typer(
    name="qc", help="See the gates that wait for a person, and answer them, as yourself.", no_args_is_help=True
)
Pipeline = Annotated[str, typer.Argument(help="The pipeline's name.")]
GateName = Annotated[str, typer.Argument(help="The gate's name; may be left out if one gate alone waits.")]
Run = Annotated[str, typer.Option(help="Run id, if several runs wait.")]
Branch = Annotated[str, typer.Option(help="Such as `plate=P1`, if several branches of a run wait.")]
Comment = Annotated[str, typer.Option("--comment", "-m", help="For the record; a rejection needs one.")]


@qc.command(name="list")
def list_gates(
    *,
    everybodys: Annotated[bool, typer.Option("--all", help="Also those that others have to decide.")] = False,
    airflow: AirflowUrl = LOCAL,
    user: AirflowUser = None,
    token_file: TokenFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list, an object per gate.")] = False,
) -> None:
    """List what waits for you, the oldest first."""
    with _airflow(airflow, user, token_file) as api:
        found = [gate for gate in waiting_gates(api) if everybodys or gate.may_decide(api.me)]
    rows = [_row(gate) for gate in found]
    if as_json:
        typer.echo(json.dumps([dict(zip(COLUMNS, row, strict=True)) for row in rows], indent=1))
    elif not rows:
        out.print("Nothing waits for you." if not everybodys else "No gate waits.")
    elif out.is_terminal:
        show_table(COLUMNS, rows)
    else:
        for row in rows:
            out.print("  ".join(value or "-" for value in row), markup=False)


@qc.command()
def show(
    pipeline: Pipeline,
    gate: GateName = "",
    *,
    run: Run = "~",
    branch: Branch = "",
    airflow: AirflowUrl = LOCAL,
    user: AirflowUser = None,
    token_file: TokenFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="What it asks, as JSON.")] = False,
) -> None:
    """Show what a gate asks: its pictures, its checks with their lights, its numbers."""
    with _airflow(airflow, user, token_file) as api:
        found = _the_one(api, pipeline, gate, run, branch)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=1))
    else:
        for line in _told(found):
            out.print(plain(line), markup=False)


def _answering(choice: str) -> Callable[..., None]:
    """A command that gives one of the two answers."""

    def command(
        pipeline: Pipeline,
        gate: GateName = "",
        *,
        comment: Comment = "",
        run: Run = "~",
        branch: Branch = "",
        airflow: AirflowUrl = LOCAL,
        user: AirflowUser = None,
        token_file: TokenFile = None,
    ) -> None:
        if choice == REJECT and not comment.strip():
            fail("a rejection needs --comment: what is wrong, and where; it is what the scientist reads")
        with _airflow(airflow, user, token_file) as api:
            _answer(api, _the_one(api, pipeline, gate, run, branch), choice, comment)

    return command


qc.command("approve", help="Approve a gate that waits: the pipeline goes on.")(_answering(APPROVE))
qc.command("reject", help="Reject a gate that waits, with what is wrong: the pipeline stops there.")(_answering(REJECT))


@contextmanager
def _airflow(url: str, user: str | None, token_file: TokenFile) -> Iterator[AirflowApi]:
    try:
        yield AirflowApi(Login(url, user, token_file))
    except ApiError as error:
        fail(str(error), code=1)


def _the_one(api: AirflowApi, pipeline: str, gate: str, run: str, branch: str) -> WaitingGate:
    """The one gate that is meant; ends the command if none fits, or several."""
    found = [one for one in waiting_gates(api, pipeline, gate, run) if branch in ("", one.branch)]
    if not found:
        raise ApiError(f"{pipeline}{f' {gate}' if gate else ''}: no such gate waits; see `platerunner qc list --all`")
    if len(found) > 1:
        names = "; ".join(map(_named, found))
        raise ApiError(f"{len(found)} gates of {pipeline} wait; name one: {plain(names)}")
    return found[0]


def _named(gate: WaitingGate) -> str:
    """The arguments that tell a gate from the others that wait."""
    return f"{gate.gate} --run {gate.run_id}{f' --branch {quote(gate.branch)}' if gate.branch else ''}"


def _answer(api: AirflowApi, gate: WaitingGate, choice: str, comment: str) -> None:
    if not gate.may_decide(api.me) and gate.asked:
        raise ApiError(f"you are no approver of {gate.gate}; it waits for {', '.join(gate.asked.approvers)}")
    answer(api, gate, choice, comment.strip())
    done = {APPROVE: "approved", REJECT: "rejected"}[choice]
    place = ", ".join(filter(None, (gate.branch, gate.run_id)))
    out.print(plain(f"{done}: {gate.gate} of {gate.pipeline}, {place}"), markup=False)


def _row(gate: WaitingGate) -> tuple[str, ...]:
    title = gate.asked.title if gate.asked else gate.subject
    since = gate.created_at[:16].replace("T", " ")
    return tuple(map(plain, (gate.pipeline, gate.gate, gate.branch, gate.run_id, since, title)))


def _told(gate: WaitingGate) -> Iterator[str]:
    yield f"{gate.subject}"
    yield f"{gate.pipeline}, {gate.gate}{f', {gate.branch}' if gate.branch else ''}, run {gate.run_id}"
    asked = gate.asked
    if asked is None:
        yield f"asked at {gate.created_at}; nothing more is known of it here, so look at it in Airflow"
        return
    yield f"asked at {asked.at}, about {counted(asked.files, asked.subject)} in {asked.workspace}"
    yield f"may decide: {', '.join(asked.approvers) or 'everybody who may edit the DAG'}"
    yield from (f"look at {link}" for link in asked.links)
    for check in asked.checks:
        value = "not in the report" if check["value"] is None else show_number(check["value"])
        yield f"{SIGNS[check['light']]} {check['name']}: {value} (wanted: {check['bounds']})"
    yield from (f"   {name}: {show_number(value)}" for name, value in asked.numbers.items())


def plain(text: str) -> str:
    """Text without control characters: names come from files, and a terminal obeys what it is shown."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
