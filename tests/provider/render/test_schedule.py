from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk import Asset, PartitionedAssetTimetable
from airflow.sdk.definitions.asset import AssetAll, AssetNameRef, AssetUriRef
from airflow.sdk.definitions.timetables.simple import NullTimetable
from airflow.serialization.serialized_objects import DagSerialization

from platerunner.notifications import sending
from platerunner.notifications.events import SpecNotifier
from platerunner.render import build_dag, schedule
from platerunner.render.launching import launching_dags
from platerunner.spec.loader import load_text
from platerunner.spec.problems import SpecError
from platerunner.triggers.uploads import UploadsTrigger

SPEC = """
version: 1
pipeline: cells
{header}
workspace: "{{{{ workspace_root }}}}"
dataset: {{root: "{{{{ data_root }}}}", files: {{raw: "{{plate}}/{{well}}_{{channel}}.tif"}}}}
steps:
  illum:
    module: imaging.illum-calc
    foreach: [plate]
    inputs: {{images: dataset.raw}}
    outputs: {{illum: "illum/{{plate}}_{{channel}}.npy"}}
    assets: [features, "s3://lab/features"]
  check:
    gate: Good?
    needs: [illum]
    assets: [approved]
"""


def dag_of(header: str, default_args=None):
    dag = build_dag(load_text(SPEC.format(header=header), Path("cells.yaml")), default_args)
    DagSerialization.to_dict(dag)
    return dag


def test_an_upload_is_an_asset_with_a_watcher():
    dag = dag_of('schedule: {on_upload: "s3://lab-images/new/", quiet: 5 min}')
    assert dag.max_active_runs == 1  # one run takes all that is new
    (asset,) = dag.timetable.asset_condition.objects
    (watcher,) = asset.watchers
    assert watcher.trigger.serialize() == UploadsTrigger("platerunner", "s3://lab-images/new/", 300, 21600).serialize()
    assert asset.extra == {"prefix": "s3://lab-images/new/"}


def test_uploads_with_values_start_runs_by_a_dag_of_their_own():
    params = "params: {plate: {type: string, required: true}}"
    spec = load_text(
        SPEC.format(header=f'{params}\nschedule: {{on_upload: "s3://lab-in/{{plate}}/"}}'), Path("cells.yaml")
    )
    started = build_dag(spec)
    assert (type(started.timetable), started.max_active_runs) == (NullTimetable, 8)
    (dag,) = launching_dags(spec)
    DagSerialization.to_dict(dag)
    (asset,) = dag.timetable.asset_condition.objects
    trigger = UploadsTrigger("platerunner", "s3://lab-in/", 600, 21600, "{plate}/**")
    assert asset.watchers[0].trigger.serialize() == trigger.serialize()
    assert (dag.dag_id, dag.task_dict["start"].pipeline) == ("cells.launches", "cells")


def test_a_spec_says_how_many_runs_that_files_start_go_on_at_once():
    dag = dag_of('schedule: {on_config: "s3://lab-launches/", at_once: 3}')
    assert dag.max_active_runs == 3


def test_a_bucket_alone_is_not_the_beginning_of_another_buckets_name():
    dag = dag_of("schedule: {on_upload: 's3://lab-images'}")
    (asset,) = dag.timetable.asset_condition.objects
    assert asset.extra == {"prefix": "s3://lab-images/"}


def test_assets_are_waited_for_by_name_or_uri_and_all_of_them():
    condition = dag_of("schedule: {asset: [platemaps, 's3://lab/maps']}").timetable.asset_condition
    assert isinstance(condition, AssetAll)
    assert list(condition.objects) == [AssetNameRef("platemaps"), AssetUriRef("s3://lab/maps")]


def test_steps_and_gates_update_assets():
    dag = dag_of("schedule: null")
    assert dag.task_dict["illum"].outlets == [Asset(name="features", group="platerunner"), Asset("s3://lab/features")]
    assert [asset.name for asset in dag.task_dict["check"].outlets] == ["approved"]


KEYED = SPEC.replace('assets: [features, "s3://lab/features"]', "assets: [{{asset: features, by: plate}}]")


def test_each_key_of_assets_starts_a_run_by_a_dag_of_its_own():
    header = "params: {plate: {type: string, required: true}}\nschedule: {asset: [maps, 's3://lab/maps'], by: plate}"
    spec = load_text(SPEC.format(header=header), Path("cells.yaml"))
    started = build_dag(spec)
    assert (type(started.timetable), started.max_active_runs) == (NullTimetable, 8)
    (dag,) = launching_dags(spec)
    DagSerialization.to_dict(dag)
    assert isinstance(dag.timetable, PartitionedAssetTimetable)
    assert list(dag.timetable.asset_condition.objects) == [AssetNameRef("maps"), AssetUriRef("s3://lab/maps")]
    assert (dag.dag_id, dag.task_dict["start"].pipeline, dag.task_dict["start"].param) == (
        "cells.launches", "cells", "plate",
    )  # fmt: skip


def test_a_spec_with_keys_is_refused_at_its_line_by_an_airflow_that_takes_none(monkeypatch, tmp_path):
    path = tmp_path / "cells.yaml"
    path.write_text(KEYED.format(header="schedule: null"))
    spec = load_text(path.read_text(), path)
    monkeypatch.setattr(schedule, "can_have_keys", lambda: True)
    assert build_dag(spec).task_dict["illum"].outlets == [Asset(name="features", group="platerunner")]
    monkeypatch.setattr(schedule, "can_have_keys", lambda: False)
    with pytest.raises(SpecError) as caught:
        build_dag(spec)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (13, 14)
    assert "takes no keys of a task's asset events" in problem.message
    assert "Airflow 3.3 or newer" in problem.remedy


def test_who_is_told_joins_who_the_dag_file_tells():
    def notify(context):
        """Stands for a notifier."""

    dag = dag_of("notify: {on_failure: [{email: [a@b.example]}]}", {"on_failure_callback": notify})
    for task in dag.tasks:
        first, second = task.on_failure_callback
        assert first is notify
        assert isinstance(second, SpecNotifier)
        assert not task.on_retry_callback


def test_gates_runs_and_deadlines_have_their_own():
    header = "deadline: 12 h\nnotify: {on_gate: &who [{email: [a@b.example]}], on_success: *who, on_deadline: *who}"
    dag = dag_of(header)
    assert [told.args[0].event for told in dag.task_dict["check"].notifiers] == ["on_gate"]
    (told,) = dag.on_success_callback
    assert told.event == "on_success"
    (deadline,) = dag.deadline
    assert deadline.interval == timedelta(hours=12)
    assert deadline.callback.path == "platerunner.notifications.events.tell_deadline"
    assert deadline.callback.kwargs["messages"] == [["email", {"to": ["a@b.example"]}]]


def test_what_this_airflow_cannot_send_is_an_error_at_its_line(monkeypatch, tmp_path):
    monkeypatch.setitem(sending._PACKAGES, "slack", "apache-airflow-providers-not-there")
    (tmp_path / "_lab.yaml").write_text('owner: lab\nnotify:\n  on_failure: [{slack: {channel: "#imaging"}}]\n')
    spec = load_text(SPEC.format(header="include: [_lab.yaml]"), tmp_path / "cells.yaml")
    with pytest.raises(SpecError) as caught:
        build_dag(spec)
    (problem,) = caught.value.problems
    assert (problem.path.name, problem.line, problem.column) == ("_lab.yaml", 3, 17)
    assert "cannot send by `slack`: `apache-airflow-providers-not-there` is not installed" in problem.message
    assert "requirements.txt" in problem.remedy
    assert "^" in str(problem)


def test_the_owner_is_the_dags(tmp_path):
    assert dag_of("owner: imaging-platform").owner == "imaging-platform"
