"""Makes the steps and gates of a valid spec, and the steps that make contact sheets."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from platerunner.catalog import quantities
from platerunner.catalog.model import Module, Resources
from platerunner.catalog.quantities import quantified, resources
from platerunner.spec import model
from platerunner.spec.dataset import Restore
from platerunner.spec.draft import Data, Draft
from platerunner.spec.forms import asset_of, is_folder, parse_output, parse_target, path_of, planes_of
from platerunner.spec.rules.steps import REPORT_MODULE, report_name, shown_wildcards, split_wildcard
from platerunner.spec.settings import Batch, Budget, LoadDataMapping, Override, Retry
from platerunner.spec.steps import ALL, Gate, InputRef, Member, Output, Step, StepAsset

BATCH_SIZE = 8
"""Units in a job where `batch` says no size: seven eighths of the loading of CellProfiler are saved, and 16 would save
little more (`benchmarks/README.md`)."""


BUDGET_GATE, RESTORE_GATE = "within-budget", "within-restore-price"
"""The gate that compares a run's estimate with its budget; no step of a spec can have this name."""


def after_budget(draft: Draft, steps: Mapping[str, Step | Gate]) -> dict[str, Step | Gate]:
    """The steps, and before all others the gate of the budget, if the spec has one."""
    data = draft.data.get("budget")
    if data is None:
        return dict(steps)
    first = [name for name, step in steps.items() if not step.upstream]
    waiting = {name: replace(steps[name], needs=(*steps[name].needs, BUDGET_GATE)) for name in first}
    return {BUDGET_GATE: _budget_gate(data, draft.source.mark(("budget",)).key), **steps, **waiting}


def after_restore(
    steps: Mapping[str, Step | Gate], restore: Restore | None, position: model.Position
) -> dict[str, Step | Gate]:
    """The steps, and before all others the gate of a restore's price, if somebody is to be asked about it.

    :param position: of the dataset's `restore`.
    """
    if restore is None or restore.ask_above is None:
        return dict(steps)
    first = {name: step for name, step in steps.items() if not step.upstream}
    waiting = {name: replace(step, needs=(*step.needs, RESTORE_GATE)) for name, step in first.items()}
    title = "May bringing back archived files cost that much?"
    gate = Gate(name=RESTORE_GATE, title=title, needs=(), show={}, position=position, restore=restore)
    return {RESTORE_GATE: gate, **steps, **waiting}


def _budget_gate(data: Data, position: model.Position) -> Gate:
    limits = {key: quantities.money(data[key]) for key in ("per_run", "per_plate") if key in data}
    return Gate(
        name=BUDGET_GATE,
        title="May this run cost that much?",
        needs=(),
        show={},
        approvers=tuple(data.get("approvers", ())),
        timeout=quantities.duration(data["timeout"]) if "timeout" in data else None,
        position=position,
        budget=Budget(**limits, on_exceed=data.get("on_exceed", "ask")),
    )


def build_step(draft: Draft, name: str, data: Data, position: model.Position) -> Step:
    """A step that runs units, with what `defaults` and the catalog say of it."""
    module = draft.modules[data["module"]]
    defaults = draft.data.get("defaults", {})
    return Step(
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
        assets=tuple(_assets(draft, name, data)),
        waiting_for=_waiting_for(data.get("waiting_for") or defaults.get("waiting_for")),
        overrides=tuple(
            replace(_override(draft, data, item), place=draft.source.line_of(("steps", name, "overrides", index)))
            for index, item in enumerate(data.get("overrides", ()))
        ),
        title=data.get("title", ""),
        position=position,
        own={wildcard: _own(draft, values) for wildcard, values in data.get("own", {}).items()},
        batch=_batch(data),
        planes=dict(_planes(draft, data)),
        limits=data.get("limits", {}),
        leave_out={kind: tolerance(limit) for kind, limit in data.get("leave_out", {}).items()},
    )


def build_gate(draft: Draft, name: str, data: Data, position: model.Position) -> Gate:
    """A gate; what it shows goes through its report."""
    return Gate(
        name=name,
        title=data["gate"],
        needs=needs(draft, data),
        show={
            key: (reference(draft, value) if parse_output(value) else value)
            for key, value in data.get("show", {}).items()
        },
        checks=data.get("checks", {}),
        approvers=tuple(data.get("approvers", ())),
        timeout=quantities.duration(data["timeout"]) if "timeout" in data else None,
        position=position,
        report=report_name(name) if data.get("show") else None,
        assets=tuple(_assets(draft, name, data)),
    )


def _assets(draft: Draft, name: str, data: Data) -> Iterator[StepAsset]:
    for index, item in enumerate(data.get("assets", ())):
        asset, by = asset_of(item)
        yield StepAsset(asset, by, draft.source.mark(("steps", name, "assets", index)).value)


def _own(draft: Draft, values: Any) -> Any:
    """What a spec says of a wildcard's values; of a table also where it is."""
    is_table = isinstance(values, dict) and "table" in values
    return {**values, "folder": str(draft.source.path.parent)} if is_table else values


def _batch(data: Data) -> Batch | None:
    """How many units run in one job, by the last wildcard unless another is named."""
    written = data.get("batch")
    if written is None:
        return None
    given = {"size": written} if isinstance(written, int) else written
    return Batch(given.get("size", BATCH_SIZE), given.get("by", data["foreach"][-1]))


def build_report(draft: Draft, gate: Gate) -> Step:
    """The step that makes a gate's contact sheet: one per plate and branch if all that it shows has these wildcards."""
    refs = {key: ref if isinstance(ref, InputRef) else InputRef("workspace", ref) for key, ref in gate.show.items()}
    common = shown_wildcards(draft, gate.name)
    foreach = tuple(name for name in dict.fromkeys([split_wildcard(draft), "plate"]) if name in common)
    folder = "/".join(["gates", gate.name, *(f"{{{name}}}" for name in foreach)])
    return Step(
        name=report_name(gate.name),
        module=REPORT_MODULE,
        foreach=foreach,
        inputs=refs,
        outputs={
            "montage": Output("montage", f"{folder}/montage.png"),
            "page": Output("page", f"{folder}/report.html"),
            "numbers": Output("numbers", f"{folder}/numbers.json"),
        },
        with_=draft.gates[gate.name].get("report", {}),
        needs=gate.needs,
        resources=_report_resources(draft),
        retry=retry_policy(draft.data.get("defaults", {}).get("retry", {})),
        cost_tags=draft.data.get("cost_tags", {}),
        title=f"Report for: {gate.title}",
        position=gate.position,
    )


def _report_resources(draft: Draft) -> Resources:
    """A contact sheet needs little, whatever steps need; a spec without spot instances has none here, too."""
    defaults = draft.data.get("defaults", {}).get("resources", {})
    capacity = {key: value for key, value in defaults.items() if key == "capacity"}
    return resources(capacity, base=draft.modules[REPORT_MODULE].resources)


def _planes(draft: Draft, data: Data) -> Iterator[tuple[str, Mapping[str, tuple[str, ...] | None]]]:
    """The planes of the inputs whose raw files have several."""
    for name, text in data.get("inputs", {}).items():
        target = parse_output(text)
        files = draft.data["dataset"]["files"] if target and target.step == "dataset" else {}
        if target and (found := planes_of(files.get(target.output))):
            yield name, found


def reference(draft: Draft, text: str) -> InputRef:
    """What an input names: files of the dataset, of a step, or of several members of a matrix."""
    target = parse_output(text)
    assert target is not None, text  # or a rule would have noted it
    matrix = draft.matrices.get(target.step)
    if matrix is None:
        return InputRef(target.step, target.output)
    free = matrix.free(target.where)
    if not free:
        return InputRef(matrix.select(target.where)[0], target.output)
    members = tuple(
        Member(step, tuple((axis, matrix.members[step][axis]) for axis in free)) for step in matrix.select(target.where)
    )
    return InputRef(target.step, target.output, members, matrix.joint(target.output, target.where))


def needs(draft: Draft, data: Data) -> tuple[str, ...]:
    """Ids of the steps and gates that a step or a gate waits for, with all members of a matrix that are meant."""
    targets = [parse_target(needed) for needed in data.get("needs", ())]
    return tuple(dict.fromkeys(step for target in targets if target for step in draft.members(target)))


def retry_policy(*layers: Data) -> Retry:
    """The retries of several layers; a later one overrides an earlier one."""
    values: dict[str, Any] = {}
    for layer in layers:
        values |= {key: quantities.factor(value) if isinstance(value, str) else value for key, value in layer.items()}
    return Retry(**values)


def _default_image(defaults: Data, module: Module) -> str | None:
    return None if module.own_image else defaults.get("image")


def _output(name: str, value: Any) -> Output:
    if isinstance(value, str):
        return Output(name, value)
    ranges = {key: (item["range"][0], item["range"][1]) for key, item in value.items() if isinstance(item, dict)}
    named = {key: tuple(item) for key, item in value.items() if isinstance(item, list)}
    folder = is_folder(value)
    return Output(name, path_of(value), value.get("from"), ranges, value.get("at_least"), named, folder)


def _load_data(data: Data) -> LoadDataMapping | None:
    if "load_data" not in data:
        return None
    said = data["load_data"]
    return LoadDataMapping(said["images"], metadata_columns(said["metadata"]), said.get("objects", {}))


def metadata_columns(metadata: Mapping[str, str] | list[str]) -> Mapping[str, str]:
    """Name of each ``Metadata_`` column to its wildcard; a list names them like the wildcards, with a capital."""
    if isinstance(metadata, list):
        return {wildcard[:1].upper() + wildcard[1:]: wildcard for wildcard in metadata}
    return metadata


def tolerance(value: str | int) -> float | int:
    """A share or a count of what may fail."""
    if value == "all":
        return ALL
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
