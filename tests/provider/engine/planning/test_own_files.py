"""A step's own scripts: what has changed runs again, and nothing else."""

import os
from pathlib import Path

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.prepare import ingredients_of
from platerunner.spec.loader import load_text

SPEC = """
version: 1
pipeline: tracks
workspace: "{{ workspace_root }}/tracks"
dataset: {root: "{{ data_root }}", files: {raw: "{well}.tif"}}
steps:
  track:
    module: command
    image: lab-python:1
    foreach: [well]
    inputs: {frames: dataset.raw}
    with: {argv: [python, track.py, "{inputs.frames}", "{outputs.tracks}"], files: [track.py, lib/cells.py]}
    outputs: {tracks: "{well}.csv"}
"""


def test_a_script_that_has_changed_runs_its_units_again_and_one_that_was_touched_does_not(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    for name in ("track.py", "lib/cells.py"):
        (tmp_path / name).write_text("pass\n")

    def ingredients() -> object:
        pipeline = load_text(SPEC, tmp_path / "tracks.yaml")
        context = RunContext({}, "data", "ws")
        return ingredients_of(pipeline, "track", load_catalog(), context, {})({"well": "A01"})

    before = ingredients()
    assert set(before["files"]["files"]) == {"track.py", "lib/cells.py"}  # type: ignore[index]
    os.utime(tmp_path / "track.py", (1, 1))
    assert ingredients() == before
    (tmp_path / "lib" / "cells.py").write_text("more\n")
    assert ingredients() != before
