"""What several specs of one folder must not share, a name and keys of one workspace; and assets that start nothing."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from platerunner.documents.problems import Problem
from platerunner.documents.source import Position
from platerunner.spec.model import OnAssets, Pipeline
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


def check_started(pipelines: Iterable[Pipeline]) -> list[Problem]:
    """Warn of pipelines that no event will start: they wait for keys and the events have none, or the other way round.

    :param pipelines: that are loaded together; an asset that none of them updates may have any events.
    """
    known = tuple(pipelines)
    keyed: dict[str, set[bool]] = {}
    for asset in (asset for each in known for step in each.steps.values() for asset in step.assets):
        keyed.setdefault(asset.name, set()).add(bool(asset.by))
    return [
        _never_started(pipeline, asset, by=pipeline.schedule.by)
        for pipeline in known
        if isinstance(pipeline.schedule, OnAssets)
        for asset in pipeline.schedule.assets
        if keyed.get(asset) == {not pipeline.schedule.by}
    ]


def _never_started(pipeline: Pipeline, asset: str, *, by: str) -> Problem:
    if by:
        message = f"events of `{asset}` have no key, so that no `{by}` starts a run"
        remedy = f"Write `assets: [{{asset: {asset}, by: {by}}}]` on the step that updates it, or take `by` out here."
    else:
        message = f"events of `{asset}` have keys, and an event with a key starts only what waits `by` something"
        remedy = "Write `by:` with a param that is the key, or wait for an asset that is updated without `by`."
    at = pipeline.places.get(("schedule", "asset"), pipeline.places.get(("schedule",)))
    return replace(_problem(pipeline, at, message, remedy, "never-started"), severity="warning")


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
