"""The environment variables of the OpenTelemetry specification, and what they add up to."""

from __future__ import annotations

import pytest

from platerunner_unit.contract.telemetry.otlp import SIGNALS, missing_packages, read_settings

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def read(**environ: str) -> tuple[object, list[str]]:
    said: list[str] = []
    return read_settings(environ, said.append), said


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {ENDPOINT: ""},
        {ENDPOINT: "http://c:4317", "OTEL_SDK_DISABLED": "TRUE"},
        {ENDPOINT: "http://c:4317", **{f"OTEL_{signal.upper()}_EXPORTER": "none" for signal in SIGNALS}},
    ],
)
def test_nothing_goes_out(environ: dict[str, str]) -> None:
    assert read(**environ) == (None, [])


@pytest.mark.parametrize(
    ("environ", "protocols"),
    [
        ({ENDPOINT: "http://c"}, dict.fromkeys(SIGNALS, "http/protobuf")),
        ({ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, dict.fromkeys(SIGNALS, "grpc")),
        (
            {ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc", "OTEL_METRICS_EXPORTER": "none"},
            {"traces": "http/protobuf", "logs": "grpc"},
        ),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c/v1/metrics"}, {"metrics": "http/protobuf"}),
    ],
)
def test_signals_and_protocols(environ: dict[str, str], protocols: dict[str, str]) -> None:
    settings = read_settings(environ, pytest.fail)
    assert settings is not None
    assert dict(settings.protocols) == protocols
    assert missing_packages(settings) == []


def test_a_protocol_that_is_not_supported_is_named_with_the_remedy() -> None:
    settings, said = read(**{ENDPOINT: "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"})
    assert settings is not None
    assert said[0] == (
        "OTEL_EXPORTER_OTLP_PROTOCOL='http/json' is not supported; http/protobuf is used (choose http/protobuf or grpc)"
    )


def test_the_dag_runs_context_is_kept() -> None:
    settings = read_settings({ENDPOINT: "http://c", "TRACEPARENT": "00-a-b-01", "TRACESTATE": "k=v"}, pytest.fail)
    assert settings is not None
    assert settings.traceparent == {"traceparent": "00-a-b-01", "tracestate": "k=v"}
