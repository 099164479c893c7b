"""The whole runner with a collector: it gets everything, and a bad one changes nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.otlp_receiver import receiver
from tests.unit.bench import Bench, Ran, data_file, folder_bench

PROTOCOLS = ("grpc", "http/protobuf")
LINES = 5_000
BOUND_S = 5.0
# The pause is what every real tool has, and what a busy machine needs to import OpenTelemetry.
NOISY = ("sh", "-c", f'seq {LINES}; sleep 2; echo last words >&2; cat "$1" >"$2"', "sh", "{inputs.i}", "{outputs.o}")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path)


def run(bench: Bench, argv: tuple[str, ...] = NOISY) -> Ran:
    return bench.run(bench.step(argv), bench.unit(["a.txt"], [data_file(bench, "P1/A01.txt")]))


def listen(bench: Bench, endpoint: str, protocol: str) -> None:
    bench.environ.update(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_collector_gets_the_unit_whole(bench: Bench, protocol: str) -> None:
    bench.environ["AWS_BATCH_JOB_ID"] = "job-1"
    with receiver(protocol) as (endpoint, received):
        listen(bench, endpoint, protocol)
        ran = run(bench)
    assert (ran.code, ran.stderr) == (0, "")
    assert received.bodies() == [*map(str, range(1, LINES + 1)), "last words"]
    assert set(received.spans()) == {"unit s", "stage-in", "tool", "stage-out", "verdict"}
    assert received.metrics()["platerunner.unit.verdicts"] == [({"platerunner.verdict": "succeeded"}, 1)]
    jobs = {resource.get("platerunner.job_id") for resource in received.resources()}
    assert jobs == {"job-1", None}, "not on metrics"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("protocol", "kind"),
    [("http/protobuf", "refuse"), ("grpc", "hang"), ("http/protobuf", "hang"), ("grpc", "unavailable")],
)
def test_a_bad_collector_changes_neither_verdict_nor_outputs(bench: Bench, protocol: str, kind: str) -> None:
    with receiver(protocol, kind) as (endpoint, _):
        listen(bench, endpoint, protocol)
        began = time.monotonic()
        ran = run(bench)
        took = time.monotonic() - began
    assert (ran.code, ran.category) == (0, "succeeded")
    assert bench.store.get("a.txt") == b"hello"
    assert ran.outcome is not None
    assert bench.log(ran.outcome) == ran.stdout
    assert ran.stdout.count(b"\n") == LINES + 2
    assert "the verdict not delivered to" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    tool_s = sum(ran.outcome.timing[phase] for phase in ("stage_in_s", "tool_s", "stage_out_s"))
    assert took - tool_s < BOUND_S + 30, "the bound, and what it takes to start and to judge on a busy machine"


def test_a_failed_tool_is_told_as_such(bench: Bench) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        listen(bench, endpoint, "http/protobuf")
        ran = run(bench, ("sh", "-c", "exit 3"))
    assert ran.category == "tool_error"
    (root,) = received.spans()["unit s"]
    assert root.status.message == ran.sentence


def test_a_missing_input_has_a_stage_in_that_failed(bench: Bench) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        listen(bench, endpoint, "http/protobuf")
        file = data_file(bench, "P1/A01.txt")
        Path(bench.data, "P1/A01.txt").unlink()
        ran = bench.run(bench.step(NOISY), bench.unit(["a.txt"], [file]))
    assert ran.category == "input_missing"
    assert set(received.spans()) == {"unit s", "stage-in", "verdict"}
    assert received.metrics()["platerunner.unit.verdicts"] == [({"platerunner.verdict": "input_missing"}, 1)]
    assert "platerunner.unit.memory.peak" not in received.metrics()
