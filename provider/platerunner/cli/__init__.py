"""The `platerunner` command."""

import typer

from platerunner.cli.bundle import bundle
from platerunner.cli.demo import demo
from platerunner.cli.deploy import deploy
from platerunner.cli.diff import diff
from platerunner.cli.doctor import doctor
from platerunner.cli.explain import explain
from platerunner.cli.graph import graph
from platerunner.cli.logs import logs
from platerunner.cli.modules import modules
from platerunner.cli.plan import plan
from platerunner.cli.qc import qc
from platerunner.cli.retire import retire
from platerunner.cli.run import run
from platerunner.cli.schema import schema
from platerunner.cli.status import status
from platerunner.cli.units import units
from platerunner.cli.up import up
from platerunner.cli.validate import validate

app = typer.Typer(
    name="platerunner",
    help="Plate-scale microscopy pipelines on AWS Batch, from a YAML spec.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
LOOK = (validate, graph, plan, explain, diff, units, status, logs)
RUN = (run, up, demo)
KEEP = (doctor, retire, bundle, deploy, modules, schema)
for command in (*LOOK, *RUN, *KEEP):
    app.command()(command)
app.add_typer(qc)

__all__ = ["app"]
