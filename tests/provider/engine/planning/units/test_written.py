"""Parts that a unit left behind when it cut its work otherwise are nobody's, and those of its last success count."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.provider.engine.planning.lab import Lab

from platerunner.engine.periods import Retention
from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.retention.clearing import clear_workspace
from platerunner_unit.contract.outcome import OutputRecord

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}/lab"
params:
  size: {type: integer, default: 2}
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}_s{site:int}_{channel}.tif"}
defaults: {image: "base:1"}
steps:
  cut:
    module: command
    foreach: [plate]
    inputs: {raw: dataset.raw}
    with: {size: "{{ params.size }}", argv: [cut, "{params.size}"]}
    outputs: {part: {path: "parts/{plate}/{part:int}.txt", at_least: 1}}
  work:
    module: command
    foreach: [plate, part]
    inputs: {part: cut.part}
    with: {argv: [work, "{inputs.part}", "{outputs.made}"]}
    outputs: {made: "made/{plate}/{part}.txt"}
  gather:
    module: command
    foreach: [plate]
    inputs: {made: work.made}
    with: {argv: [gather, "{inputs.made}", "{outputs.all}"]}
    outputs: {all: "all/{plate}.txt"}
"""


class Cutting(Lab):
    """The step `cut` makes as many parts as fit the 8 files of a plate. As in a run, the last plan is what counts."""

    def run_step(self, name):
        ran = super().run_step(name)
        plan, foreach = self.plan_one(name), self.pipeline.steps[name].foreach
        tasks = plan.tasks(UnitState.DONE), plan.tasks(UnitState.WAITING)
        OutcomeStore(self.workspace).record_current(self.context().run_id, name, foreach, *tasks)
        return ran

    def _write(self, step, task):
        if step != "cut":
            return super()._write(step, task)
        size = self.params["size"]
        keys = [f"parts/P1/{number}.txt" for number in range(1, 8 // size + 1)]
        for key in keys:
            self.workspace.put(key, f"{key} of {size}".encode())
        return tuple(OutputRecord("part", key, 1, key) for key in keys)


@pytest.fixture
def lab(tmp_path):
    lab = Cutting(tmp_path, spec=SPEC, params={"size": 2})
    lab.shoot()
    return lab


def parts(lab):
    """What the step that gathers gets."""
    (unit,) = lab.plan_one("gather").units
    return [file.key for file in unit.task.inputs["made"]]


def test_fewer_parts_than_before(lab):
    assert len(lab.run()["work"]) == 4
    lab.params["size"] = 4
    assert lab.run() == {"cut": ["plate=P1"], "work": ["plate=P1/part=1", "plate=P1/part=2"], "gather": ["plate=P1"]}
    assert parts(lab) == ["made/P1/1.txt", "made/P1/2.txt"]
    assert lab.run() == {"cut": [], "work": [], "gather": []}
    assert len(lab.plan_all()["work"].units) == 2, "the plan before a run knows it, too"


def test_more_parts_and_fewer_again(lab):
    for size, number in ((4, 2), (1, 8), (4, 2)):
        lab.params["size"] = size
        lab.run()
        assert len(parts(lab)) == number


def test_what_an_attempt_that_failed_left_behind(lab):
    lab.workspace.put("parts/P1/9.txt", b"of an attempt whose last files could not be written")
    lab.fails = {("cut", "plate=P1")}
    lab.run()
    lab.fails = set()
    assert len(lab.run()["work"]) == 4


def test_outcomes_are_read_only_where_a_unit_ran_twice(lab, monkeypatch):
    lab.run()
    monkeypatch.setattr(OutcomeStore, "get", lambda *_: pytest.fail("read"))
    assert lab.run() == {"cut": [], "work": [], "gather": []}


def test_the_outcome_of_the_attempt_that_failed_may_be_gone(lab):
    lab.workspace.put("parts/P1/9.txt", b"of an attempt whose last files could not be written")
    lab.fails = {("cut", "plate=P1")}
    lab.run()
    lab.fails = set()
    lab.run()
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    cleared = clear_workspace(lab.workspace, Retention({"outcomes": timedelta(0)}), tomorrow, dry_run=False)
    assert cleared.counts == {"outcome": 1}
    assert lab.run() == {"cut": [], "work": [], "gather": []}
    assert len(parts(lab)) == 4


def test_a_plan_says_that_it_cannot_know_how_many_parts_there_will_be(lab):
    plans = lab.plan_all()
    assert plans["work"].notes == ("work: how many units there are is known once cut.part is written",)
    lab.run()
    assert lab.plan_all()["work"].notes == ()
