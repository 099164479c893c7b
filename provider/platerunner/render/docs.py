"""What the UI says about a DAG and its tasks: Markdown from the spec."""

import json
from typing import Any

from platerunner.spec.model import OnConfig, Pipeline
from platerunner.spec.steps import Gate, InputRef, Step

FACTS = "platerunner"
"""The key under which :func:`facts` has them."""


def pipeline_doc(pipeline: Pipeline) -> str:
    """The DAG's page: title, description, a line per step."""
    lines = [f"# {pipeline.title or pipeline.name}", ""]
    if pipeline.description:
        lines += [pipeline.description, ""]
    lines += ["| step | what it does | a unit is | comes after |", "|---|---|---|---|"]
    lines += [f"| `{step.name}` | {_what(step)} | {_unit(step)} | {_after(step)} |" for step in pipeline.steps.values()]
    if pipeline.split:
        own = ", ".join(f"`{name}`" for name in pipeline.steps if pipeline.in_branches(name))
        lines += ["", f"Each {pipeline.split.wildcard} has a branch of its own for {own}."]
    return "\n".join([*lines, "", f"Spec: `{pipeline.path.name}`"])


def step_doc(step: Step) -> str:
    """A step's page: what it reads, what it writes."""
    lines = [step.title or step.name, "", f"Module `{step.module}`, one unit per {_unit(step)}.", ""]
    lines += [f"- reads `{name}` from `{ref}`" for name, ref in step.inputs.items()]
    lines += [f"- writes `{name}`: `{output.pattern}`" for name, output in step.outputs.items()]
    return "\n".join(lines)


def gate_doc(gate: Gate) -> str:
    """A gate's page."""
    who = ", ".join(gate.approvers) or "everybody who may edit this DAG"
    return f"{gate.title}\n\nBlocks what comes after it until it is approved, by {who}."


def facts(pipeline: Pipeline, step: Step | Gate) -> str:
    """What Platerunner's pages need of a task, as JSON: the API server reads no spec, and on MWAA it has none."""
    known = {"pipeline": pipeline.name, "step": step.name, "title": step.title, "workspace": pipeline.workspace}
    whole: dict[str, Any] = {"params": list(pipeline.params), "spec": pipeline.path.name}
    if isinstance(pipeline.schedule, OnConfig):
        whole["launches"] = True
    own = _gate_facts(step) if isinstance(step, Gate) else _step_facts(pipeline, step)
    return json.dumps({FACTS: {**known, **whole, **own, "branched": pipeline.in_branches(step.name)}})


def _step_facts(pipeline: Pipeline, step: Step) -> dict[str, Any]:
    patterns = {name: output.pattern for name, output in step.outputs.items() if not output.folder}
    folders = {name: output.pattern for name, output in step.outputs.items() if output.folder}
    read = {name: found for name, ref in step.inputs.items() if (found := _place_of(pipeline, ref)) is not None}
    return {"module": step.module, "foreach": step.foreach, "outputs": patterns, "folders": folders, "inputs": read}


def _place_of(pipeline: Pipeline, ref: InputRef) -> dict[str, Any] | None:
    """Pattern and root of an input's files, the root empty for the workspace; None if no one pattern tells them."""
    if ref.source == "dataset":
        files = pipeline.dataset.files[ref.name]
        plain = files.table is None and not files.folder
        return {"pattern": files.pattern, "root": pipeline.dataset.root} if plain else None
    made_by = pipeline.steps.get(ref.source)
    if not isinstance(made_by, Step):
        return None
    output = made_by.outputs[ref.name]
    return {"pattern": output.pattern, "root": "", "folder": output.folder}


def _gate_facts(gate: Gate) -> dict[str, Any]:
    return {"gate": True, "approvers": gate.approvers, "timeout": gate.timeout}


def _what(step: Step | Gate) -> str:
    return f"gate: {step.title}" if isinstance(step, Gate) else step.title or f"`{step.module}`"


def _unit(step: Step | Gate) -> str:
    if isinstance(step, Gate):
        return "-"
    return " and ".join(step.foreach) or "the whole dataset"


def _after(step: Step | Gate) -> str:
    return ", ".join(f"`{name}`" for name in step.upstream) or "-"
