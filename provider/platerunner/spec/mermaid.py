"""A pipeline as a Mermaid flowchart: https://mermaid.js.org/syntax/flowchart.html."""

from collections.abc import Iterator

from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate, InputRef, Step


def flowchart(pipeline: Pipeline) -> str:
    """File sets as cylinders, steps as boxes with what they fan out over, gates as hexagons.

    What each branch of the pipeline has for itself has a frame around it.

    :param pipeline: any valid one.
    """
    used = {ref.name for step in pipeline.modules for ref in step.inputs.values() if ref.source == "dataset"}
    lines = ["flowchart TD", *(f"  {_id('dataset', name)}[({_text(name)})]" for name in sorted(used))]
    inside = [step for step in pipeline.steps.values() if pipeline.in_branches(step.name)]
    if pipeline.split:
        lines += [f"  subgraph {_id('each', pipeline.split.wildcard)}[{_text(f'each {pipeline.split.wildcard}')}]"]
        lines += [*(f"    {_node(step)}" for step in inside), "  end"]
    for step in pipeline.steps.values():
        lines += [] if step in inside else [f"  {_node(step)}"]
        lines += [f"  {before} --> {_id('step', step.name)}" for before in _before(step)]
    return "\n".join(lines)


def _node(step: Step | Gate) -> str:
    if isinstance(step, Gate):
        return f"{_id('step', step.name)}{{{{{_text(step.name, step.title)}}}}}"
    fan_out = f"per {', '.join(step.foreach)}" if step.foreach else "once"
    return f"{_id('step', step.name)}[{_text(step.name, step.module, fan_out)}]"


def _before(step: Step | Gate) -> Iterator[str]:
    files = step.inputs.values() if isinstance(step, Step) else ()
    dataset = dict.fromkeys(ref.name for ref in files if isinstance(ref, InputRef) and ref.source == "dataset")
    yield from (_id("dataset", name) for name in dataset)
    yield from (_id("step", name) for name in step.upstream)


def _id(kind: str, name: str) -> str:
    """Mermaid's own words (``end``, ``graph``) would break a bare name."""
    return f"{kind}_{name}".replace("-", "_")


def _text(*lines: str) -> str:
    return '"' + "<br>".join(line.replace('"', "#quot;") for line in lines) + '"'
