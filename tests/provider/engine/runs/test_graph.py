"""Which tasks of a run may start, and what a run comes to: Airflow's rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner.engine.runs.graph import ENDED, FAILED, NOT_REACHED, SKIPPED, SUCCESS, RunGraph, Task
from platerunner.spec.loader import load_text

CHAIN = """
version: 1
pipeline: chain
workspace: "{{ workspace_root }}/chain"
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.txt"}}
defaults: {image: base:latest, resources: {vcpus: 1, memory: 100 MiB}}
steps:
  first: {module: command, foreach: [plate], inputs: {a: dataset.raw}, with: {argv: [x, "{outputs.b}"]}, outputs: {b: "1/{plate}"}}
  left: {module: command, foreach: [plate], inputs: {a: first.b}, with: {argv: [x, "{outputs.b}"]}, outputs: {b: "2/{plate}"}}
  right: {module: command, foreach: [plate], inputs: {a: first.b}, with: {argv: [x, "{outputs.b}"]}, outputs: {b: "3/{plate}"}}
  last:
    module: command
    foreach: [plate]
    inputs: {a: left.b, c: right.b}
    with: {argv: [x, "{outputs.b}"]}
    outputs: {b: "4/{plate}"}
"""  # noqa: E501
SPLIT = CHAIN.replace("pipeline: chain", "pipeline: parts\nsplit: SPLIT").replace(
    'outputs: {b: "4/{plate}"}', 'outputs: {b: "4"}'
).replace("    foreach: [plate]\n", "")  # fmt: skip


def graph(tmp_path, split=""):
    text = SPLIT.replace("SPLIT", split) if split else CHAIN
    return RunGraph(load_text(text, tmp_path / "spec.yaml"))


def play(run, **ends):
    """Let all that may start end as given, else with success; the order of starts."""
    order = []
    while run.state() is None:
        started = run.start()
        assert started or run.state() is not None, f"nothing goes on: {run.states()}"
        for task in started:
            order.append(task)
            run.set(task, ends.get(f"{task.name}_{task.branch}", ends.get(task.name, SUCCESS)))
            if task.name == "split-by-plate" and run.ends(task.name)[-1] == SUCCESS:
                run.open_branches(3)
    return order


@pytest.mark.parametrize(
    ("ends", "states", "state"),
    [
        ({}, {"first": SUCCESS, "left": SUCCESS, "right": SUCCESS, "last": SUCCESS}, SUCCESS),
        ({"left": FAILED}, {"first": SUCCESS, "left": FAILED, "right": SUCCESS, "last": NOT_REACHED}, FAILED),
        ({"left": SKIPPED}, {"first": SUCCESS, "left": SKIPPED, "right": SUCCESS, "last": SKIPPED}, SUCCESS),
        ({"first": FAILED}, {"first": FAILED, "left": NOT_REACHED, "right": NOT_REACHED, "last": NOT_REACHED}, FAILED),
        ({"first": SKIPPED}, dict.fromkeys(("first", "left", "right", "last"), SKIPPED), SUCCESS),
    ],
)
def test_a_chain(tmp_path, ends, states, state):
    run = graph(tmp_path)
    play(run, **ends)
    assert {name: found[-1] for name, found in run.states().items()} == states
    assert run.state() == state


@pytest.mark.parametrize(
    ("split", "ends", "last", "state"),
    [
        ("plate", {}, SUCCESS, SUCCESS),
        ("plate", {"left_1": FAILED}, NOT_REACHED, FAILED),
        ("plate", {"first_1": SKIPPED}, SUCCESS, SUCCESS),
        ("plate", {"first": SKIPPED}, SKIPPED, SUCCESS),
        ("plate", {"split-by-plate": FAILED}, NOT_REACHED, FAILED),
        ("plate", {"split-by-plate": SKIPPED}, SKIPPED, SUCCESS),
        # What may lack some branches starts in any case, and counts them itself.
        ("{by: plate, tolerate: 1}", {"left_1": FAILED}, SUCCESS, SUCCESS),
        ("{by: plate, tolerate: 1}", {"left": FAILED, "last": FAILED}, FAILED, FAILED),
    ],
)
def test_branches_flow_on_their_own(tmp_path, split, ends, last, state):
    run = graph(tmp_path, split)
    play(run, **ends)
    assert (run.ends("last")[-1], run.state()) == (last, state)
    if "left_1" in ends:
        assert [run.ends("right")[index] for index in range(3)] == [SUCCESS] * 3, "the other branches go on"


@settings(max_examples=60)
@given(data=st.data())
def test_each_task_starts_once_after_all_before_it_and_the_run_ends(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("specs")
    run = graph(folder, data.draw(st.sampled_from(["", "plate", "{by: plate, tolerate: 1}"])))
    words = st.sampled_from([SUCCESS, SUCCESS, SUCCESS, FAILED, SKIPPED])
    going: list[Task] = []
    started: list[Task] = []
    while run.state() is None:
        new = run.start()
        assert all(run.ends(name).get(task.branch, run.ends(name).get(-1)) in ENDED
                   for task in new if task.name in ("left", "right") for name in ("first",))  # fmt: skip
        going += new
        started += new
        if run.state() is not None:
            break
        assert going, f"nothing goes on: {run.states()}"
        task = going.pop(data.draw(st.integers(0, len(going) - 1)))
        run.set(task, data.draw(words))
        if task.name == "split-by-plate" and run.ends(task.name)[-1] == SUCCESS:
            run.open_branches(data.draw(st.integers(1, 3)))
    assert len(started) == len(set(started))
    assert {state for found in run.states().values() for state in found.values()} <= ENDED
