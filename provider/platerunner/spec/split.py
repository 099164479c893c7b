"""What flows on its own in a spec with ``split``, and what gathers it again."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from platerunner.spec.draft import Draft, readable, texts
from platerunner.spec.rules.references import waits_for
from platerunner.spec.targets import parse_output


class Sides(NamedTuple):
    """Ids of steps and gates.

    :param inside: those that every branch has for itself.
    :param gathering: those outside that come after branches.
    """

    inside: frozenset[str]
    gathering: frozenset[str]


def split_wildcard(draft: Draft) -> str | None:
    """The wildcard that a spec is split by; None if it is not."""
    written = draft.data.get("split")
    wildcard = written.get("by") if isinstance(written, dict) else written
    return wildcard if isinstance(wildcard, str) else None


def shown_wildcards(draft: Draft, gate: str) -> frozenset[str]:
    """The wildcards that all that a gate shows has."""
    shown = [item for item in draft.gates[gate].get("show", {}).values() if isinstance(item, str)]
    patterns = [draft.referred(text) if parse_output(text) else readable(text) for text in shown]
    sets = [frozenset(pattern.wildcards) if pattern else frozenset() for pattern in patterns]
    return frozenset[str]().union(*sets[:1]).intersection(*sets)


def sides(draft: Draft, wildcard: str) -> Sides:
    """Where each step and gate of a spec is.

    A step is in branches if the wildcard is in its ``foreach``; a gate if all that it shows has it. A gate that shows
    nothing is where the steps are that it waits for.

    :param wildcard: that the spec is split by.
    """
    followers = _followers(draft)
    bare = {name for name, gate in draft.gates.items() if not gate.get("show")}
    inside = {name for name, step in draft.steps.items() if wildcard in dict(texts(step.get("foreach"))).values()}
    inside |= {name for name in draft.gates if name not in bare and wildcard in shown_wildcards(draft, name)}
    after = _reached(inside, followers)
    gathering = after - inside - bare
    gathering |= _reached(gathering, followers) - inside
    return Sides(frozenset(inside | ((after & bare) - gathering)), frozenset(gathering))


def _followers(draft: Draft) -> Mapping[str, set[str]]:
    """Id of a step to those that wait for it."""
    members = defaultdict(list)
    for name, written in draft.origins.items():
        members[written].append(name)
    followers: dict[str, set[str]] = defaultdict(set)
    for name in draft.origins:
        for written, _ in waits_for(draft, name):
            for upstream in members[written]:
                followers[upstream].add(name)
    return followers


def _reached(starts: Iterable[str], followers: Mapping[str, set[str]]) -> set[str]:
    """Everything that comes after some steps."""
    found: set[str] = set()
    queue = deque(starts)
    while queue:
        for name in followers.get(queue.popleft(), set()) - found:
            found.add(name)
            queue.append(name)
    return found
