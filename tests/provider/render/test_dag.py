from pathlib import Path

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from platerunner.operators.batch_module import BatchModuleOperator
from platerunner.render import build_dag
from platerunner.sensors.qc_approval import QCApprovalSensor
from platerunner.spec.loader import load_pipeline, load_text

SPECS = Path(__file__).parents[3] / "dag_specs"


@pytest.fixture(scope="module")
def demo():
    return build_dag(load_pipeline(SPECS / "demo.yaml"))


def test_a_task_per_step_and_a_gate_after_its_report(demo):
    kinds = {task.task_id: type(task) for task in demo.tasks}
    assert kinds.pop("check") is QCApprovalSensor
    assert kinds == dict.fromkeys(
        ["illum_calc", "illum_apply", "measure", "check_report", "report"], BatchModuleOperator
    )
    assert demo.task_dict["check"].upstream_task_ids == {"check_report"}
    assert demo.task_dict["check"].downstream_task_ids == {"report"}


def test_edges_follow_inputs_and_needs(demo):
    assert demo.task_dict["illum_apply"].upstream_task_ids == {"illum_calc"}
    assert demo.task_dict["check_report"].upstream_task_ids == {"illum_apply", "illum_calc", "measure"}
    assert demo.task_dict["report"].upstream_task_ids == {"check", "measure"}


def test_params_are_the_typed_trigger_form(demo):
    engine = demo.params.get_param("engine")
    assert engine.value == "imaging"
    assert engine.schema["enum"] == ["imaging", "cellprofiler"]
    assert "CellProfiler" in engine.description or "cellprofiler" in engine.description
    assert demo.params.get_param("wells").schema == {"type": "array", "items": {"type": "string"}}


def test_every_dag_takes_what_one_run_may_ask_for(demo):
    names = list(demo.params)
    assert names == ["engine", "wells", "only", "rerun", "accept_failed", "resources", "dry_run"]
    assert {demo.params.get_param(name).schema["section"] for name in names[2:]} == {"This run"}
    assert [demo.params.get_param(name).value for name in names[2:]] == [[], [], [], None, False]


def test_a_param_that_does_not_fit_is_refused(demo):
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        demo.params.get_param("engine").resolve("magic")


def test_tasks_may_be_tried_again_and_runs_do_not_overlap(demo):
    assert {task.retries for task in demo.tasks} == {1}
    assert demo.max_active_runs == 1
    assert not demo.catchup
    assert {task.owner for task in demo.tasks} == {"imaging-platform"}
    assert demo.tags == {"platerunner", "demo"}


def test_a_dag_file_gives_every_task_its_notifiers_and_pool():
    def notify(context):
        """Stands for a notifier."""

    pipeline = load_pipeline(SPECS / "demo.yaml")
    dag = build_dag(pipeline, {"on_failure_callback": notify, "pool": "imaging", "owner": "somebody"})
    assert {task.pool for task in dag.tasks} == {"imaging"}
    assert all(list(task.on_failure_callback) == [notify] for task in dag.tasks)
    assert {task.retries for task in dag.tasks} == {1}
    assert {task.owner for task in dag.tasks} == {"imaging-platform"}, "the spec says whose it is"


def test_the_documentation_says_what_each_step_does(demo):
    assert "Illumination function per plate and channel" in demo.doc_md
    assert "| `illum_apply` | Corrected images | plate and well | `illum_calc` |" in demo.doc_md
    assert "`illum/{plate}/{plate}_Illum{channel}.npy`" in demo.task_dict["illum_calc"].doc_md


def test_it_survives_airflows_serialisation(demo):
    copy = DagSerialization.from_dict(DagSerialization.to_dict(demo))
    assert {task.task_id: task.downstream_task_ids for task in copy.tasks} == {
        task.task_id: task.downstream_task_ids for task in demo.tasks
    }
    links = copy.task_dict["illum_calc"].operator_extra_links
    assert {link.name for link in links} == {"Plate map", "Batch job", "Log stream", "Outputs"}


@pytest.mark.parametrize("path", sorted(SPECS.glob("[!_]*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_spec_becomes_a_dag(path):
    dag = build_dag(load_pipeline(path))
    dag.check_cycle()
    assert dag.dag_id == load_pipeline(path).name


SPLIT = """
version: 1
pipeline: plates
workspace: "{{ workspace_root }}"
split: SPLIT
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.tif"}}
defaults: {image: base:latest}
steps:
  before:
    module: command
    inputs: {raw: dataset.raw}
    with: {argv: [look, "{outputs.made}"]}
    outputs: {made: before.txt}
  copy:
    module: command
    foreach: [plate, well]
    inputs: {raw: dataset.raw, before: before.made}
    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{plate}/{well}.tif"}
  check: {gate: Good?, show: {made: copy.made}}
  own: {gate: Really?, needs: [check]}
  whole:
    module: command
    inputs: {made: copy.made}
    needs: [own]
    with: {argv: [join, "{outputs.whole}"]}
    outputs: {whole: whole.csv}
  last: {gate: All of it?, needs: [whole]}
"""


def split(tmp_path, by="plate"):
    return build_dag(load_text(SPLIT.replace("SPLIT", by), tmp_path / "plates.yaml"))


def test_a_split_becomes_a_task_group_mapped_over_what_a_task_finds(tmp_path):
    dag = split(tmp_path)
    [group] = [group for name, group in dag.task_group.get_task_group_dict().items() if name == "each-plate"]
    assert {task.task_id for task in group.iter_tasks()} == {"copy", "check_report", "check", "own"}
    assert {task.task_id for task in dag.tasks if task.map_index_template} == set(group.children)
    assert {task.task_id for task in group.get_roots()} == {"copy"}
    assert dag.task_dict["copy"].upstream_task_ids == {"split-by-plate", "before"}
    assert dag.task_dict["split-by-plate"].downstream_task_ids == {"copy"}, "no edge to each task of a branch"
    assert dag.task_dict["check"].upstream_task_ids == {"check_report"}
    assert dag.task_dict["split-by-plate"].upstream_task_ids == set(), "nothing holds back what finds the plates"
    assert "Each plate has a branch of its own for `copy`, `check_report`, `check`, `own`." in dag.doc_md
    dag.check_cycle()


def test_what_gathers_needs_every_branch_unless_some_may_fail(tmp_path):
    rules = {task.task_id: task.trigger_rule.value for task in split(tmp_path).tasks}
    assert rules.pop("whole") == "none_failed_min_one_success"
    assert set(rules.values()) == {"all_success"}
    some = split(tmp_path, "{by: plate, tolerate: 10%}")
    assert some.task_dict["whole"].trigger_rule.value == "all_done"
    assert some.task_dict["last"].trigger_rule.value == "all_success"


def test_a_split_survives_airflows_serialisation(tmp_path):
    dag = split(tmp_path)
    copy = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert {task.task_id: task.upstream_task_ids for task in copy.tasks} == {
        task.task_id: task.upstream_task_ids for task in dag.tasks
    }
    assert copy.task_dict["check"].get_closest_mapped_task_group().group_id == "each-plate"
    assert copy.task_dict["whole"].get_closest_mapped_task_group() is None


def test_a_budget_is_a_gate_before_whatever_submits_jobs(tmp_path):
    text = SPLIT.replace("SPLIT", "plate").replace(
        "version: 1\n", "version: 1\nbudget: {per_run: 5 USD, timeout: 2 d}\n"
    )
    dag = build_dag(load_text(text, tmp_path / "plates.yaml"))
    gate = dag.task_dict["within-budget"]
    assert isinstance(gate, QCApprovalSensor)
    assert gate.upstream_task_ids == set()
    assert gate.get_closest_mapped_task_group() is None
    first = {task.task_id for task in dag.tasks if not task.upstream_task_ids}
    assert first == {"within-budget", "split-by-plate"}, "what finds the plates submits nothing"
    submits = {task.task_id for task in dag.tasks} - first
    assert all("within-budget" in dag.task_dict[name].get_flat_relative_ids(upstream=True) for name in submits)


def test_a_file_system_is_made_before_all_else_and_deleted_after_all_whatever_happened():
    text = (SPECS / "demo.yaml").read_text()
    dag = build_dag(load_text(f'{text}\nstorage: {{kind: efs, data: "{{{{ data_root }}}}"}}\n', SPECS / "demo.yaml"))
    make, end = dag.task_dict["make-storage"], dag.task_dict["delete-storage"]
    assert (make.is_setup, end.is_teardown, end.trigger_rule.value) == (True, True, "all_done_setup_success")
    assert make.downstream_task_ids == {"illum_calc", "delete-storage"}
    assert end.upstream_task_ids == {"report", "make-storage"}
    assert not end.on_failure_fail_dagrun, "else a run whose steps failed would succeed"
    dag.check_cycle()


def test_a_file_system_is_made_once_somebody_has_approved_its_price():
    text = (SPECS / "demo.yaml").read_text()
    spec = f'{text}\nbudget: {{per_run: 5 USD}}\nstorage: {{kind: efs, data: "{{{{ data_root }}}}"}}\n'
    dag = build_dag(load_text(spec, SPECS / "demo.yaml"))
    make = dag.task_dict["make-storage"]
    assert make.upstream_task_ids == {"within-budget"}
    assert make.downstream_task_ids == {"illum_calc", "delete-storage"}
    assert [task.task_id for task in dag.tasks if not task.upstream_task_ids] == ["within-budget"]
    dag.check_cycle()
