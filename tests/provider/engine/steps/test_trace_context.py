"""The trace of the DAG run reaches the containers."""

from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.trace_context import trace_variables

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"


def test_what_airflow_decided_is_kept_where_it_traces():
    carrier = {"traceparent": f"{PARENT}-00", "tracestate": "airflow/task_span_detail_level=2"}
    assert trace_variables(carrier, tracing=True) == {
        "TRACEPARENT": f"{PARENT}-00",
        "TRACESTATE": "airflow/task_span_detail_level=2",
    }


def test_units_share_the_runs_trace_where_airflow_does_not_trace():
    assert trace_variables({"traceparent": f"{PARENT}-00"}, tracing=False) == {"TRACEPARENT": f"{PARENT}-01"}
    assert trace_variables({}, tracing=False) == {}


def test_the_container_sees_it(lab):
    seen = lab.folder / "seen"
    lab.write(A01=f'echo "$TRACEPARENT" > {seen}; echo > "$1"\n')
    run = lab.run()
    StepRun(run.scope.hook, run.scope.pipeline, "work", run.scope.context, {"TRACEPARENT": f"{PARENT}-01"}).start()
    lab.collect()
    assert seen.read_text().strip() == f"{PARENT}-01"
