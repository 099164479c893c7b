"""`platerunner definitions`: job definitions as JSON files, and back."""

import json
from typing import Annotated

import typer

from platerunner.batch.definitions import active_of
from platerunner.batch.definitions import restore as registered_again
from platerunner.batch.model import BatchError
from platerunner.cli.aws.connection import connect
from platerunner.cli.aws.hook import hook_of
from platerunner.cli.aws.retire import Specs, names_of_jobs
from platerunner.cli.command_group import Sentences
from platerunner.cli.console import counted, fail, out, quiet
from platerunner.cli.options import Local
from platerunner.engine.connection import ConnectionProblem
from platerunner_unit.contract.storage import Storage, StorageError

SAID = "Back up the job definitions of pipelines' steps as JSON, and restore them."
Folder = Annotated[str, typer.Argument(help="A folder or s3:// of such files.", metavar="URL")]

definitions = typer.Typer(cls=Sentences, name="definitions", help=SAID, no_args_is_help=True)


@definitions.callback()
def main() -> None:
    """Back up the job definitions of pipelines' steps as JSON, and restore them."""


@definitions.command()
def backup(
    specs: Specs,
    *,
    to: Annotated[str, typer.Option("--to", help="A folder or s3://, new or not.", metavar="URL")],
    local: Local = False,
) -> None:
    """Write the active job definitions of these pipelines' steps, a file each, as Batch describes them."""
    with quiet(), connect(local=local, needed=False) as cloud:
        try:
            hook = hook_of(cloud, local=local)
            batch, folder = hook.batch, hook.storage(to)
            found = {
                each["jobDefinitionName"]: each for name in names_of_jobs(specs) for each in active_of(batch, name)
            }
            for name, each in sorted(found.items()):
                folder.put(f"{name}.json", json.dumps(each, indent=2, sort_keys=True).encode() + b"\n")
        except (ConnectionProblem, BatchError, StorageError) as error:
            fail(str(error), code=1)
    out.print(f"{counted(len(found), 'job definition')} in {folder.url}", markup=False)


@definitions.command()
def restore(place: Folder, *, local: Local = False) -> None:
    """Register what a backup has and Batch has no more, under the names that it had; what is active stays."""
    with quiet(), connect(local=local, needed=False) as cloud:
        try:
            hook = hook_of(cloud, local=local)
            batch, folder = hook.batch, hook.storage(place)
            names = [each.key for each in folder.list() if each.key.endswith(".json")]
            again = [name for name in names if registered_again(batch, _read(folder, name))]
        except (ConnectionProblem, BatchError, StorageError) as error:
            fail(str(error), code=1)
    if not names:
        fail(f"{folder.url} has no backup: `platerunner definitions backup SPEC --to {place}` makes one.")
    for name in again:
        out.print(f"{name.removesuffix('.json')}: registered again", markup=False)
    out.print(f"{len(again)} registered again, {len(names) - len(again)} active already.", markup=False)


def _read(folder: Storage, name: str) -> dict[str, object]:
    try:
        described = json.loads(folder.get(name))
        return {"jobDefinitionName": described["jobDefinitionName"], **described}
    except (ValueError, KeyError, TypeError):
        fail(f"{folder.url_of(name)} is no job definition. Take it out of the folder.")
