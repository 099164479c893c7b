"""What inputs, ``needs`` and ``show`` name must be there."""

import re

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, texts
from platerunner.spec.rules.patterns import check_pattern

REFERENCE = re.compile(r"([A-Za-z][A-Za-z0-9_]*)\.([A-Za-z][A-Za-z0-9_]*)")


def check_references(draft: Draft) -> None:
    """Note unknown steps, file sets and outputs, and gates that wait for nothing."""
    for name, step in draft.steps.items():
        for key, reference in step.get("inputs", {}).items():
            _check_reference(draft, ("steps", name, "inputs", key), reference)
        _check_needs(draft, name, step)
    for name, gate in draft.gates.items():
        for key, shown in gate.get("show", {}).items():
            _check_shown(draft, ("steps", name, "show", key), shown)
        _check_needs(draft, name, gate)
        _check_gate(draft, name, gate)


def _check_reference(draft: Draft, keys: Keys, reference: str) -> None:
    found = REFERENCE.fullmatch(reference)
    if found is None:
        remedy = f"Write `dataset.<files>` or `<step>.<output>`. {_outputs_of(draft, reference)}".rstrip()
        draft.source.at_value(
            keys, f"`{reference[:60]}` does not say where the input comes from", remedy, "bad-reference"
        )
        return
    source, name = found[1], found[2]
    if source == "dataset":
        _check_member(draft, keys, (source, name), list(draft.files), ("dataset", "files"))
    elif source in draft.outputs:
        _check_member(draft, keys, (source, name), list(draft.outputs[source]), ("steps", source))
    elif source in draft.gates:
        remedy = f"Put `{source}` under `needs`, and take the input from the step that makes it."
        draft.source.at_value(keys, f"`{source}` is a gate, which has no outputs", remedy, "bad-reference")
    elif source not in draft.step_names:
        remedy = suggest(source, [*draft.outputs, "dataset"], "steps")
        draft.source.at_value(keys, f"no step is called `{source}`", remedy, "unknown-step")


def _outputs_of(draft: Draft, step: str) -> str:
    outputs = ", ".join(f"`{step}.{name}`" for name in draft.outputs.get(step, {}))
    return f"There is {outputs}." if outputs else ""


def _check_member(draft: Draft, keys: Keys, reference: tuple[str, str], known: list[str], place: Keys) -> None:
    source, name = reference
    if name in known or draft.is_doubtful(*place):
        return
    what = "file sets of the dataset" if source == "dataset" else f"outputs of `{source}`"
    message = f"the dataset has no file set `{name}`" if source == "dataset" else f"`{source}` has no output `{name}`"
    at = draft.source.inside(keys, len(source) + 1)
    draft.source.add(at, message, suggest(name, known, what), "unknown-output")


def _check_needs(draft: Draft, name: str, data: Data) -> None:
    for index, needed in texts(data.get("needs")):
        if needed not in draft.step_names:
            remedy = suggest(needed, (step for step in draft.step_names if step != name), "steps")
            draft.source.at_value(
                ("steps", name, "needs", index), f"no step is called `{needed}`", remedy, "unknown-step"
            )


def _check_shown(draft: Draft, keys: Keys, shown: str) -> None:
    if REFERENCE.fullmatch(shown):
        _check_reference(draft, keys, shown)
    else:
        check_pattern(draft, keys, shown, globs=True)


def _check_gate(draft: Draft, name: str, gate: Data) -> None:
    if draft.is_doubtful("steps", name) or gate.get("needs"):
        return
    shown = list(gate.get("show", {}).values())
    if not shown:
        remedy = "Add `show:` with what to look at, or `needs:` with the steps that it comes after."
        draft.source.at_key(("steps", name), f"the gate `{name}` neither shows nor needs anything", remedy, "idle-gate")
    elif not any(REFERENCE.fullmatch(item) for item in shown):
        message = f"the gate `{name}` shows files of the workspace, but waits for no step that writes them"
        draft.source.at_key(("steps", name), message, "Add `needs:` with the step that writes them.", "idle-gate")
