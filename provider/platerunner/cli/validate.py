"""`platerunner validate`: are these specs right?"""

from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.console import BAD_INPUT, err, out
from platerunner.spec.loader import load_pipeline
from platerunner.spec.problems import SpecError

Specs = Annotated[list[Path], typer.Argument(help="Spec files or folders of them.", exists=True)]


def validate(specs: Specs) -> None:
    """Check specs without running or listing anything; every problem with its line, column and remedy."""
    files = [file for spec in specs for file in _files(spec)]
    if not files:
        err.print(f"No .yaml file in {', '.join(map(str, specs))}.", style="red", markup=False)
        raise typer.Exit(BAD_INPUT)
    broken = 0
    for file in files:
        try:
            pipeline = load_pipeline(file)
        except SpecError as error:
            broken += 1
            err.print(str(error), markup=False)
        else:
            out.print(f"{file}: ok, pipeline {pipeline.name}, {len(pipeline.steps)} steps", markup=False)
    if broken:
        raise typer.Exit(BAD_INPUT)


def _files(spec: Path) -> list[Path]:
    return sorted([*spec.glob("*.yaml"), *spec.glob("*.yml")]) if spec.is_dir() else [spec]
