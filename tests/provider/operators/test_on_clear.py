"""Who decides what becomes of a cleared task's jobs: the operator, else the connection."""

import json

import pytest
from airflow.sdk.exceptions import TaskDeferred

from platerunner.engine.steps.endings import AwaitJobs
from platerunner.operators.batch_module import BatchModuleOperator
from platerunner.operators.step_task import StepTask


@pytest.mark.slow
@pytest.mark.parametrize(
    ("argument", "extra", "policy"),
    [
        (None, {}, "terminate"),
        (None, {"on_clear": "adopt"}, "adopt"),
        ("terminate", {"on_clear": "adopt"}, "terminate"),
        ("adopt", {}, "adopt"),
    ],
)
def test_the_argument_goes_before_the_connection(aws, lab, monkeypatch, argument, extra, policy):
    connection = {"conn_type": "platerunner", "extra": {**aws.cloud.connection(), **extra}}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
    lab.write(A01="sleep 20")
    run = lab.run()
    run.start()
    operator = BatchModuleOperator(task_id="work", spec=run.scope.pipeline, step="work", on_clear=argument)
    operator._task = StepTask(operator, {})
    operator._task.run = run
    with pytest.raises(TaskDeferred) as parked:
        operator._task._park(AwaitJobs(tuple(run.waiting_for())))
    assert parked.value.trigger.on_clear == policy

    before = aws.cloud.calls["batch.terminatejob"]
    operator.on_kill()
    assert aws.cloud.calls["batch.terminatejob"] - before == (1 if policy == "terminate" else 0)
    run.jobs.stop("end of test")
