"""From files in a folder to runs, records and messages; and from a run's end back to its launch's record."""

import json
import logging
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowSkipException
from airflow.sdk.execution_time import task_runner
from tests.provider.operators.test_start_runs import Airflow

from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.records.launches import Launches, LaunchState
from platerunner.engine.steps.stay import StepStay
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.notifications import sending
from platerunner.operators.launch_end import LaunchTeller
from platerunner.operators.start_runs import StartLaunchedOperator
from platerunner.render import build_dag

OPTIONS = """retry: {attempts: 1}
schedule: {on_config: "s3://lab-launches/lab/"}
notify: {on_rejected: [{email: [lab@lab.example]}]}"""


@pytest.fixture
def launching(lab, monkeypatch):
    """The lab, whose runs are launched by files in a folder."""
    lab.options = OPTIONS
    lab.drop, lab.airflow = lab.folder / "drop", Airflow()
    lab.drop.mkdir()
    lab.pipeline = lab.run().scope.pipeline
    lab.launches = Launches(lab.run().scope.workspace)
    extra = {**json.loads(__import__("os").environ["AIRFLOW_CONN_PLATERUNNER"])["extra"]}
    extra |= {"data_root": str(lab.folder / "data"), "workspace_root": str(lab.folder / "workspace")}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    monkeypatch.setattr(PlaterunnerHook, "session", lab.aws.session)
    lab.told = []
    monkeypatch.setattr(
        sending, "_NOTIFIERS", {"email": lambda _, text: SimpleNamespace(notify=lambda _: lab.told.append(text))}
    )
    return lab


def look(lab, monkeypatch, airflow=None) -> list[str]:
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow or lab.airflow, raising=False)
    return StartLaunchedOperator(task_id="start", spec=lab.pipeline, prefix=str(lab.drop)).execute({})


def ask(lab, name: str, **more) -> None:
    (lab.drop / f"{name}.json").write_text(json.dumps({"launch": name, "pipeline": "lab", **more}))


def test_files_become_runs_and_a_second_look_starts_nothing(launching, monkeypatch):
    ask(launching, "a", only=["plate=P1"])
    ask(launching, "b", colour="red")
    assert look(launching, monkeypatch) == ["launch-a"]
    assert launching.airflow.runs == {"launch-a": {"only": ["plate=P1"]}}
    assert launching.launches.load("a").state is LaunchState.READY
    (text,) = launching.told
    assert text.subject == "lab: a launch was refused (InvalidLaunchError)"
    assert "line 1: unknown key `colour`" in text.body
    with pytest.raises(AirflowSkipException, match="no new file"):
        look(launching, monkeypatch)
    assert len(launching.airflow.runs) == len(launching.told) == 1


def test_what_airflow_refuses_is_told_and_tried_again_at_the_next_look(launching, monkeypatch):
    ask(launching, "a")
    with pytest.raises(AirflowException, match="1 of 1 runs of lab were not started: launch-a: API_SERVER_ERROR"):
        look(launching, monkeypatch, Airflow(refuses="launch-a"))
    found = launching.launches.load("a")
    assert (found.state, "API_SERVER_ERROR" in found.cause) == (LaunchState.RECEIVED, True)
    assert look(launching, monkeypatch) == ["launch-a"]
    assert launching.launches.load("a").cause == ""


def test_what_cannot_be_taken_holds_up_no_other(launching, monkeypatch):
    for name in "abc":
        ask(launching, name)
    workspace = launching.run().scope.workspace
    workspace.put("_platerunner/launches/b.json", b"{")
    with pytest.raises(AirflowException, match=r"1 of 3 runs of lab were not started: .*b\.json: .*cannot be read"):
        look(launching, monkeypatch)
    assert sorted(launching.airflow.runs) == ["launch-a", "launch-c"]
    workspace.delete("_platerunner/launches/b.json")
    assert look(launching, monkeypatch) == ["launch-b"]


@pytest.mark.slow
def test_a_run_tells_its_launch_how_far_it_is_and_why_it_failed(launching, monkeypatch):
    ask(launching, "a")
    look(launching, monkeypatch)
    launching.write(A01="echo ValueError: no such channel; exit 3\n")
    launching.to_the_end("launch-a")
    context = {"run_id": "launch-a", "params": {}, "dag_run": SimpleNamespace(conf={}), "logical_date": None}
    LaunchTeller(launching.pipeline, failed=True).notify(context)
    found = launching.launches.load("a")
    assert found.state is LaunchState.FAILED
    assert "work: 1 of 1 units failed (1 tool_error), such as plate=P1/well=A01: " in found.cause
    assert found.streams
    assert found.log_group == "/aws/batch/job"
    launching.write(A01='echo good > "$1"\n')
    launching.to_the_end("launch-a")
    LaunchTeller(launching.pipeline, failed=False).notify(context)
    assert launching.launches.load("a").state is LaunchState.COMPLETE


def test_a_run_that_ends_before_any_job_tells_its_launch_why(launching, monkeypatch):
    ask(launching, "a")
    look(launching, monkeypatch)
    launching.write(A01="exit 0\n")
    run = launching.run("launch-a")
    monkeypatch.setattr(run, "start", lambda: (_ for _ in ()).throw(PlanningError("there is no plate P9")))
    with pytest.raises(PlanningError):
        StepStay(run, logging.getLogger(), lambda _: {}).start()
    assert launching.launches.load("a").state is LaunchState.READY, "until Airflow says that it has failed"
    context = {"run_id": "launch-a", "params": {}, "dag_run": SimpleNamespace(conf={}), "logical_date": None}
    LaunchTeller(launching.pipeline, failed=True).notify(context)
    found = launching.launches.load("a")
    assert (found.state, found.cause) == (LaunchState.FAILED, "work: there is no plate P9")


def test_the_dag_calls_when_a_run_has_ended(launching):
    dag = build_dag(launching.pipeline)
    assert [teller.failed for teller in (dag.on_success_callback[0], dag.on_failure_callback[0])] == [False, True]
