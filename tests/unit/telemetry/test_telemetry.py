"""What a real OTLP receiver gets of a unit, and what a bad one costs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from tests.embedded import TIMEOUT_S
from tests.otlp_receiver import attributes, receiver
from tests.unit.telemetry.conftest import DIGEST, PARENT_ID, TRACE_ID, outcome

from platerunner_unit import __version__
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.telemetry import Telemetry
from platerunner_unit.telemetry.buffer import Result
from platerunner_unit.telemetry.measures import points

PROTOCOLS = ("grpc", "http/protobuf")
LIMIT_S = 120.0  # for tests that wait for a receiver on a busy machine; the bound itself has tests of its own
TIMING = b"Sat Nov 21 09:37:26 2026: Image # 3, module Smooth # 2: CPU_time = 0.61 secs, Wall_time = 0.40 secs\n"

Environ = Callable[..., dict[str, str]]
Begin = Callable[[dict[str, str]], Telemetry]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_line_span_and_metric_arrives(
    protocol: str, otel_environ: Environ, begin: Begin, said: list[str]
) -> None:
    with receiver(protocol) as (endpoint, received):
        told = begin(otel_environ(endpoint, protocol, TRACEPARENT=f"00-{TRACE_ID}-{PARENT_ID}-01"))
        began = time.time_ns()
        told.span("stage-in", began - 10**9, began, {"platerunner.files": 2})
        for chunk in (b"first\nsec", b"ond\n", TIMING, b"h\xc3", b"\xa4lf \xff\nno newline"):
            told.lines(chunk)
        told.span("tool", began, time.time_ns(), error="exit code 1")
        told.verdict(outcome("tool_error", "the tool failed on image set 3"))
        told.close(LIMIT_S)

    assert said == []
    timing = TIMING.decode().rstrip()
    assert received.bodies() == ["first", "second", timing, "hälf \N{REPLACEMENT CHARACTER}", "no newline"]
    times = [record.time_unix_nano for record in received.logs()]
    assert times == sorted(set(times))

    spans = {name: found[0] for name, found in received.spans().items()}
    assert set(spans) == {"unit measure", "stage-in", "tool", "module Smooth"}
    root = spans.pop("unit measure")
    assert (root.trace_id.hex(), root.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    assert {span.parent_span_id for span in spans.values()} == {root.span_id}
    assert {record.span_id for record in received.logs()} == {root.span_id}
    assert root.start_time_unix_nano <= began <= root.end_time_unix_nano
    assert root.status.message == "the tool failed on image set 3"
    assert attributes(root.attributes)["platerunner.verdict"] == "tool_error"
    assert attributes(root.attributes)["platerunner.image_sets.asked"] == 3
    assert (spans["tool"].status.message, spans["stage-in"].status.message) == ("exit code 1", "")
    module = spans["module Smooth"]
    assert module.end_time_unix_nano - module.start_time_unix_nano == 400_000_000
    assert attributes(module.attributes)["platerunner.image_set"] == 3

    metrics = received.metrics()
    assert metrics["platerunner.unit.duration"] == [({"platerunner.result": "failed"}, 12.5)]
    assert metrics["platerunner.unit.verdicts"] == [({"platerunner.verdict": "tool_error"}, 1)]
    assert metrics["platerunner.unit.memory.peak"] == [({}, 123456789)]
    assert [value for _, value in metrics["platerunner.unit.io"]] == [1500, 777]
    assert [value for _, value in metrics["platerunner.unit.image_sets"]] == [3, 2, 1]
    assert metrics["platerunner.telemetry.dropped"] == [({}, 0)]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_all_signals_say_whose_they_are(protocol: str, otel_environ: Environ, begin: Begin) -> None:
    with receiver(protocol) as (endpoint, received):
        told = begin(otel_environ(endpoint, protocol, AWS_REGION="eu-central-1"))
        told.lines(b"x\n")
        told.verdict(outcome())
        told.close(LIMIT_S)
    assert len(received.resources()) == 3
    expected = {
        "platerunner.pipeline": "demo",
        "platerunner.run_id": "manual__2026-11-21",
        "platerunner.step": "measure",
        "platerunner.unit": "plate=P1/well=A01",
        "platerunner.plate": "P1",
        "platerunner.well": "A01",
        "platerunner.attempt": 2,
        "platerunner.job_id": "job-1:7",
        "service.name": "platerunner-unit",
        "service.version": __version__,
        "container.image.name": "registry.example:5000/cellprofiler",
        "container.image.tags": ["4.2.8"],
        "container.image.repo_digests": [f"registry.example:5000/cellprofiler@{DIGEST}"],
        "oci.manifest.digest": DIGEST,
        "cloud.region": "eu-central-1",
    }
    logs, spans, metrics = received.resources()
    for resource in (logs, spans):
        assert {name: resource.get(name) for name in expected} == expected
        assert resource["host.name"]
    assert {name for name in metrics if not name.startswith("telemetry.sdk.")} == {
        "service.name", "service.namespace", *signals.RESOURCE,
    }  # fmt: skip


def test_metrics_are_deltas_whose_exemplars_lead_to_the_unit(otel_environ: Environ, begin: Begin) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        environ = otel_environ(endpoint, TRACEPARENT=f"00-{TRACE_ID}-{PARENT_ID}-01")
        told = begin(otel_environ(endpoint, OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE="cumulative") | environ)
        told.verdict(outcome())
        told.close(LIMIT_S)
    (root,) = received.spans()["unit measure"]
    for metric in received.metric_protos():
        kind = metric.WhichOneof("data")
        assert getattr(metric, kind).aggregation_temporality == 1, metric.name
        points = getattr(metric, kind).data_points
        assert {(e.trace_id.hex(), e.span_id) for point in points for e in point.exemplars} == {
            (TRACE_ID, root.span_id)
        }, metric.name


@pytest.mark.parametrize(("ahead_s", "name"), [(-60, signals.QUEUED), (3600, signals.SKEWED)])
def test_the_time_in_the_queue_is_told_unless_clocks_contradict_each_other(
    ahead_s: float, name: signals.Metric
) -> None:
    began = datetime.fromisoformat(outcome().timing["started"]).timestamp()
    told = {metric: value for metric, value, _ in points(Result(outcome(), 0, 0, began + ahead_s), 0)}
    assert told.get(name) == (60 if ahead_s < 0 else 1)
    assert {signals.QUEUED.name, signals.SKEWED.name} & {metric.name for metric in told} == {name.name}


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_burst_of_100_000_lines_loses_none(
    protocol: str, otel_environ: Environ, begin: Begin, said: list[str]
) -> None:
    lines = [f"line {number:06d} " + "x" * 100 for number in range(100_000)]
    data = "".join(f"{line}\n" for line in lines).encode()
    with receiver(protocol) as (endpoint, received):
        told = begin(otel_environ(endpoint, protocol))
        began = time.thread_time()
        for start in range(0, len(data), 65536):
            told.lines(data[start : start + 65536])
        took = time.thread_time() - began
        told.close(LIMIT_S)
    assert said == []
    assert received.bodies() == lines
    assert took < 2, "the pump computes too much"


BAD = [  # what the unit speaks, what the collector speaks, what it does with it, and the scheme of its address
    *((protocol, protocol, kind, "http") for protocol in PROTOCOLS for kind in ("refuse", "hang", "unavailable")),
    ("http/protobuf", "http/protobuf", "throttled", "http"),
    ("http/protobuf", "grpc", "ok", "http"),
    ("grpc", "http/protobuf", "ok", "http"),
    *((protocol, protocol, "ok", "https") for protocol in PROTOCOLS),  # it does not speak TLS
]


@pytest.mark.parametrize(("protocol", "spoken", "kind", "scheme"), BAD)
def test_a_bad_collector_costs_no_more_than_the_limit(
    protocol: str, spoken: str, kind: str, scheme: str, otel_environ: Environ, begin: Begin, said: list[str]
) -> None:
    with receiver(spoken, kind) as (address, _):
        endpoint = address.replace("http", scheme, 1)
        told = begin(otel_environ(endpoint, protocol))
        began, computed = time.monotonic(), time.thread_time()
        for number in range(1000):
            told.lines(b"line %d\n" % number)
        told.span("tool", time.time_ns(), time.time_ns())
        told.verdict(outcome())
        computed = time.thread_time() - computed
        told.close(1.0)
        took = time.monotonic() - began
    assert computed < 0.5
    assert took < 30, "it waited for a collector that does not answer"
    assert len(said) == 1
    assert said[0].startswith(f"telemetry: 1,000 lines, 1 spans, the verdict not delivered to {endpoint} (")


ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys, os, time
from tests.unit.telemetry.conftest import STEP, UNIT, outcome
from platerunner_unit import telemetry
told = telemetry.start(STEP, UNIT, attempt=1, job_id=None, environ=os.environ)
began = time.monotonic()
told.begin(); told.lines(b"a\\nb\\n"); told.span("tool", 1, 2); told.verdict(outcome()); told.close()
print(type(told).__name__, "opentelemetry" in sys.modules, time.monotonic() - began)
"""


def run_script(script: str = SCRIPT, **environ: str) -> tuple[str, str, float]:
    """Its stdout, its stderr, and the seconds that it took."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**clean, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'containers' / 'unit'}", **environ},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip(), ran.stderr, time.monotonic() - began


@pytest.mark.parametrize("environ", [{}, {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}])
def test_without_an_endpoint_opentelemetry_is_not_even_imported(environ: dict[str, str]) -> None:
    stdout, stderr, _ = run_script(**environ)
    assert stdout.startswith("Telemetry False ")
    assert stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_process_whose_collector_hangs_ends(protocol: str) -> None:
    with receiver(protocol, "hang") as (endpoint, received):
        stdout, stderr, took = run_script(OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
        assert received.asked > 0
    assert stdout.startswith("ExportingTelemetry True ")
    assert "2 lines, 1 spans, the verdict not delivered" in stderr
    assert len(stderr.splitlines()) == 1
    assert took < 60  # five seconds, and two interpreters that start on a busy machine


def test_an_endpoint_without_the_extra_is_one_warning(tmp_path: Path) -> None:
    # The interpreter finds a package without the SDK first, as where another library brought the API alone.
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{SCRIPT}"
    stdout, stderr, _ = run_script(script, OTEL_EXPORTER_OTLP_ENDPOINT="http://c:1")
    assert stdout.startswith("Telemetry ")
    assert stderr == (
        "platerunner: telemetry is off: there is an OTLP endpoint, but no opentelemetry.sdk, "
        "opentelemetry.exporter.otlp.proto.http; install platerunner-unit[otel]\n"
    )


def test_an_unsampled_trace_is_not_reported_as_lost(otel_environ: Environ, begin: Begin, said: list[str]) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        told = begin(otel_environ(endpoint, TRACEPARENT=f"00-{TRACE_ID}-{PARENT_ID}-00"))
        told.lines(b"x\n")
        told.span("tool", 1, 2)
        told.verdict(outcome())
        told.close(LIMIT_S)
    assert said == []
    assert received.spans() == {}
    assert received.bodies() == ["x"]
    assert received.metrics()


def test_only_the_signals_that_have_an_endpoint_go_out(
    monkeypatch: pytest.MonkeyPatch, begin: Begin, said: list[str]
) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{endpoint}/v1/traces")
        told = begin(dict(os.environ))
        told.lines(b"x\n")
        told.verdict(outcome())
        told.close(LIMIT_S)
    assert said == []
    assert list(received.spans()) == ["unit measure"]
    assert (received.bodies(), received.metrics()) == ([], {})


def test_headers_and_compression_come_from_the_environment(otel_environ: Environ, begin: Begin) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        told = begin(
            otel_environ(endpoint, OTEL_EXPORTER_OTLP_HEADERS="x-team=imaging", OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
        )
        told.lines(b"x\n")
        told.close(LIMIT_S)
    assert received.bodies() == ["x"]
    assert {headers["x-team"] for headers in received.headers} == {"imaging"}
    assert {headers["content-encoding"] for headers in received.headers} == {"gzip"}


def test_resource_attributes_of_the_environment_are_added(otel_environ: Environ, begin: Begin) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        told = begin(otel_environ(endpoint, OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=prod"))
        told.lines(b"x\n")
        told.close(LIMIT_S)
    assert received.resources()[0]["deployment.environment.name"] == "prod"


def test_lines_reach_the_collector_while_the_tool_runs(otel_environ: Environ, begin: Begin) -> None:
    with receiver("http/protobuf") as (endpoint, received):
        told = begin(otel_environ(endpoint))
        told.lines(b"early\n")
        deadline = time.monotonic() + LIMIT_S
        while not received.bodies() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert received.bodies() == ["early"]
        told.close(LIMIT_S)
