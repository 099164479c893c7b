"""A gate that shows a step with a matrix is about the files of all members."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from platerunner.engine.gates.gate_run import GateRun
from platerunner.engine.planning.context import RunContext
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

SPEC = """\
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.tif"}}
steps:
  segment:
    module: command
    image: base:1
    foreach: [plate, well]
    matrix: {size: [1, 2]}
    inputs: {images: dataset.raw}
    with: {argv: [segment, "{matrix.size}"]}
    outputs: {outlines: "segment/{matrix.size}/{plate}/{well}.png"}
  check:
    gate: Which is best?
    show: {outlines: SHOWN}
"""


@pytest.mark.parametrize(
    ("shown", "sizes"), [("segment.outlines", {"1", "2"}), ('"segment[size=2].outlines"', {"2"})]
)  # fmt: skip
def test_the_files_of_all_members_that_are_shown(tmp_path: Path, shown: str, sizes: set[str]) -> None:
    pipeline = load_text(SPEC.replace("SHOWN", shown), tmp_path / "lab.yaml")
    workspace = Storage(str(tmp_path / "work"))
    for size in ("1", "2"):
        workspace.put(f"segment/{size}/P1/A01.png", b"x")
    hook = cast("Any", SimpleNamespace(storage=Storage))
    run = GateRun(hook, pipeline, "check", RunContext({}, str(tmp_path), str(tmp_path / "work"), "run-1"))
    assert {file.key for file in run.files} == {f"segment/{size}/P1/A01.png" for size in sizes}
