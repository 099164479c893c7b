"""Which trace containers get, that each number is sent once, and what a worker without a collector does."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from tests.embedded import wait_for
from tests.otlp_receiver import receiver

from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.records.step_state import StateFile
from platerunner.engine.steps import telemetry
from platerunner.engine.steps.stay import end_left_behind
from platerunner.engine.steps.step_run import StepRun
from platerunner_unit.contract.telemetry.run_trace import RunTrace

TRACE, TASK = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SILENT = """
import sys
import platerunner.engine.runs.direct, platerunner.operators.batch_module
from platerunner.engine.telemetry import Point, is_on, send
from platerunner_unit.contract.telemetry import signals
before = {name for name in sys.modules if name.startswith("opentelemetry.sdk") or "otlp" in name}
send([Point(signals.RUN_DURATION, 1)])
after = {name for name in sys.modules if name.startswith("opentelemetry.sdk") or name.startswith("opentelemetry.exp")}
print(is_on(), sorted(after - before))
"""


@pytest.mark.slow
def test_units_are_told_of_airflows_trace_where_it_keeps_one(lab):
    carrier = {"traceparent": f"00-{TRACE}-{TASK}-00", "tracestate": "airflow/task_span_detail_level=2"}
    trace = RunTrace.carried(carrier)
    told = seen(lab, trace)
    assert told == [f"00-{TRACE}-{trace.submission(1)}-00", carrier["tracestate"]]
    assert not trace.sampled


@pytest.mark.slow
def test_units_are_told_of_the_runs_own_trace_else(lab):
    own = RunTrace.of(str(lab.folder / "workspace"), "lab", "run-1", "work")
    assert RunTrace.carried({}) is None
    assert seen(lab, None) == [f"00-{own.trace}-{own.submission(1)}-01"]
    assert own.trace == RunTrace.of(str(lab.folder / "workspace"), "lab", "run-1", "other").trace
    assert own.trace != RunTrace.of(str(lab.folder / "workspace"), "lab", "run-2", "work").trace


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["none", "collector is away", "killed before it told", "killed before it saved"])
def test_numbers_are_those_of_the_ledger_whoever_dies(lab, monkeypatch, trouble):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")  # seconds
    lab.write(A01='echo > "$1"', A02="exit 3")
    with receiver("http/protobuf") as (here, received), receiver("http/protobuf", "refuse") as (nowhere, _):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere if trouble == "collector is away" else here)
        lab.run().start()
        wait_for(lambda: not lab.run().waiting_for())
        with monkeypatch.context() as dying:
            if trouble == "killed before it told":
                dying.setattr(telemetry, "send", killed)
            if trouble == "killed before it saved":
                dying.setattr(StateFile, "save", killed)
            try:
                lab.run().collect()
            except KeyboardInterrupt:
                assert trouble.startswith("killed")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", here)
        result, failed = lab.collect()
        run = lab.run()
        telemetry.tell_end(run.scope, run.trace, result, red=bool(failed))
    told = received.metrics()
    rows = list(workspace_ledger(run.scope.workspace).rows())
    counts = Counter(row["verdict"] for row in rows)
    assert counts == {"succeeded": 1, "tool_error": 1} == Counter(digest_of(result, failed))
    found = told["platerunner.step.attempts"]
    assert sorted((of["platerunner.verdict"], value) for of, value in found) == sorted(counts.items())
    spent = sum(value for _, value in told["platerunner.step.cost"])
    assert spent == pytest.approx(sum(row["usd"] for row in rows)) != 0
    assert lab.state().untold == ()


def test_the_next_run_tells_what_a_dead_one_kept(lab, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")  # seconds
    lab.write(A01='echo > "$1"')
    with receiver("http/protobuf") as (here, received), receiver("http/protobuf", "refuse") as (nowhere, _):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", nowhere)
        lab.to_the_end("run-1")
        assert lab.state("run-1").untold
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", here)
        following = lab.run("run-2")
        following.turns.is_over = lambda _owner: True
        end_left_behind(following)
    assert [value for _, value in received.metrics()["platerunner.step.attempts"]] == [1]
    assert lab.state("run-1").untold == ()


def killed(*_arguments, **_named):
    raise KeyboardInterrupt


def digest_of(result, failed):
    """The category of each unit, as the digest has it."""
    return ["succeeded"] * result.succeeded + [str(failure.category) for failure in failed]


def seen(lab, trace):
    """What a unit's tool finds in its environment."""
    file = lab.folder / "seen"
    lab.write(A01=f'echo "$TRACEPARENT $TRACESTATE" > {file}; echo > "$1"\n')
    run = lab.run()
    StepRun(run.scope.hook, run.scope.pipeline, "work", run.scope.context, trace).start()
    lab.collect()
    return file.read_text().split()


@pytest.mark.slow
def test_without_an_endpoint_a_worker_imports_nothing_to_tell_with():
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ran = subprocess.run([sys.executable, "-c", SILENT], env=environ, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "False []"
