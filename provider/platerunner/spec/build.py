"""The pipeline that a draft without problems is: dataset, steps, gates, and the steps that make contact sheets."""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from platerunner.catalog import quantities
from platerunner.catalog.loader import resources
from platerunner.catalog.model import Resources
from platerunner.documents.problems import Problem
from platerunner.spec import model
from platerunner.spec.build_schedule import build_notify, build_schedule
from platerunner.spec.build_steps import build_step, needs, reference, retry_policy, tolerance
from platerunner.spec.dataset import Dataset, Exclusion, FileSet, Table, wanted_of
from platerunner.spec.draft import Data, Draft, path_of
from platerunner.spec.rules.steps import REPORT_MODULE, report_name
from platerunner.spec.split import shown_wildcards, sides, split_wildcard
from platerunner.spec.targets import parse_output


def build_gate(draft: Draft, name: str, data: Data, position: model.Position) -> model.Gate:
    """A gate; what it shows goes through its report."""
    return model.Gate(
        name=name,
        title=data["gate"],
        needs=needs(draft, data),
        show={key: _shown(draft, value) for key, value in data.get("show", {}).items()},
        checks=data.get("checks", {}),
        approvers=tuple(data.get("approvers", ())),
        timeout=quantities.duration(data["timeout"]) if "timeout" in data else None,
        position=position,
        report=report_name(name) if data.get("show") else None,
        assets=tuple(data.get("assets", ())),
    )


def build_report(draft: Draft, gate: model.Gate) -> model.Step:
    """The step that makes a gate's contact sheet: one per plate, and per branch, if all that is shown is told apart."""
    refs = {key: ref if isinstance(ref, model.InputRef) else _workspace(ref) for key, ref in gate.show.items()}
    common = shown_wildcards(draft, gate.name)
    foreach = tuple(name for name in dict.fromkeys([split_wildcard(draft), "plate"]) if name in common)
    folder = "/".join(["gates", gate.name, *(f"{{{name}}}" for name in foreach)])
    return model.Step(
        name=report_name(gate.name),
        module=REPORT_MODULE,
        foreach=foreach,
        inputs=refs,
        outputs={
            "montage": model.Output("montage", f"{folder}/montage.png"),
            "page": model.Output("page", f"{folder}/report.html"),
            "numbers": model.Output("numbers", f"{folder}/numbers.json"),
        },
        with_=draft.gates[gate.name].get("report", {}),
        needs=gate.needs,
        resources=_report_resources(draft),
        retry=retry_policy(draft.data.get("defaults", {}).get("retry", {})),
        cost_tags=draft.data.get("cost_tags", {}),
        title=f"Report for: {gate.title}",
        position=gate.position,
    )


def _shown(draft: Draft, text: str) -> str | model.InputRef:
    return reference(draft, text) if parse_output(text) else text


def _workspace(pattern: str) -> model.InputRef:
    return model.InputRef("workspace", pattern)


def _report_resources(draft: Draft) -> Resources:
    """A contact sheet needs little, whatever the steps need; but who avoids spot instances avoids them here, too."""
    defaults = draft.data.get("defaults", {}).get("resources", {})
    capacity = {key: value for key, value in defaults.items() if key == "capacity"}
    return resources(capacity, base=draft.modules[REPORT_MODULE].resources)


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
