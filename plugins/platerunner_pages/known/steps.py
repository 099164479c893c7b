"""The steps of a pipeline, from what `platerunner.render.docs.facts` put into each task of its DAG."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from platerunner.render.docs import FACTS


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A step or a gate, as far as pages need it.

    :param task_id: Airflow's; the step's name, with its group before it if there is one.
    :param workspace: of the pipeline (templated).
    :param params: names of the pipeline's params.
    :param spec: the spec's file name.
    :param branched: whether each branch of the pipeline has it for itself, as a mapped task.
    :param upstream: task ids.
    :param values: everything that the task tells, for what only some pages need.
    """

    task_id: str
    step: str
    title: str
    workspace: str
    pipeline: str
    spec: str
    params: tuple[str, ...] = ()
    gate: bool = False
    branched: bool = False
    module: str = ""
    foreach: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def steps_of(tasks: Iterable[Any]) -> list[SeenStep]:
    """The steps of a DAG, each after what it needs; none if it is not one of Platerunner's.

    :param tasks: of a serialized DAG.
    """
    seen = {task.task_id: _seen(task) for task in sorted(tasks, key=lambda task: str(task.task_id))}
    found = {task_id: step for task_id, step in seen.items() if step is not None}
    graph = {task_id: [before for before in step.upstream if before in found] for task_id, step in found.items()}
    return [found[task_id] for task_id in TopologicalSorter(graph).static_order()]


def _seen(task: Any) -> SeenStep | None:
    try:
        facts = json.loads(getattr(task, "doc_json", None) or "{}").get(FACTS)
    except (ValueError, AttributeError):
        return None  # somebody else's task, with a JSON of its own
    if not isinstance(facts, dict):
        return None
    return SeenStep(
        task_id=task.task_id,
        step=facts["step"],
        title=facts["title"],
        workspace=facts["workspace"],
        pipeline=facts["pipeline"],
        spec=facts["spec"],
        params=tuple(facts["params"]),
        gate=bool(facts.get("gate")),
        branched=bool(facts.get("branched")),
        module=facts.get("module", ""),
        foreach=tuple(facts.get("foreach", ())),
        upstream=tuple(sorted(task.upstream_task_ids)),
        values=facts,
    )
