"""`platerunner validate`: are these specs right?"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.console import BAD_INPUT, counted, err, out
from platerunner.documents.formats import FORMATS
from platerunner.documents.problems import DocumentError, Problem
from platerunner.spec.includes import check_shared, is_shared
from platerunner.spec.loader import load_pipeline

BROKEN = 1
Specs = Annotated[list[Path], typer.Argument(help="Spec files or folders of them.", exists=True)]


class Format(StrEnum):
    """How problems are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


FormatOption = Annotated[
    Format,
    typer.Option("--format", help="For people, programs, GitHub's annotations, or code scanning."),
]


def validate(specs: Specs, *, format_: FormatOption = Format.TEXT) -> None:
    """Check specs without running or listing anything; every problem with its line, column and remedy.

    CellProfiler pipelines beside a spec are looked into as a container would, once the spec itself is right.
    Ends with 1 if there is any problem, with 2 if there is nothing to check.
    """
    files = list(dict.fromkeys(file for spec in specs for file in _files(spec)))
    if not files:
        err.print(f"No .yaml file in {', '.join(map(str, specs))}.", style="red", markup=False)
        raise typer.Exit(BAD_INPUT)
    problems: set[Problem] = set()
    for file in files:
        found = _problems(file, say=format_ is Format.TEXT)
        problems |= set(found)
    _write(sorted(problems), format_)
    if problems:
        raise typer.Exit(BROKEN)


def _problems(file: Path, *, say: bool) -> tuple[Problem, ...]:
    try:
        what = _checked(file)
    except DocumentError as error:
        return error.problems
    if say:
        out.print(f"{file}: ok, {what}", markup=False)
    return ()


def _checked(file: Path) -> str:
    if is_shared(file):
        check_shared(file)
        return "a part that specs include"
    pipeline = load_pipeline(file, look_into_files=True)
    return f"pipeline {pipeline.name}, {counted(len(pipeline.steps), 'step')}"


def _write(problems: list[Problem], format_: Format) -> None:
    """Text goes to stderr, beside the good files' lines on stdout; a program reads its format from stdout."""
    text = FORMATS[format_](problems)
    if format_ is not Format.TEXT:
        sys.stdout.write(f"{text}\n" if text else "")
    elif text:
        err.print(text, markup=False)


def _files(spec: Path) -> list[Path]:
    return sorted([*spec.glob("*.yaml"), *spec.glob("*.yml")]) if spec.is_dir() else [spec]
