"""`platerunner lineage`: where a file comes from, whether it is still so, what was made of it, and as an RO-Crate."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from platerunner.cli.aws.connection import connect
from platerunner.cli.command_group import Sentences
from platerunner.cli.console import counted, err, fail, out, quiet
from platerunner.cli.inspect.spec_session import Roots, spec_session
from platerunner.cli.lineage.tree import FIRST, checked_lines, tree_lines
from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import DataRoot, Params, SpecArgument, WorkspaceRoot
from platerunner.engine.ledger.place import ledgers_at
from platerunner.engine.lineage.check import GOOD, check
from platerunner.engine.lineage.crate import About, write_crate
from platerunner.engine.lineage.descent import Descendant, made_of
from platerunner.engine.lineage.model import Lineage, LineageError
from platerunner.engine.lineage.passed import add_gates
from platerunner.engine.lineage.scope import written_in
from platerunner.engine.lineage.search import OutcomeSearch
from platerunner.engine.lineage.spending import add_spending
from platerunner.engine.lineage.trace import trace, with_data_root
from platerunner.engine.lineage.whereabouts import (
    find_origin,
    find_workspace,
    key_in,
    recorded_data_root,
    sha256_of,
)
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.settings import data_root as data_root_of
from platerunner_unit.contract.storage import Storage, StorageError
from platerunner_unit.contract.unit_keys import shown_key

NOT_AS_IT_WAS = 1


class FileFirst(Sentences):
    """A group whose first word may be a file in place of a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take what is no command for a file."""
        plain = args and (args[0] in self.commands or args[0] in ("-h", "--help"))
        return super().parse_args(ctx, args if plain or not args else ["file", *args])


lineage = typer.Typer(
    cls=FileFirst, name="lineage", help="Tell where files come from, and what was made of them.", no_args_is_help=True
)
Target = Annotated[str, typer.Argument(help="A file: its path, its s3:// address, or a copy of it.", metavar="FILE")]
Workspace = Annotated[
    str | None,
    typer.Option(help="The workspace: a folder or s3://.", metavar="URL", show_default="the one that FILE is in"),
]
LedgerUrl = Annotated[
    str | None, typer.Option("--ledger", help="A shared ledger.", metavar="URL", show_default="the connection's")
]
Spec = Annotated[
    Path | None,
    typer.Option(help="The pipeline's YAML file: tells which gates its steps wait for.", exists=True, dir_okay=False),
]
Json = Annotated[bool, typer.Option("--json", help="As one JSON object.")]


@lineage.callback()
def main() -> None:
    """Tell where files come from, and what was made of them."""


@lineage.command(name="file")
def tell(
    target: Target,
    *,
    workspace: Workspace = None,
    spec: Spec = None,
    ledger: LedgerUrl = None,
    data_root: DataRoot = None,
    first: Annotated[int, typer.Option(min=1, help="Files of one input that the tree shows.")] = FIRST,
    as_json: Json = False,
) -> None:
    """Tell what made a file: attempt, image, settings, inputs back to raw files, gates, cost (the command `file`)."""
    with _session(ledger) as ledger_url:
        found, _, _ = _trace(target, workspace, data_root)
        storage = _workspace(target, workspace)
        add_gates(found, storage, load_or_fail(spec) if spec else None)
        add_spending(found, ledgers_at(ledger_url, storage))
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=1, ensure_ascii=False))
        return
    for line in tree_lines(found, first):
        out.print(line, markup=False)


@lineage.command(name="check")
def check_file(
    target: Target, *, workspace: Workspace = None, data_root: DataRoot = None, as_json: Json = False
) -> None:
    """Hash a file and all that it was made of again: exit code 1 if anything is not as it was recorded."""
    with _session(None):
        found, storage, data = _trace(target, workspace, data_root)
        checked = check(found, storage, Storage(data) if data else None, sha256_of)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in checked], indent=1, ensure_ascii=False))
    else:
        for line in (*checked_lines(checked), *found.notes):
            out.print(line, markup=False)
    if any(each.found not in GOOD for each in checked):
        raise typer.Exit(NOT_AS_IT_WAS)


@lineage.command(name="made-of")
def tell_descendants(
    target: Annotated[str, typer.Argument(help="A raw file, or one that a step wrote.", metavar="FILE")],
    *,
    workspace: Workspace = None,
    data_root: DataRoot = None,
    as_json: Json = False,
) -> None:
    """Tell what was made of a file, and of what was made of it. Reads every outcome of the workspace once."""
    with _session(None):
        storage = _workspace(target, workspace)
        root, key = _root_and_key(storage, target, data_root)
        found = list(made_of(OutcomeSearch(storage), root, key))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False))
        return
    for each in found:
        out.print(_told(each), markup=False)
    out.print(f"{counted(len(found), 'attempt')} read {key}, or what was made of it.", markup=False)


def _told(each: Descendant) -> str:
    files = ", ".join(shown_key(output.key) for output in each.outputs) or "no file"
    return f"{'  ' * (each.after - 1)}{each.step} {each.unit} ({each.word}, {each.run_id}): {files}"


@lineage.command(name="crate")
def make_crate(
    spec: SpecArgument,
    *,
    to: Annotated[Path, typer.Option(help="Folder that is made.", file_okay=False)],
    licence: Annotated[str, typer.Option("--license", help="URL of the licence of what is in it.", metavar="URL")],
    run: Annotated[str | None, typer.Option(help="Of this run.", show_default="what stands now")] = None,
    plate: Annotated[str | None, typer.Option(help="Of this plate.", show_default="all")] = None,
    ledger: LedgerUrl = None,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
) -> None:
    """Write an RO-Crate (Workflow Run Crate) of a run or a plate: which files became which, how, and who approved."""
    with spec_session(spec, Roots(data_root, workspace_root, param)) as session:
        session.say_where()
        search = OutcomeSearch(session.workspace)
        found = trace(search, written_in(search, run, plate))
        with_data_root(found, data_root_of(session.pipeline, session.context))
        add_gates(found, session.workspace, session.pipeline)
        add_spending(found, ledgers_at(ledger or session.connection.get("ledger", ""), session.workspace))
        name = " ".join(
            [session.pipeline.name, *(f"run {run}" for _ in [0] if run), *(f"plate {plate}" for _ in [0] if plate)]
        )
        path = write_crate(to, found, session.pipeline, session.workspace, About(name, licence))
    files, attempts = counted(len(found.files), "file"), counted(len(found.attempts), "attempt")
    out.print(f"{path}: {files}, {attempts}", markup=False)


@contextmanager
def _session(ledger: str | None) -> Iterator[str]:
    """The connection at hand, and a sentence for whatever cannot be read; yields the URL of a shared ledger."""
    with quiet(), connect(local=False, needed=False) as cloud:
        try:
            yield ledger or str(cloud.extras.get("ledger", ""))
        except (PlanningError, StorageError) as error:
            fail(str(error))


def _workspace(target: str, workspace: str | None) -> Storage:
    found = Storage(workspace) if workspace else find_workspace(target)
    if found is None:
        fail(f"{target} is in no workspace: name the workspace that it is of with --workspace")
    return found


def _trace(target: str, workspace: str | None, data_root: str | None) -> tuple[Lineage, Storage, str]:
    """The lineage of a file, its workspace, and where raw files are as far as that is known."""
    storage = _workspace(target, workspace)
    err.print(f"Looked in {storage.url}", style="dim", markup=False)
    search = OutcomeSearch(storage)
    origin = find_origin(search, target)
    found = trace(search, [(origin.outcome, origin.output)])
    found.notes += [origin.note] if origin.note else []
    data = data_root or recorded_data_root(storage, origin.outcome)
    with_data_root(found, data)
    return found, storage, data


def _root_and_key(storage: Storage, target: str, data_root: str | None) -> tuple[str, str]:
    """Which root a file belongs to, and its key there."""
    inside = key_in(storage, target)
    if inside is not None and storage.exists(inside):
        return "workspace", inside
    data = data_root or recorded_data_root(storage)
    key = key_in(Storage(data), target) if data else None
    if key is None and inside is None:
        raise LineageError(
            f"{target} is not under {data or 'a known data root'}: say with --data-root where raw files are"
        )
    return "data", key if key is not None else str(inside)
