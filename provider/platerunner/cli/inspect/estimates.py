"""What a run would take and cost, on the terminal."""

from typing import Annotated

import typer

from platerunner.cli.console import out, show_table
from platerunner.engine.estimates.model import RunEstimate
from platerunner.engine.estimates.texts import HEAD, rows_of, sentences

Cost = Annotated[bool, typer.Option("--cost", help="Estimate what the pending units would take and cost.")]


def show_estimate(found: RunEstimate) -> None:
    """Print a table of the steps, and on what its figures stand."""
    if not found.steps:
        out.print("Nothing has to run, so nothing would be paid.", markup=False)
        return
    show_table(HEAD, rows_of(found))
    for sentence in sentences(found):
        out.print(sentence, markup=False)
    out.print(
        "`hours` is from the first submission to the last end, gates not counted; instances while they are idle cost "
        "more.",
        style="dim",
        markup=False,
    )
