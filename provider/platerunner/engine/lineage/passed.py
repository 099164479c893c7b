"""Which gates a file and its attempts have passed: by the decisions on record, and by what the spec says of waiting."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from platerunner.engine.gates.decisions import DECISIONS, Decision, Made, history
from platerunner.engine.lineage.model import WORKSPACE, Attempt, File, Lineage, Passed
from platerunner.engine.records.codec import read, read_at_once
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate
from platerunner_unit.contract.keys import gate_prefix
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import parse_unit_id

COUNTED = frozenset({"approved", "rejected", "marked success"})


def add_gates(lineage: Lineage, workspace: Storage, pipeline: Pipeline | None) -> None:
    """Add the decisions that saw the files of a lineage, and those that its steps waited for.

    :param pipeline: says which steps wait for which gates; None if nobody gave the spec.
    """
    _add_seen(lineage, workspace)
    if pipeline is None:
        return
    made = history(workspace)
    for id_, attempt in lineage.attempts.items():
        passed = tuple(_waited_for(attempt, pipeline, made))
        lineage.with_attempt(id_, gates=passed)


def _add_seen(lineage: Lineage, workspace: Storage) -> None:
    wanted = {file.key for file in lineage.files.values() if file.root == WORKSPACE}
    keys = [found.key for found in workspace.list(gate_prefix()) if found.key.endswith(".json")]
    seen: dict[str, list[tuple[Mapping[str, Any], Passed]]] = defaultdict(list)
    for raw in read_at_once(lambda key: read(DECISIONS, workspace, key)[1], keys):
        passed = [_passed(str(raw["gate"]), Decision(**entry)) for entry in raw["decisions"]]
        counted = [each for each in passed if each.decision in COUNTED]
        for entry in raw["files"]:
            if entry["key"] in wanted:
                seen[entry["key"]] += [(entry, each) for each in counted]
    for id_, file in lineage.files.items():
        found = tuple(each for entry, each in seen.get(file.key, ()) if _is_same(file, entry))
        lineage.files[id_] = replace(file, gates=found)


def _is_same(file: File, seen: Mapping[str, Any]) -> bool:
    """Whether a gate saw this version: by its ETag if a later step has read it, else by its size."""
    return bool(file.etag == seen["etag"] if file.etag else file.size == seen["size"])


def _waited_for(attempt: Attempt, pipeline: Pipeline, made: Iterable[Made]) -> Iterator[Passed]:
    """The last answer before the attempt began, of each gate that comes somewhere before its step."""
    outcome = attempt.outcome
    began = str(outcome.timing.get("started", ""))
    gates = set(_gates_before(pipeline, outcome.step))
    unit = {name: str(value) for name, value in outcome.values.items()}
    for entry in made:  # the newest first
        of_branch = not entry.branch or parse_unit_id(entry.branch).items() <= unit.items()
        counted = entry.decision.decision in COUNTED and entry.decision.at <= began
        if entry.gate in gates and of_branch and counted:
            gates.discard(entry.gate)
            yield _passed(entry.gate, entry.decision, saw=False)


def _gates_before(pipeline: Pipeline, step: str) -> Iterator[str]:
    todo, seen = [step], set[str]()
    while todo:
        name = todo.pop()
        if name in seen or name not in pipeline.steps:
            continue
        seen.add(name)
        each = pipeline.steps[name]
        if isinstance(each, Gate):
            yield name
        todo += each.upstream


def _passed(gate: str, decision: Decision, *, saw: bool = True) -> Passed:
    return Passed(gate, decision.decision, decision.user, decision.at, decision.comment, saw)
