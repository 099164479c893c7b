"""`platerunner graph`: a spec as a picture, in Mermaid, which GitHub and many editors draw."""

import typer

from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import SpecArgument
from platerunner.spec.mermaid import flowchart


def graph(spec: SpecArgument) -> None:
    """Print the pipeline as a Mermaid flowchart: file sets, steps with what they fan out over, gates."""
    typer.echo(flowchart(load_or_fail(spec)))
