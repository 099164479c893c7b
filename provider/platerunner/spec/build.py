"""Makes the pipeline of a draft without problems: dataset, steps, gates, and the steps that make contact sheets."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from platerunner.catalog import quantities
from platerunner.documents.problems import Problem
from platerunner.spec import model
from platerunner.spec.build_steps import after_budget, after_restore, build_gate, build_report, build_step, tolerance
from platerunner.spec.dataset import Dataset, Exclusion, FileSet, Restore, Table
from platerunner.spec.draft import Data, Draft
from platerunner.spec.forms import is_folder, path_of, planes_of, wanted_of
from platerunner.spec.rules.fast_storage import LEAST, capacity_of
from platerunner.spec.rules.steps import report_name, sides, split_wildcard
from platerunner.spec.steps import Gate, Step
from platerunner.spec.uploaded import pattern_of, prefix_of

_DEEP = 4
"""Keys whose places a pipeline knows: ``steps.measure.with.nuclei``, and no deeper."""
_NO_DATASET = {"root": "{{ data_root }}", "files": {}}
"""The dataset of a pipeline without raw files."""


def build(draft: Draft, warnings: Iterable[Problem] = ()) -> model.Pipeline:
    """The pipeline of a draft in which no rule found an error.

    :param warnings: what the rules found.
    """
    data = draft.data
    dataset = _dataset(draft, data.get("dataset", _NO_DATASET))
    steps = after_restore(
        after_budget(draft, dict(_steps(draft))), dataset.restore, draft.source.mark(("dataset", "restore")).key
    )
    return model.Pipeline(
        name=data["pipeline"],
        title=data.get("title", ""),
        owner=data.get("owner", "platerunner"),
        workspace=data["workspace"],
        dataset=dataset,
        steps=_in_order(steps),
        params=data.get("params", {}),
        tags=tuple(data.get("tags", ())),
        schedule=_schedule(data.get("schedule")),
        notify=_notify(draft),
        deadline=quantities.duration(data["deadline"]) if "deadline" in data else None,
        description=data.get("description", ""),
        path=draft.source.path,
        split=_split(draft),
        parts=tuple(path for path, _ in draft.source.parts),
        warnings=tuple(warnings),
        timezone=data.get("timezone", "UTC"),
        places=draft.source.key_places(_DEEP),
        storage=_storage(data.get("storage", {"kind": "none"})),
    )


def _storage(data: Data) -> model.FastStorage | None:
    if data["kind"] == "none":
        return None
    lustre = data["kind"] == "fsx"
    return model.FastStorage(data["kind"], data["data"], capacity_of(data.get("size", LEAST)) if lustre else 0)


def _schedule(data: Any) -> str | model.OnAssets | model.OnUpload | model.OnConfig | None:
    if not isinstance(data, dict):
        return data if isinstance(data, str) else None
    if "asset" in data:
        named = data["asset"]
        at_once = data.get("at_once", model.AT_ONCE)
        return model.OnAssets(tuple(named) if isinstance(named, list) else (named,), data.get("by", ""), at_once)
    if "on_config" in data:
        return model.OnConfig(f"{data['on_config'].rstrip('/')}/", data.get("at_once", model.AT_ONCE))
    text, pattern = data["on_upload"], pattern_of(data["on_upload"])
    return model.OnUpload(
        prefix_of(text, pattern),
        quantities.duration(data.get("quiet", model.QUIET)),
        quantities.duration(data.get("at_latest", model.AT_LATEST)),
        pattern.text if pattern else "",
        data.get("at_once", model.AT_ONCE),
    )


def _notify(draft: Draft) -> dict[model.Event, tuple[model.Message, ...]]:
    """The messages of each event, without events that send none."""
    told = draft.data.get("notify", {})
    return {event: tuple(_messages(draft, event, items)) for event, items in told.items() if items}


def _messages(draft: Draft, event: str, items: Any) -> Any:
    for index, item in enumerate(items):
        ((kind, options),) = item.items()
        position = draft.source.mark(("notify", event, index, kind)).key
        options = {"to": options} if isinstance(options, list) else options
        yield model.Message(kind, options, position)


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
        restore=_restore(data["restore"]) if "restore" in data else None,
    )


def _restore(data: Data) -> Restore:
    return Restore(
        data.get("tier", "bulk"),
        data.get("days", 7),
        quantities.duration(data.get("timeout", "3 d")),
        quantities.money(data["ask_above"]) if "ask_above" in data else None,
    )


def _file_set(name: str, value: Any, folder: Path) -> FileSet:
    if isinstance(value, str):
        return FileSet(name, value)
    complete = tuple(value.get("complete", ()))
    rename, derive = value.get("rename", {}), value.get("derive", {})
    wanted = wanted_of(value.get("complete"))
    if "table" not in value:
        return FileSet(
            name,
            path_of(value),
            complete,
            rename,
            derive,
            wanted=wanted,
            folder=is_folder(value),
            planes=planes_of(value),
        )
    columns, rows, prefix = (value.get(key, {}) for key in ("columns", "rows", "prefix"))
    table = Table(value["table"], folder, path_of(value), columns, rows, prefix, value.get("record", ""))
    return FileSet(name, path_of(value), complete, rename, derive, table, wanted, planes=planes_of(value))


def _steps(draft: Draft) -> Iterator[tuple[str, Step | Gate]]:
    for name, data in draft.data["steps"].items():
        position = draft.source.mark(("steps", name)).key
        if "gate" not in data:
            yield name, build_step(draft, name, data, position)
            continue
        gate = build_gate(draft, name, data, position)
        if gate.report:
            yield gate.report, build_report(draft, gate)
        yield name, gate


def _in_order(steps: Mapping[str, Step | Gate]) -> dict[str, Step | Gate]:
    """Each step after what it waits for, and otherwise as in the file."""
    place = {name: index for index, name in enumerate(steps)}
    waiting = {name: set(step.upstream) for name, step in steps.items()}
    followers: dict[str, list[str]] = {name: [] for name in steps}
    for name, upstream in waiting.items():
        for needed in upstream:
            followers[needed].append(name)
    ready = [(place[name], name) for name in steps if not waiting[name]]
    ordered: dict[str, Step | Gate] = {}
    while ready:
        _, name = heapq.heappop(ready)
        ordered[name] = steps[name]
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower]:
                heapq.heappush(ready, (place[follower], follower))
    return ordered
