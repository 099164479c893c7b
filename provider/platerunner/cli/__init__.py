"""The `platerunner` command."""

from collections.abc import Mapping
from importlib.metadata import version
from typing import Annotated, ClassVar

import typer

from platerunner.cli.command_group import Sentences


def _print_version(wanted: object) -> None:
    if wanted:
        typer.echo(f"platerunner {version('airflow-provider-platerunner')}")
        raise typer.Exit


# A command is the function, or the Typer, that its module has under the command's name. The sentence is its own first
# one, once more: `--help` lists all commands and imports none.
COMMANDS = {
    "validate": (
        "platerunner.cli.validate",
        "Check specs without running or listing anything; every problem with its line, column and remedy.",
    ),
    "graph": (
        "platerunner.cli.inspect.graph",
        "Print the pipeline as a Mermaid flowchart: file sets, steps with what they fan out over, gates.",
    ),
    "plan": (
        "platerunner.cli.inspect.plan",
        "Per step: units done, pending, waiting, excluded, and the first of each with the reason. Nothing is written.",
    ),
    "explain": (
        "platerunner.cli.inspect.explain",
        "Say why a step's units would run (what changed since they last did), or would not. Nothing is written.",
    ),
    "diff": (
        "platerunner.cli.inspect.diff",
        "Say which units that are done a spec's change makes run again, and which step's change does it.",
    ),
    "changes": (
        "platerunner.cli.inspect.changes",
        "Write what a branch's changes to specs would run and cost, as Markdown for a pull request.",
    ),
    "review": (
        "platerunner.cli.inspect.review",
        "Write an architecture review: patterns that a spec and its stack use, answers, and open questions.",
    ),
    "units": (
        "platerunner.cli.inspect.units",
        "List units: step, state, unit id, and why. One line each, for `grep` and `wc -l`.",
    ),
    "status": (
        "platerunner.cli.inspect.status",
        "Show, per step, the last run, what is done, and what failed of what. Reads the workspace alone.",
    ),
    "logs": (
        "platerunner.cli.inspect.logs",
        "Print the log of a unit's last attempt to stdout; the verdict goes to stderr.",
    ),
    "shell": (
        "platerunner.cli.run.shell",
        "Open a shell in a running unit, in its folder, with its variables; on AWS by ECS Exec. Who did is on record.",
    ),
    "cost": (
        "platerunner.cli.inspect.cost",
        "Show what attempts cost: those that failed, too, idle instances, and file systems. Reads the ledger alone.",
    ),
    "run": (
        "platerunner.cli.run.run",
        "Run a pipeline once: what is done already is not done again. Ends with 0 only if the run succeeded.",
    ),
    "up": ("platerunner.cli.run.up", "Start Airflow with the embedded cloud on this machine; Ctrl-C ends all of it."),
    "demo": (
        "platerunner.cli.run.demo",
        "Make a small plate, run the demo pipeline on the embedded cloud, and run it again: nothing is left to do.",
    ),
    "launches": (
        "platerunner.cli.inspect.launches",
        "List the runs that uploaded files asked for, how far each is, and the files that were refused.",
    ),
    "new": (
        "platerunner.cli.new",
        "Look at a folder, name the microscope that wrote it, and write a first spec with its plan.",
    ),
    "import": ("platerunner.cli.dcp", "Make a spec of another system's files."),
    "doctor": (
        "platerunner.cli.aws.doctor",
        "Check all that the connection names, and say what to fix; ends with 1 if anything fails.",
    ),
    "accept": (
        "platerunner.cli.acceptance.accept",
        "Prove an environment by a hundred jobs: failures, retries, images, a closed queue, a killed worker, a gate.",
    ),
    "retire": (
        "platerunner.cli.aws.retire",
        "Deregister old job definitions of these pipelines' steps; jobs that run with them go on.",
    ),
    "definitions": (
        "platerunner.cli.aws.job_definitions",
        "Back up the job definitions of pipelines' steps as JSON, and restore them.",
    ),
    "retention": (
        "platerunner.cli.aws.retention",
        "Take away logs, history and days of the ledger that are older than `retention` of the connection says.",
    ),
    "bundle": (
        "platerunner.cli.mwaa.bundle",
        "Make what Amazon MWAA runs: dags/, plugins.zip, requirements.txt, startup.sh, and their checksums.",
    ),
    "deploy": (
        "platerunner.cli.mwaa.deploy",
        "Upload what is new of a bundle; tell the environment and see that it took it, or say what to tell it.",
    ),
    "modules": (
        "platerunner.cli.modules",
        "List the catalog's modules, or say all about one: parameters, inputs, outputs, resources.",
    ),
    "schema": ("platerunner.cli.schema", "Print the JSON Schema of specs, for editors and other tools."),
    "loaddata": (
        "platerunner.cli.loaddata",
        "Write a CellProfiler pipeline's LoadData form to a new file, and print the lines that a step needs for it.",
    ),
    "mark": (
        "platerunner.cli.gates.mark",
        "Mark wells as bad at a gate: the steps after it leave them out. Without wells, list those that are marked.",
    ),
    "qc": ("platerunner.cli.gates.qc", "See the gates that wait for a person, and answer them, as yourself."),
    "ledger": ("platerunner.cli.ledger", "Keep the ledger of what attempts cost."),
    "lineage": ("platerunner.cli.lineage.commands", "Tell where files come from, and what was made of them."),
}


PANELS = {
    "Write a spec": ("new", "import", "validate", "graph", "modules", "schema", "loaddata"),
    "Run it": ("demo", "run", "up"),
    "Before and after": (
        "plan",
        "explain",
        "diff",
        "changes",
        "review",
        "status",
        "units",
        "logs",
        "shell",
        "cost",
        "lineage",
        "qc",
        "mark",
        "launches",
    ),
}
"""What `--help` shows under which heading; the others are for those who keep the platform going."""
OTHERS = "Keep the platform"


class _Commands(Sentences):
    """The table above, as a group of commands."""

    rows = COMMANDS
    panels: ClassVar[Mapping[str, str]] = {name: panel for panel, names in PANELS.items() for name in names}
    panel = OTHERS


app = typer.Typer(
    cls=_Commands,
    name="platerunner",
    help="Plate-scale microscopy pipelines on AWS Batch, from a YAML spec.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def main(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Plate-scale microscopy pipelines on AWS Batch, from a YAML spec."""


__all__ = ["app"]
