"""Which steps and gates of a spec with ``split`` are in branches."""

from pathlib import Path

import pytest

from platerunner.spec.loader import load_text
from platerunner.spec.model import Pipeline, Split
from platerunner.spec.steps import Gate, Step

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
split: SPLIT
dataset: {root: "{{ data_root }}", files: {raw: "{batch}/{plate}/{well}.tif"}}
defaults: {image: base:latest}
steps:
  layout:
    module: command
    inputs: {raw: dataset.raw}
    with: {argv: [look, "{outputs.layout}"]}
    outputs: {layout: layout.csv}
  copy:
    module: command
    foreach: [batch, plate, well]
    matrix: {size: [1, 2]}
    inputs: {raw: dataset.raw, layout: layout.layout}
    with: {argv: [copy, "{matrix.size}", "{outputs.made}"]}
    outputs: {made: "made/{matrix.size}/{batch}/{plate}/{well}.tif"}
  looks: {gate: Good?, show: {made: "made/1/{batch}/{plate}/*.tif"}, needs: [copy]}
  bare: {gate: Really?, needs: [looks]}
  before: {gate: Is the layout right?, needs: [layout]}
  whole:
    module: command
    inputs: {made: "copy[size=1].made"}
    needs: [bare]
    with: {argv: [join, "{outputs.whole}"]}
    outputs: {whole: whole.csv}
  over: {gate: All of it?, show: {made: "overview/*.png"}, needs: [copy]}
  both: {gate: Enough?, needs: [copy, whole]}
  last: {gate: Done?, needs: [both]}
"""


def split(by: str = "plate") -> Pipeline:
    return load_text(SPEC.replace("SPLIT", by), Path("lab.yaml"))


def test_steps_fan_out_over_it_gates_show_it_or_need_only_what_is_inside() -> None:
    found = split().split
    assert found is not None
    assert found.wildcard == "plate"
    assert found.steps == {"copy-size-1", "copy-size-2", "looks", "looks_report", "bare"}


@pytest.mark.parametrize(
    ("written", "tolerate"), [("plate", 0), ("{by: plate}", 0), ("{by: plate, tolerate: 2}", 2),
                              ("{by: plate, tolerate: 10%}", 0.1)]
)  # fmt: skip
def test_the_short_and_the_long_form(written: str, tolerate: float) -> None:
    found = split(written).split
    assert isinstance(found, Split)
    assert found.tolerate == tolerate
    assert type(found.tolerate) is type(tolerate)


def test_a_gate_reports_for_each_branch_by_itself() -> None:
    pipeline = split("batch")
    report = pipeline.steps["looks_report"]
    assert isinstance(report, Step)
    assert report.foreach == ("batch", "plate")
    assert report.outputs["montage"].pattern == "gates/looks/{batch}/{plate}/montage.png"
    assert pipeline.in_branches("looks_report")
    assert isinstance(pipeline.steps["over"], Gate)
    assert not pipeline.in_branches("over_report")
