"""Steps of a valid spec as the frozen model."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from platerunner.catalog import quantities
from platerunner.catalog.loader import quantified, resources
from platerunner.catalog.model import Module
from platerunner.spec import model
from platerunner.spec.draft import Data, Draft
from platerunner.spec.settings import LoadDataMapping, Override, Retry
from platerunner.spec.targets import parse_output, parse_target


def build_step(draft: Draft, name: str, data: Data, position: model.Position) -> model.Step:
    """A step that runs units, with what `defaults` and the catalog say of it."""
    module = draft.modules[data["module"]]
    defaults = draft.data.get("defaults", {})
    return model.Step(
        name=name,
        module=module.name,
        foreach=tuple(data.get("foreach", ())),
        inputs={key: reference(draft, value) for key, value in data.get("inputs", {}).items()},
        outputs={key: _output(key, value) for key, value in data["outputs"].items()},
        with_=data.get("with", {}),
        load_data=_load_data(data),
        needs=needs(draft, data),
        image=data.get("image") or _default_image(defaults, module),
        resources=resources(defaults.get("resources", {}), data.get("resources", {}), base=module.resources),
        retry=retry_policy(defaults.get("retry", {}), data.get("retry", {})),
        tolerate=tolerance(data.get("tolerate", 0)),
        allow_flagged=data.get("allow_flagged", False),
        cost_tags={**draft.data.get("cost_tags", {}), **data.get("cost_tags", {})},
        when=data.get("when"),
        every=data.get("every", {}),
        assets=tuple(data.get("assets", ())),
        waiting_for=_waiting_for(data.get("waiting_for") or defaults.get("waiting_for")),
        overrides=tuple(
            replace(_override(draft, data, item), place=draft.source.line_of(("steps", name, "overrides", index)))
            for index, item in enumerate(data.get("overrides", ()))
        ),
        title=data.get("title", ""),
        position=position,
        own=data.get("own", {}),
    )


def reference(draft: Draft, text: str) -> model.InputRef:
    """What an input names: files of the dataset, of a step, or of several members of a matrix."""
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


def needs(draft: Draft, data: Data) -> tuple[str, ...]:
    """Ids of the steps and gates that a step or a gate waits for, with all members of a matrix that are meant."""
    targets = [parse_target(needed) for needed in data.get("needs", ())]
    return tuple(dict.fromkeys(step for target in targets if target for step in draft.members(target)))


def retry_policy(*layers: Data) -> Retry:
    """The retries of several layers; a later one goes before an earlier one."""
    values: dict[str, Any] = {}
    for layer in layers:
        values |= {key: quantities.factor(value) if isinstance(value, str) else value for key, value in layer.items()}
    return Retry(**values)


def _default_image(defaults: Data, module: Module) -> str | None:
    return None if module.own_image else defaults.get("image")


def _output(name: str, value: Any) -> model.Output:
    if isinstance(value, str):
        return model.Output(name, value)
    ranges = {key: (item["range"][0], item["range"][1]) for key, item in value.items() if isinstance(item, dict)}
    named = {key: tuple(item) for key, item in value.items() if isinstance(item, list)}
    return model.Output(name, value["path"], value.get("from"), ranges, value.get("at_least"), named)


def _load_data(data: Data) -> LoadDataMapping | None:
    if "load_data" not in data:
        return None
    return LoadDataMapping(data["load_data"]["images"], metadata_columns(data["load_data"]["metadata"]))


def metadata_columns(metadata: Mapping[str, str] | list[str]) -> Mapping[str, str]:
    """Name of each ``Metadata_`` column to its wildcard; a list names them like the wildcards, with a capital."""
    if isinstance(metadata, list):
        return {wildcard[:1].upper() + wildcard[1:]: wildcard for wildcard in metadata}
    return metadata


def tolerance(value: str | int) -> float | int:
    """A share or a count of what may fail."""
    return quantities.share(value) if isinstance(value, str) else value


def _waiting_for(text: str | None) -> float:
    return quantities.duration(text) if text else 0.0


def _override(draft: Draft, step: Data, data: Data) -> Override:
    module = draft.modules[data.get("module", step["module"])]
    other = module.name != step["module"]
    defaults = draft.data.get("defaults", {})
    layers = (defaults.get("resources", {}), step.get("resources", {}))
    return Override(
        when=data.get("when"),
        module=data.get("module"),
        image=data.get("image") or (_default_image(defaults, module) if other else None),
        with_=data.get("with", {}),
        load_data=_load_data(data),
        resources=resources(*layers, base=module.resources) if other else None,
        where=data.get("where", {}),
        asks=quantified(data.get("resources", {})),
    )
