"""A valid spec's data as the frozen model."""

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from platerunner.catalog import quantities
from platerunner.catalog.loader import quantified, resources
from platerunner.catalog.model import Module, Resources
from platerunner.spec import model
from platerunner.spec.draft import Data, Draft, path_of, readable
from platerunner.spec.rules.names import report_name
from platerunner.spec.targets import parse_output, parse_target

REPORT_MODULE = "imaging.montage"


def build(draft: Draft) -> model.Pipeline:
    """The pipeline of a draft in which no rule found a problem."""
    data = draft.data
    return model.Pipeline(
        name=data["pipeline"],
        title=data.get("title", ""),
        owner=data.get("owner", "platerunner"),
        workspace=data["workspace"],
        dataset=_dataset(data["dataset"]),
        steps=_in_order(dict(_steps(draft))),
        params=data.get("params", {}),
        tags=tuple(data.get("tags", ())),
        schedule=data.get("schedule"),
        description=data.get("description", ""),
        path=draft.source.path,
    )


def _dataset(data: Data) -> model.Dataset:
    return model.Dataset(
        root=data["root"],
        files={name: _file_set(name, value) for name, value in data["files"].items()},
        where=data.get("where", {}),
        exclude=tuple(
            model.Exclusion({key: value for key, value in item.items() if key != "because"}, item["because"])
            for item in data.get("exclude", ())
        ),
    )


def _file_set(name: str, value: Any) -> model.FileSet:
    if isinstance(value, str):
        return model.FileSet(name, value)
    return model.FileSet(name, path_of(value), tuple(value.get("complete", ())), value.get("rename", {}))


def _steps(draft: Draft) -> Iterator[tuple[str, model.Step | model.Gate]]:
    for name, data in draft.data["steps"].items():
        position = draft.source.mark(("steps", name)).key
        if "gate" not in data:
            yield name, _step(draft, name, data, position)
            continue
        gate = _gate(draft, name, data, position)
        if gate.report:
            yield gate.report, _report(draft, gate)
        yield name, gate


def _step(draft: Draft, name: str, data: Data, position: model.Position) -> model.Step:
    module = draft.modules[data["module"]]
    defaults = draft.data.get("defaults", {})
    return model.Step(
        name=name,
        module=module.name,
        foreach=tuple(data.get("foreach", ())),
        inputs={key: _reference(draft, value) for key, value in data.get("inputs", {}).items()},
        outputs={key: _output(key, value) for key, value in data["outputs"].items()},
        with_=data.get("with", {}),
        load_data=_load_data(data),
        needs=_needs(draft, data),
        image=data.get("image") or _default_image(defaults, module),
        resources=resources(defaults.get("resources", {}), data.get("resources", {}), base=module.resources),
        retry=_retry(defaults.get("retry", {}), data.get("retry", {})),
        tolerate=_tolerate(data.get("tolerate", 0)),
        cost_tags={**draft.data.get("cost_tags", {}), **data.get("cost_tags", {})},
        when=data.get("when"),
        every=data.get("every", {}),
        waiting_for=_waiting_for(data.get("waiting_for") or defaults.get("waiting_for")),
        overrides=tuple(_override(draft, data, item) for item in data.get("overrides", ())),
        title=data.get("title", ""),
        position=position,
    )


def _default_image(defaults: Data, module: Module) -> str | None:
    return None if module.own_image else defaults.get("image")


def _reference(draft: Draft, text: str) -> model.InputRef:
    target = parse_output(text)
    assert target is not None, text  # or a rule would have noted it
    matrix = draft.matrices.get(target.step)
    if matrix is None:
        return model.InputRef(target.step, target.output)
    free = matrix.free(target.where)
    if not free:
        return model.InputRef(matrix.select(target.where)[0], target.output)
    members = tuple(
        model.Member(step, tuple((axis, matrix.members[step][axis]) for axis in free))
        for step in matrix.select(target.where)
    )
    return model.InputRef(target.step, target.output, members, matrix.joint(target.output, target.where))


def _needs(draft: Draft, data: Data) -> tuple[str, ...]:
    targets = [parse_target(needed) for needed in data.get("needs", ())]
    return tuple(dict.fromkeys(step for target in targets if target for step in draft.members(target)))


def _output(name: str, value: Any) -> model.Output:
    if isinstance(value, str):
        return model.Output(name, value)
    ranges = {key: (item["range"][0], item["range"][1]) for key, item in value.items() if isinstance(item, dict)}
    return model.Output(name, value["path"], value.get("from"), ranges, value.get("at_least"))


def _load_data(data: Data) -> model.LoadDataMapping | None:
    if "load_data" not in data:
        return None
    metadata = data["load_data"]["metadata"]
    if isinstance(metadata, list):
        metadata = {wildcard[:1].upper() + wildcard[1:]: wildcard for wildcard in metadata}
    return model.LoadDataMapping(data["load_data"]["images"], metadata)


def _retry(*layers: Data) -> model.Retry:
    values: dict[str, Any] = {}
    for layer in layers:
        values |= {key: quantities.factor(value) if isinstance(value, str) else value for key, value in layer.items()}
    return model.Retry(**values)


def _tolerate(value: str | int) -> float | int:
    return quantities.share(value) if isinstance(value, str) else value


def _waiting_for(text: str | None) -> float:
    return quantities.duration(text) if text else 0.0


def _override(draft: Draft, step: Data, data: Data) -> model.Override:
    module = draft.modules[data.get("module", step["module"])]
    other = module.name != step["module"]
    defaults = draft.data.get("defaults", {})
    layers = (defaults.get("resources", {}), step.get("resources", {}))
    return model.Override(
        when=data.get("when"),
        module=data.get("module"),
        image=data.get("image") or (_default_image(defaults, module) if other else None),
        with_=data.get("with", {}),
        load_data=_load_data(data),
        resources=resources(*layers, base=module.resources) if other else None,
        where=data.get("where", {}),
        asks=quantified(data.get("resources", {})),
    )


def _gate(draft: Draft, name: str, data: Data, position: model.Position) -> model.Gate:
    return model.Gate(
        name=name,
        title=data["gate"],
        needs=_needs(draft, data),
        show={key: _shown(draft, value) for key, value in data.get("show", {}).items()},
        checks=data.get("checks", {}),
        approvers=tuple(data.get("approvers", ())),
        timeout=quantities.duration(data["timeout"]) if "timeout" in data else None,
        position=position,
        report=report_name(name) if data.get("show") else None,
    )


def _shown(draft: Draft, text: str) -> str | model.InputRef:
    return _reference(draft, text) if parse_output(text) else text


def _report(draft: Draft, gate: model.Gate) -> model.Step:
    """The step that makes a gate's contact sheet: one per plate if all that is shown has plates."""
    refs = {key: ref if isinstance(ref, model.InputRef) else _workspace(ref) for key, ref in gate.show.items()}
    by_plate = all("plate" in _wildcards(draft, text) for text in draft.gates[gate.name]["show"].values())
    folder = f"gates/{gate.name}/{{plate}}" if by_plate else f"gates/{gate.name}"
    return model.Step(
        name=report_name(gate.name),
        module=REPORT_MODULE,
        foreach=("plate",) if by_plate else (),
        inputs=refs,
        outputs={
            "montage": model.Output("montage", f"{folder}/montage.png"),
            "numbers": model.Output("numbers", f"{folder}/numbers.json"),
        },
        needs=gate.needs,
        resources=_report_resources(draft),
        retry=_retry(draft.data.get("defaults", {}).get("retry", {})),
        cost_tags=draft.data.get("cost_tags", {}),
        title=f"Report for: {gate.title}",
        position=gate.position,
    )


def _workspace(pattern: str) -> model.InputRef:
    return model.InputRef("workspace", pattern)


def _wildcards(draft: Draft, shown: str) -> tuple[str, ...]:
    pattern = draft.referred(shown) if parse_output(shown) else readable(shown)
    return pattern.wildcards if pattern else ()


def _report_resources(draft: Draft) -> Resources:
    """A contact sheet needs little, whatever the steps need; but who avoids spot instances avoids them here, too."""
    defaults = draft.data.get("defaults", {}).get("resources", {})
    capacity = {key: value for key, value in defaults.items() if key == "capacity"}
    return resources(capacity, base=draft.modules[REPORT_MODULE].resources)


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
