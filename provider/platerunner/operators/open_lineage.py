"""What a step tells OpenLineage, where Airflow's provider for it is installed: the places that it read and wrote."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from platerunner.engine.planning.settings import data_root
from platerunner.engine.steps.step_run import StepRun
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step


class Place(NamedTuple):
    """A dataset as OpenLineage names it.

    :param namespace: ``s3://bucket``, or ``file``.
    """

    namespace: str
    name: str


def facets_of(run: StepRun) -> Any:
    """The provider's own form of that; a place for each input and output, however many files lie there.

    :param run: the step in a run of the pipeline.
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.openlineage.extractors.base import OperatorLineage

    read, written = places_of(run)
    return OperatorLineage(inputs=[Dataset(*each) for each in read], outputs=[Dataset(*each) for each in written])


def places_of(run: StepRun) -> tuple[list[Place], list[Place]]:
    """Where a step reads, and where it writes."""
    scope = run.scope
    step = scope.pipeline.steps[scope.step.name]
    assert isinstance(step, Step)
    raw, workspace = data_root(scope.pipeline, scope.context), scope.workspace.url
    read = _read(scope.pipeline, step, raw, workspace)
    written = (_place(workspace, output.pattern) for output in step.outputs.values())
    return list(dict.fromkeys(read)), list(dict.fromkeys(written))


def _read(pipeline: Pipeline, step: Step, raw: str, workspace: str) -> Iterator[Place]:
    for ref in step.inputs.values():
        before = [each for each in map(pipeline.steps.get, ref.steps) if isinstance(each, Step)]
        for each in before:
            yield _place(workspace, each.outputs[ref.name].pattern)
        if not before:
            yield _place(raw, "")


def _place(root: str, pattern: str) -> Place:
    """The folder above the first wildcard of a pattern."""
    fixed = pattern.partition("{")[0].rpartition("/")[0] if "{" in pattern else pattern
    scheme, mark, rest = root.rpartition("://")
    if not mark:
        return Place("file", str(PurePosixPath(root) / fixed))
    bucket, _, prefix = rest.partition("/")
    return Place(f"{scheme}://{bucket}", "/".join(part for part in (prefix, fixed) if part) or "/")
