"""A valid spec's data as the frozen model."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from platerunner.catalog import quantities
from platerunner.documents.problems import Problem
from platerunner.spec import model
from platerunner.spec.build_gates import build_gate, build_report
from platerunner.spec.build_schedule import build_notify, build_schedule
from platerunner.spec.build_steps import build_step, tolerance
from platerunner.spec.completeness import wanted_of
from platerunner.spec.dataset import Dataset, Exclusion, FileSet
from platerunner.spec.draft import Data, Draft, path_of
from platerunner.spec.rules.names import report_name
from platerunner.spec.split import sides, split_wildcard
from platerunner.spec.tables import Table

_DEEP = 4
"""Keys of which a pipeline knows the places: ``steps.measure.with.nuclei``, and no deeper."""
_NO_DATASET = {"root": "{{ data_root }}", "files": {}}
"""Of a pipeline without raw files."""


def build(draft: Draft, warnings: Iterable[Problem] = ()) -> model.Pipeline:
    """The pipeline of a draft in which no rule found an error.

    :param warnings: what the rules found.
    """
    data = draft.data
    return model.Pipeline(
        name=data["pipeline"],
        title=data.get("title", ""),
        owner=data.get("owner", "platerunner"),
        workspace=data["workspace"],
        dataset=_dataset(draft, data.get("dataset", _NO_DATASET)),
        steps=_in_order(dict(_steps(draft))),
        params=data.get("params", {}),
        tags=tuple(data.get("tags", ())),
        schedule=build_schedule(data.get("schedule")),
        notify=build_notify(draft),
        deadline=quantities.duration(data["deadline"]) if "deadline" in data else None,
        description=data.get("description", ""),
        path=draft.source.path,
        split=_split(draft),
        parts=tuple(path for path, _ in draft.source.parts),
        warnings=tuple(warnings),
        timezone=data.get("timezone", "UTC"),
        places=draft.source.key_places(_DEEP),
    )


def _split(draft: Draft) -> model.Split | None:
    wildcard = split_wildcard(draft)
    if wildcard is None:
        return None
    inside = sides(draft, wildcard).inside
    reports = (report_name(name) for name in inside if draft.gates.get(name, {}).get("show"))
    written = draft.data["split"]
    tolerate = written.get("tolerate", 0) if isinstance(written, dict) else 0
    return model.Split(wildcard, inside.union(reports), tolerance(tolerate))


def _dataset(draft: Draft, data: Data) -> Dataset:
    return Dataset(
        root=data["root"],
        files={name: _file_set(name, value, draft.source.path.parent) for name, value in data["files"].items()},
        where=data.get("where", {}),
        places={name: draft.source.line_of(("dataset", "where", name)) for name in data.get("where", {})},
        exclude=tuple(
            Exclusion(
                {key: value for key, value in item.items() if key != "because"},
                item["because"],
                draft.source.line_of(("dataset", "exclude", index)),
            )
            for index, item in enumerate(data.get("exclude", ()))
        ),
    )


def _file_set(name: str, value: Any, folder: Path) -> FileSet:
    if isinstance(value, str):
        return FileSet(name, value)
    complete = tuple(value.get("complete", ()))
    rename, derive = value.get("rename", {}), value.get("derive", {})
    wanted = wanted_of(value.get("complete"))
    if "table" not in value:
        return FileSet(name, path_of(value), complete, rename, derive, wanted=wanted)
    columns, rows, prefix = (value.get(key, {}) for key in ("columns", "rows", "prefix"))
    table = Table(value["table"], folder, path_of(value), columns, rows, prefix, value.get("record", ""))
    return FileSet(name, path_of(value), complete, rename, derive, table, wanted)


def _steps(draft: Draft) -> Iterator[tuple[str, model.Step | model.Gate]]:
    for name, data in draft.data["steps"].items():
        position = draft.source.mark(("steps", name)).key
        if "gate" not in data:
            yield name, build_step(draft, name, data, position)
            continue
        gate = build_gate(draft, name, data, position)
        if gate.report:
            yield gate.report, build_report(draft, gate)
        yield name, gate


def _in_order(steps: Mapping[str, model.Step | model.Gate]) -> dict[str, model.Step | model.Gate]:
    """Each step after what it waits for, and otherwise as in the file."""
    place = {name: index for index, name in enumerate(steps)}
    waiting = {name: set(step.upstream) for name, step in steps.items()}
    followers: dict[str, list[str]] = {name: [] for name in steps}
    for name, upstream in waiting.items():
        for needed in upstream:
            followers[needed].append(name)
    ready = [(place[name], name) for name in steps if not waiting[name]]
    ordered: dict[str, model.Step | model.Gate] = {}
    while ready:
        _, name = heapq.heappop(ready)
        ordered[name] = steps[name]
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower]:
                heapq.heappush(ready, (place[follower], follower))
    return ordered
