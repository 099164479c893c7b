"""What steps refer to: inputs, members of a matrix, ``needs``, ``show``; and never in a circle."""

from collections.abc import Iterator, Mapping

from platerunner.documents.problems import suggest
from platerunner.documents.source import Keys
from platerunner.spec.draft import Data, Draft, texts
from platerunner.spec.forms import Target, parse_output, parse_target
from platerunner.spec.rules.patterns import check_pattern

Edges = dict[str, dict[str, Keys]]
"""Step to the steps that it waits for, each with the place that says so."""


def check_cycles(draft: Draft) -> None:
    """Note each cycle once, with the names of its steps; the members of a matrix count as one."""
    edges = _edges(draft)
    while cycle := _find_cycle(edges):
        first = min(cycle, key=draft.step_names.index)
        turned = cycle[cycle.index(first) :] + cycle[: cycle.index(first)]
        keys = edges[first].pop(turned[1] if len(turned) > 1 else first)
        circle = " → ".join([*turned, first])
        message = f"these steps wait for each other: {circle}" if len(turned) > 1 else f"`{first}` waits for itself"
        remedy = "Break the circle: take one of these inputs, or `needs`, from an earlier step."
        draft.source.at_value(keys, message, remedy, "cycle")


def _edges(draft: Draft) -> Edges:
    edges: Edges = {name: {} for name in draft.step_names}
    for name in (*draft.steps, *draft.gates):
        for upstream, keys in waits_for(draft, name):
            if upstream in edges:
                edges[draft.origins[name]].setdefault(upstream, keys)
    return edges


def waits_for(draft: Draft, name: str) -> Iterator[tuple[str, Keys]]:
    """The steps that a step or a gate waits for, as written, each with the place that says so."""
    data = draft.data["steps"][name]
    for part in ("inputs", "show"):
        for key, reference in data.get(part, {}).items():
            target = parse_output(reference)
            if target and target.step != "dataset":
                yield target.step, ("steps", name, part, key)
    for index, needed in texts(data.get("needs")):
        target = parse_target(needed)
        if target and not target.output:
            yield target.step, ("steps", name, "needs", index)


def _find_cycle(edges: Mapping[str, Mapping[str, Keys]]) -> list[str] | None:
    """A cycle, in the order of waiting; depth first without recursion, since specs may be long chains."""
    finished: set[str] = set()
    for start in edges:
        trail: dict[str, None] = {start: None}
        iterators = [iter(edges[start])]
        while iterators and start not in finished:
            following = next(iterators[-1], None)
            if following is None:
                finished.add(trail.popitem()[0])
                iterators.pop()
            elif following in trail:
                return list(trail)[list(trail).index(following) :]
            elif following not in finished:
                trail[following] = None
                iterators.append(iter(edges[following]))
    return None


def check_references(draft: Draft) -> None:
    """Note unknown steps, file sets and outputs, and gates that wait for nothing."""
    for name, step in draft.steps.items():
        for key, reference in step.get("inputs", {}).items():
            _check_reference(draft, ("steps", name, "inputs", key), reference)
        _check_needs(draft, name, step)
    for name, gate in draft.gates.items():
        for key, shown in gate.get("show", {}).items():
            keys = ("steps", name, "show", key)
            if parse_output(shown):
                _check_reference(draft, keys, shown)
            else:
                check_pattern(draft, keys, shown, globs=True)
        _check_needs(draft, name, gate)
        _check_gate(draft, name, gate)


def check_waiting(draft: Draft) -> None:
    """Note steps that would wait for nothing."""
    for name, step in draft.steps.items():
        if "waiting_for" not in step or draft.is_doubtful("steps", name, "inputs"):
            continue
        targets = [parse_output(reference) for reference in step.get("inputs", {}).values()]
        if all(targets) and not any(target and target.step == "dataset" for target in targets):
            message = f"`{name}` reads no raw files, so that it has nothing to wait for"
            remedy = "Move `waiting_for` to the steps that read `dataset.<files>`: this one comes after them."
            draft.source.at_key(("steps", name, "waiting_for"), message, remedy, "useless-wait")


def _check_reference(draft: Draft, keys: Keys, reference: str) -> None:
    target = parse_output(reference)
    if target is None:
        remedy = f"Write `dataset.<files>` or `<step>.<output>`. {_outputs_of(draft, reference)}".rstrip()
        draft.source.at_value(
            keys, f"`{reference[:60]}` does not say where the input comes from", remedy, "bad-reference"
        )
        return
    source = target.step
    if target.where and not _check_selection(draft, keys, target):
        return
    if source == "dataset":
        _check_file_set(draft, keys, target)
    elif source in draft.outputs:
        _check_member(draft, keys, target, list(draft.outputs[source]), ("steps", source))
    elif source in draft.gates:
        remedy = f"Put `{source}` under `needs`, and take the input from the step that makes it."
        draft.source.at_value(keys, f"`{source}` is a gate, which has no outputs", remedy, "bad-reference")
    elif source not in draft.step_names:
        remedy = suggest(source, [*draft.outputs, "dataset"], "steps")
        draft.source.at_value(keys, f"no step is called `{source}`", remedy, "unknown-step")


def _check_file_set(draft: Draft, keys: Keys, target: Target) -> None:
    message = "the file has no `dataset`"
    if "dataset" in draft.data or draft.is_doubtful("dataset"):
        _check_member(draft, keys, target, list(draft.files), ("dataset", "files"))
    elif message not in {problem.message for problem in draft.source.problems}:
        remedy = "Add `dataset`: where the raw files are, how their names are built, and which of them count."
        draft.source.at_key((), message, remedy, "missing-key")


def _outputs_of(draft: Draft, step: str) -> str:
    outputs = ", ".join(f"`{step}.{name}`" for name in draft.outputs.get(step, {}))
    return f"There is {outputs}." if outputs else ""


def _check_selection(draft: Draft, keys: Keys, target: Target) -> bool:
    """Note values that no member of the matrix has; true if all are known.

    :param keys: where the target stands.
    """
    matrix = draft.matrices.get(target.step)
    if draft.is_doubtful("steps", target.step, "matrix") or target.step not in draft.step_names:
        return True  # it is noted there, or as an unknown step
    if matrix is None:
        message = f"`{target.step}` has no matrix to pick from"
        draft.source.at_value(keys, message, f"Write `{target.step}` without brackets.", "bad-reference")
        return False
    for axis, value in target.where.items():
        if axis not in matrix.axes:
            remedy = suggest(axis, matrix.axes, "names of its matrix")
            draft.source.at_value(keys, f"the matrix of `{target.step}` has no `{axis}`", remedy, "unknown-name")
            return False
        if value not in matrix.axes[axis]:
            remedy = suggest(value, matrix.axes[axis], "values")
            message = f"`{axis}` of `{target.step}` has no value `{value}`"
            draft.source.at_value(keys, message, remedy, "unknown-name")
            return False
    return True


def _check_member(draft: Draft, keys: Keys, target: Target, known: list[str], place: Keys) -> None:
    source, name = target.step, target.output
    if name in known or draft.is_doubtful(*place):
        return
    what = "file sets of the dataset" if source == "dataset" else f"outputs of `{source}`"
    message = f"the dataset has no file set `{name}`" if source == "dataset" else f"`{source}` has no output `{name}`"
    at = draft.source.inside(keys, max(0, (draft.source.mark(keys).text or "").rfind(name)))
    draft.source.add(at, message, suggest(name, known, what), "unknown-output")


def _check_needs(draft: Draft, name: str, data: Data) -> None:
    for index, needed in texts(data.get("needs")):
        keys: Keys = ("steps", name, "needs", index)
        target = parse_target(needed)
        if target is None or target.output or target.step not in draft.step_names:
            others = (step for step in draft.step_names if step != draft.origins[name])
            called = needed if target is None or target.output else target.step
            remedy = suggest(called, others, "steps")
            draft.source.at_value(keys, f"no step is called `{called}`", remedy, "unknown-step")
        elif target.where:
            _check_selection(draft, keys, target)


def _check_gate(draft: Draft, name: str, gate: Data) -> None:
    if draft.is_doubtful("steps", name) or gate.get("needs"):
        return
    shown = list(gate.get("show", {}).values())
    if not shown:
        remedy = "Add `show:` with what to look at, or `needs:` with the steps that it comes after."
        draft.source.at_key(("steps", name), f"the gate `{name}` neither shows nor needs anything", remedy, "idle-gate")
    elif not any(parse_output(item) for item in shown):
        message = f"the gate `{name}` shows files of the workspace, but waits for no step that writes them"
        keys = ("steps", name, "show", next(iter(gate["show"])))
        draft.source.at_value(keys, message, "Add `needs:` with the step that writes them.", "idle-gate")
