"""When a plan proposes to put small units together, and that the line it prints can be taken over."""

import re

import pytest

from platerunner.engine.planning.units.batches import propose_batch
from platerunner.spec.loader import load_text

SPEC = """
version: 1
pipeline: lab
title: Wells
owner: tests
workspace: "{{{{ workspace_root }}}}/lab"
dataset: {{root: "{{{{ data_root }}}}", files: {{raw: "{{plate}}/{{well}}.tif"}}}}
steps:
  work:
    module: cellprofiler
    image: cellprofiler:4.2.8
    foreach: [plate, well]
    inputs: {{raw: dataset.raw}}
    with: {{pipeline: p.cppipe}}
    load_data: {{images: {{DNA: raw}}, metadata: [plate, well]}}
    outputs: {{made: "made/{{plate}}/{{well}}.csv"}}
    {more}
"""


def step(tmp_path, more=""):
    (tmp_path / "p.cppipe").write_text("CellProfiler Pipeline: http://www.cellprofiler.org\n")
    return load_text(SPEC.format(more=more), tmp_path / "lab.yaml").steps["work"]


def test_small_units_are_proposed_a_batch_whose_line_can_be_taken_over(tmp_path):
    told = propose_batch(step(tmp_path), "cellprofiler", 384, 9.0)
    assert "384 units of some 9 s run in a job each. `batch: 8` makes 48 jobs" in told
    [line] = re.findall("`(batch: [^`]+)`", told)
    assert step(tmp_path, line).batch.size == 8
    assert propose_batch(step(tmp_path, line), "cellprofiler", 384, 9.0) == ""


@pytest.mark.parametrize(
    ("tool", "units", "seconds"),
    [("command", 384, 9.0), ("cellprofiler", 8, 9.0), ("cellprofiler", 384, 61.0), ("cellprofiler", 384, None)],
)
def test_where_little_would_be_saved_nothing_is_proposed(tmp_path, tool, units, seconds):
    assert propose_batch(step(tmp_path), tool, units, seconds) == ""
