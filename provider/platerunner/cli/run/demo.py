"""`platerunner demo`: a small plate from raw images to a heat map, twice."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.aws.connection import embedded_cloud
from platerunner.cli.cell_painting import shipped
from platerunner.cli.console import counted, fail, open_picture, out, quiet
from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import parse_params, with_roots
from platerunner.cli.run.execution import RunRequest, execute
from platerunner.cli.run.summary import RunSummary
from platerunner.local.aws.images import find_cellprofiler

SPEC = Path("dag_specs/demo.yaml")


def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Where images and results go.")] = Path("demo-results"),
    engine: Annotated[str | None, typer.Option(help="imaging or cellprofiler; default: what is installed.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget earlier results first.")] = False,
    spec: Annotated[
        Path | None,
        typer.Option(help="The demo's spec.", exists=True, show_default="this folder's, else the shipped one"),
    ] = None,
) -> None:
    """Make a small plate, run the demo pipeline on the embedded cloud, and run it again: nothing is left to do."""
    workspace = folder / "workspace"
    if fresh:
        shutil.rmtree(workspace, ignore_errors=True)
    pipeline = load_or_fail(spec or (SPEC if SPEC.is_file() else shipped("demo.yaml")))
    out.print(
        f"A plate of 6 wells is made, then {counted(len(list(pipeline.modules)), 'step')} and a gate run on it, twice: "
        "about a minute in all.",
        markup=False,
    )
    from platerunner.local.demo_plate import make_plate  # with numpy, which takes its time

    make_plate(folder / "data")
    engine = engine or ("cellprofiler" if find_cellprofiler() else "imaging")
    params = parse_params([f"engine={engine}"], pipeline.params)
    roots = with_roots({}, str(folder / "data"), str(workspace))
    out.print(f"Images: {roots['data_root']}\nEngine: {engine}", markup=False)
    with quiet(), embedded_cloud() as cloud:
        request = RunRequest(pipeline, params, {**cloud.extras, **roots}, approve=("check",), ecr=cloud.registry)
        first = _run(request, "First run")
        second = _run(request, "Second run: what is done is not done again")
    _tell(workspace / pipeline.name, first, second)


def _run(request: RunRequest, title: str) -> RunSummary:
    out.rule(title)
    summary = execute(request)
    if summary.state != "success":
        fail("The demo did not succeed: the lines above say where, the log says why.", code=1)
    return summary


def _tell(workspace: Path, first: RunSummary, second: RunSummary) -> None:
    out.rule("Look at")
    pictures = sorted([*workspace.glob("gates/**/*.png"), *workspace.glob("report/**/*.png")])
    for picture in pictures:
        out.print(f"  {picture}", markup=False)
    for table in sorted(workspace.glob("report/**/*.csv")):
        out.print(f"  {table}", markup=False)
    ran = sum(step.succeeded for step in second.steps.values())
    units = sum(step.units for step in second.steps.values())
    if ran:
        fail(f"The second run did {ran} of {units} units again: that should not be.", code=1)
    out.print(f"First run: {first.seconds:.0f} s. Second run: {second.seconds:.0f} s, all {units} units were done.")
    if pictures:
        open_picture(pictures[-1])
