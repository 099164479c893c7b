"""A step repeated over values: names, values in their places, and what others take of it."""

from pathlib import Path

import pytest
from airflow.utils.helpers import validate_key

from platerunner.render.dag import build_dag
from platerunner.spec.loader import load_text
from platerunner.spec.model import Pipeline, Position
from platerunner.spec.problems import SpecError
from platerunner.spec.steps import Gate, InputRef, Member, Step

HERE = Path(__file__).parent
SPEC = """\
version: 1
pipeline: cells
workspace: "{{ workspace_root }}/cells"
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}_s{site:int}_{channel}.tif"}
steps:
  measure:
    title: Nuclei
    module: imaging.segment-measure
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    matrix: {smoothing: [0.50, 1], nuclei: [0512, ER]}
    with: {nuclei: "{matrix.nuclei}", smoothing: "{matrix.smoothing}"}
    outputs: {image: "m/{matrix.nuclei}_{matrix.smoothing}/{plate}/{well}/Image.csv"}
  compare:
    module: command
    image: base:1
    inputs: {tables: measure.image}
    with: {argv: [compare, "{out}"]}
    outputs: {table: "compare.csv"}
  report:
    module: imaging.plate-report
    foreach: [plate, smoothing]
    inputs: {tables: "measure[nuclei=0512].image"}
    with: {column: x}
    outputs: {table: "r/{plate}/{smoothing}.csv"}
  one:
    module: imaging.plate-report
    foreach: [plate]
    needs: ["measure[nuclei=ER]"]
    inputs: {tables: "measure[nuclei=0512, smoothing=0.50].image"}
    with: {column: x}
    outputs: {table: "o/{plate}.csv"}
  again:
    module: imaging.plate-report
    foreach: [plate]
    matrix: {smoothing: [0.50, 1]}
    inputs: {tables: "measure[nuclei=ER, smoothing={matrix.smoothing}].image"}
    with: {column: x}
    outputs: {table: "again/{matrix.smoothing}/{plate}.csv"}
  check:
    gate: Which threshold is best?
    show: {tables: measure.image}
"""
A, B, C, D = (f"measure-smoothing-{s}-nuclei-{n}" for s in ("0.50", "1") for n in ("0512", "ER"))


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return load_text(SPEC, HERE / "x.yaml")


def step(pipeline: Pipeline, name: str) -> Step:
    found = pipeline.steps[name]
    assert isinstance(found, Step)
    return found


def test_each_combination_is_a_step_called_after_its_values(pipeline: Pipeline) -> None:
    assert [name for name in pipeline.steps if name.startswith("measure")] == [A, B, C, D]
    assert step(pipeline, A).title == "Nuclei [smoothing=0.50, nuclei=0512]"
    assert step(pipeline, A).position == Position(8, 3)
    for name in build_dag(pipeline).task_ids:
        validate_key(name)


def test_a_value_keeps_its_type_alone_and_its_spelling_within_text(pipeline: Pipeline) -> None:
    assert step(pipeline, A).with_ == {"nuclei": "0512", "smoothing": 0.5}
    assert step(pipeline, D).with_ == {"nuclei": "ER", "smoothing": 1}
    assert step(pipeline, A).outputs["image"].pattern == "m/0512_0.50/{plate}/{well}/Image.csv"


def test_others_take_all_of_it_some_or_one(pipeline: Pipeline) -> None:
    every = step(pipeline, "compare").inputs["tables"]
    assert every.pattern == "m/{nuclei}_{smoothing}/{plate}/{well}/Image.csv"
    assert every.steps == (A, B, C, D) == step(pipeline, "compare").upstream
    some = step(pipeline, "report").inputs["tables"]
    assert some.pattern == "m/0512_{smoothing}/{plate}/{well}/Image.csv"
    assert some.members == (Member(A, (("smoothing", "0.50"),)), Member(C, (("smoothing", "1"),)))
    assert step(pipeline, "one").inputs["tables"] == InputRef(A, "image")
    assert step(pipeline, "one").upstream == (A, B, D)


def test_a_matrix_follows_another_value_by_value(pipeline: Pipeline) -> None:
    assert step(pipeline, "again-smoothing-0.50").inputs["tables"] == InputRef(B, "image")
    assert step(pipeline, "again-smoothing-1").upstream == (D,)


def test_a_gate_shows_all_of_it(pipeline: Pipeline) -> None:
    gate, report = pipeline.steps["check"], step(pipeline, "check_report")
    assert isinstance(gate, Gate)
    assert gate.upstream == ("check_report",)
    assert (report.upstream, report.foreach) == ((A, B, C, D), ("plate",))


def test_what_is_wrong_with_every_member_is_said_once() -> None:
    with pytest.raises(SpecError) as raised:
        load_text(SPEC.replace("foreach: [plate, well]", "foreach: [plate, wel]"), HERE / "x.yaml")
    places = [(problem.line, problem.code) for problem in raised.value.problems if problem.is_error]
    assert places == [(11, "unknown-wildcard"), (15, "same-output")]


def test_names_do_not_depend_on_the_order_of_other_steps() -> None:
    head, tail = SPEC.split("steps:\n")
    moved = load_text(f"{head}steps:\n{tail[tail.index('  compare:') :]}{tail[: tail.index('  compare:')]}", HERE / "x")
    assert [name for name in moved.steps if name.startswith("measure")] == [A, B, C, D]
