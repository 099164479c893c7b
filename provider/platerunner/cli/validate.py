"""`platerunner validate`: are these specs right?"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.catalogued import doubtful_images
from platerunner.cli.console import BAD_INPUT, counted, err, out
from platerunner.documents.formats import FORMATS
from platerunner.documents.problems import DocumentError, Problem
from platerunner.spec.loader import check_shared, is_shared, load_pipeline
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.together import check_started, check_together

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
    Specs of one folder are checked together, as Airflow loads them.

    Ends with 1 if there is any error, with 2 if there is nothing to check.
    """
    files = list(dict.fromkeys(file for spec in specs for file in _files(spec)))
    if not files:
        err.print(f"No .yaml file in {', '.join(map(str, specs))}.", style="red", markup=False)
        raise typer.Exit(BAD_INPUT)
    problems: set[Problem] = set()
    read: list[Pipeline] = []
    for file in files:
        try:
            what = _checked(file, read, problems)
        except DocumentError as error:
            problems |= set(error.problems)
        else:
            if format_ is Format.TEXT:
                out.print(f"{file}: ok, {what}", markup=False)
    for folder in {pipeline.path.parent for pipeline in read}:
        problems |= set(check_started(pipeline for pipeline in read if pipeline.path.parent == folder))
    _write(sorted(problems), format_)
    if any(problem.is_error for problem in problems):
        raise typer.Exit(BROKEN)


def _checked(file: Path, read: list[Pipeline], warnings: set[Problem]) -> str:
    """What a file holds, in words.

    :param read: pipelines of the files before it, which it joins.
    :param warnings: are added to.
    :raises DocumentError: if it cannot be used, by itself or beside those files.
    """
    if is_shared(file):
        check_shared(file)
        return "a part that specs include"
    pipeline = load_pipeline(file, look_into_files=True)
    warnings |= {*pipeline.warnings, *doubtful_images(file)}
    beside = [other for other in read if other.path.parent == file.parent]
    if problems := check_together(pipeline, beside):
        raise SpecError(problems)
    read.append(pipeline)
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
