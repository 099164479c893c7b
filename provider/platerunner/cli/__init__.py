"""The `platerunner` command."""

from importlib.metadata import version
from typing import Annotated

import typer

from platerunner.cli.aws.doctor import doctor
from platerunner.cli.aws.retire import retire
from platerunner.cli.command_group import Sentences
from platerunner.cli.gates.qc import qc
from platerunner.cli.inspect.diff import diff
from platerunner.cli.inspect.explain import explain
from platerunner.cli.inspect.graph import graph
from platerunner.cli.inspect.logs import logs
from platerunner.cli.inspect.plan import plan
from platerunner.cli.inspect.status import status
from platerunner.cli.inspect.units import units
from platerunner.cli.loaddata import loaddata
from platerunner.cli.modules import modules
from platerunner.cli.mwaa.bundle import bundle
from platerunner.cli.mwaa.deploy import deploy
from platerunner.cli.new import new
from platerunner.cli.run.demo import demo
from platerunner.cli.run.run import run
from platerunner.cli.run.up import up
from platerunner.cli.schema import schema
from platerunner.cli.validate import validate


def _print_version(wanted: object) -> None:
    if wanted:
        typer.echo(f"platerunner {version('airflow-provider-platerunner')}")
        raise typer.Exit


app = typer.Typer(
    cls=Sentences,
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


LOOK = (validate, graph, plan, explain, diff, units, status, logs)
RUN = (run, up, demo)
KEEP = (new, doctor, retire, bundle, deploy, modules, schema, loaddata)
for command in (*LOOK, *RUN, *KEEP):
    app.command()(command)
app.add_typer(qc)

__all__ = ["app"]
