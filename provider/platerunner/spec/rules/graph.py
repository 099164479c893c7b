"""Steps must not wait for each other in a circle."""

from collections.abc import Iterator, Mapping

from platerunner.documents.source import Keys
from platerunner.spec.draft import Draft, texts
from platerunner.spec.targets import parse_output, parse_target

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
