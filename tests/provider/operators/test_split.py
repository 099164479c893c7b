"""The task that finds the branches, and what looks whether enough of them came to their end."""

import json
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.context import RunContext
from platerunner.engine.records.branches import load_branches, save_branches
from platerunner.engine.steps.endings import FailedError, SkippedError
from platerunner.engine.steps.gathering import Ends, check_gathered
from platerunner.operators.split import SplitOperator
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

SPEC = """
version: 1
pipeline: lab
workspace: "{{{{ workspace_root }}}}"
split: {split}
params: {{merge: {{type: boolean, default: true}}}}
dataset:
  root: "{{{{ data_root }}}}"
  files: {{raw: "{{plate}}/{{well}}.tif"}}
  exclude: [{{plate: P3, because: dropped}}]
defaults: {{image: base:latest}}
steps:
  copy:
    module: command
    foreach: [plate, well]
    inputs: {{raw: dataset.raw}}
    {copy}
    with: {{argv: [cp, "{{inputs.raw}}", "{{outputs.made}}"]}}
    outputs: {{made: "made/{{plate}}/{{well}}.tif"}}
  table:
    module: command
    inputs: {{raw: dataset.raw}}
    when: "{{{{ params.merge }}}}"
    with: {{argv: [ls, "{{outputs.table}}"]}}
    outputs: {{table: "table.csv"}}
  whole:
    module: command
    inputs: {{made: copy.made, table: table.table}}
    with: {{argv: [join, "{{outputs.whole}}"]}}
    outputs: {{whole: "whole.csv"}}
"""
RUN = "run-1"


class Bench:
    def __init__(self, folder, split="plate", copy="tolerate: 0"):
        self.folder = folder
        self.pipeline = load_text(SPEC.format(split=split, copy=copy), folder / "lab.yaml")
        self.operator = SplitOperator(task_id="split-by-plate", spec=self.pipeline)
        self.params = {"merge": True, "only": [], "rerun": [], "resources": None, "dry_run": False}
        ids = {"dag_id": "lab", "task_id": "whole", "run_id": RUN, "map_index": -1}
        self.airflow = {"params": self.params, "run_id": RUN, "logical_date": None, "ti": SimpleNamespace(**ids)}
        self.workspace = Storage(str(folder / "ws"))

    def shoot(self, *plates):
        for plate in plates:
            (self.folder / "data" / plate).mkdir(parents=True)
            (self.folder / "data" / plate / "A01.tif").touch()

    def find(self):
        return self.operator.execute(self.airflow)

    def gather(self, **states):
        run = RunContext({"merge": self.params["merge"]}, "data", "ws", RUN)
        check_gathered(self.pipeline, "whole", run, self.workspace, lambda task: states.get(task, {-1: "success"}))


@pytest.fixture
def bench(tmp_path, monkeypatch):
    roots = {"data_root": str(tmp_path / "data"), "workspace_root": str(tmp_path / "ws")}
    extra = {"queues": {"spot": "spot"}, **roots}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    return Bench(tmp_path)


def test_plates_keep_their_places_in_a_run_and_new_ones_come_after_them(bench):
    bench.shoot("0512", "P2", "P3")
    assert bench.find() == ["0512", "P2"], "text as it is written, and nothing of a plate that is excluded"
    assert load_branches(bench.workspace, RUN) == (Branch("plate", "0512"), Branch("plate", "P2"))
    bench.shoot("P1")
    assert bench.find() == ["0512", "P2", "P1"], "Airflow knows a branch by its place alone"
    bench.airflow["run_id"] = "run-2"
    assert bench.find() == ["0512", "P1", "P2"]


def test_a_dry_run_leaves_nothing_behind(bench):
    bench.shoot("P1")
    bench.params["dry_run"] = True
    assert bench.find() == ["P1"]
    assert not (bench.folder / "ws").exists()


def test_nothing_to_run_skips_everything_and_nothing_there_fails(bench):
    with pytest.raises(AirflowFailException, match=r"the data root .* does not exist"):
        bench.find()
    bench.shoot("P3")
    with pytest.raises(AirflowSkipException, match="nothing to run: the spec's `exclude` leaves out every file"):
        bench.find()


def test_more_plates_than_airflow_maps_over_are_refused_in_one_sentence(bench, monkeypatch):
    bench.shoot(*(f"Q{n}" for n in range(4)))
    monkeypatch.setenv("AIRFLOW__CORE__MAX_MAP_LENGTH", "3")
    with pytest.raises(AirflowFailException, match=r"4 branches, one for each plate, are more than the 3 that Airflow"):
        bench.find()
    assert load_branches(bench.workspace, RUN) == ()


def test_it_waits_for_plates_as_long_as_the_steps_would(bench, tmp_path):
    waiting = Bench(tmp_path, copy="waiting_for: 1 h")
    (tmp_path / "data").mkdir()
    with pytest.raises(TaskDeferred) as parked:
        waiting.find()
    assert parked.value.method_name == "execute_arrived"
    waiting.shoot("P1")
    assert waiting.operator.execute_arrived(waiting.airflow, None) == ["P1"]


def test_what_gathers_goes_on_without_the_plates_that_may_fail(bench, tmp_path, caplog):
    some = Bench(tmp_path, split="{by: plate, tolerate: 1}")
    save_branches(some.workspace, RUN, [Branch("plate", name) for name in ("P1", "P2", "P3")])
    some.gather(copy={0: "success", 1: "failed", 2: "skipped"})
    assert "whole: 1 of 3 branches failed (P2), 1 may: it goes on without them" in caplog.text
    with pytest.raises(FailedError, match=r"whole: 2 of 3 branches failed \(P2, P3\), 1 may: clear what"):
        some.gather(copy={0: "success", 1: "failed", 2: "upstream_failed"})
    with pytest.raises(FailedError, match=r"1 of 1 branches failed \(P1\)"):
        some.gather(copy={0: "failed"})
    with pytest.raises(FailedError, match="whole needs table, which failed"):
        some.gather(copy={0: "success"}, table={-1: "failed"})
    with pytest.raises(SkippedError, match="no branch had anything to do"):
        some.gather(copy={-1: "skipped"})


def test_what_gathers_is_left_out_with_what_it_needs(bench):
    bench.gather()
    bench.params["merge"] = False
    with pytest.raises(SkippedError, match="whole: left out, since the `when` of table does not hold"):
        bench.gather()


def test_the_states_of_all_branches_are_one(bench):
    found = Ends.of({"copy": {0: "success", 1: "failed"}, "table": {-1: "success"}}, bench.pipeline)
    assert found == Ends(frozenset({0, 1}), frozenset({1}), (), worked=True)


def test_what_the_conf_of_a_run_names_is_a_param_or_the_run_is_refused(bench):
    bench.shoot("P1")
    bench.airflow["dag_run"] = SimpleNamespace(conf={"only": [], "merge": True, "openlineage": {"parentJobName": "a"}})
    assert bench.find() == ["P1"]
    bench.airflow["dag_run"] = SimpleNamespace(conf={"only": [], "merg": True})
    with pytest.raises(
        AirflowFailException, match=r"conf has `merg`, which is no param of lab\. Did you mean `merge`\?"
    ):
        bench.find()
    bench.airflow["dag_run"] = SimpleNamespace(conf={"dryrun": True})
    with pytest.raises(AirflowFailException, match=r"Did you mean `dry_run`\?"):
        bench.find()
    assert load_branches(bench.workspace, RUN) == (Branch("plate", "P1"),)
