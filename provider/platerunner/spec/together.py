"""What several specs of one folder must not share: a name, and keys of one workspace."""

import re
from collections.abc import Iterable, Iterator

from platerunner.documents.problems import Problem
from platerunner.documents.source import Position
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate, Step


def check_together(pipeline: Pipeline, others: Iterable[Pipeline]) -> list[Problem]:
    """What is wrong with a spec beside others that were read before it.

    :returns: problems of the pipeline's own file.
    """
    found: list[Problem] = []
    for other in others:
        where = "/".join(other.path.parts[-2:])
        if other.name == pipeline.name:
            message, remedy = f"pipeline `{pipeline.name}` is also in {where}", "Give one of them another name."
            found.append(_problem(pipeline, pipeline.places.get(("pipeline",)), message, remedy, "same-pipeline"))
        elif pipeline.workspace.rstrip("/") == other.workspace.rstrip("/"):
            found += _shared_keys(pipeline, other, where)
    return found


def _shared_keys(pipeline: Pipeline, other: Pipeline, where: str) -> Iterator[Problem]:
    """The first step whose files or records would also be the other pipeline's."""
    theirs = {_shape(output.pattern): step.name for step in other.modules for output in step.outputs.values()}
    for step in pipeline.steps.values():
        if step.name in other.steps:
            message = f"`{step.name}` of {where} keeps its records in the same workspace"
        elif (same := _same_files(step, theirs)) is not None:
            message = f"`{step.name}` writes the same files as `{same}` of {where}, in the same workspace"
        else:
            continue
        remedy = "Give each pipeline a workspace of its own, or the steps other names and outputs."
        yield _problem(pipeline, step.position, message, remedy, "same-workspace")
        return


def _same_files(step: Step | Gate, theirs: dict[str, str]) -> str | None:
    outputs = step.outputs.values() if isinstance(step, Step) else ()
    return next((theirs[shape] for output in outputs if (shape := _shape(output.pattern)) in theirs), None)


def _shape(pattern: str) -> str:
    """A pattern without the names of its wildcards."""
    return re.sub(r"\{[^{}]*\}", "{}", pattern)


def _problem(pipeline: Pipeline, at: Position | None, message: str, remedy: str, code: str) -> Problem:
    path = pipeline.parts[at.file - 1] if at and at.file else pipeline.path
    return Problem(path, at.line if at else 1, at.column if at else 1, message, remedy, code)
