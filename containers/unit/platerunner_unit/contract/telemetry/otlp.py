"""Which signals go out, and how, by the environment variables of the OpenTelemetry specification; for both sides.

https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ and .../specs/otel/protocol/exporter/
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Optional

PREFIX = "OTEL_EXPORTER_OTLP_"
"""Begins the names of the variables without which nothing is exported."""
SIGNALS = ("traces", "metrics", "logs")
HTTP, GRPC = "http/protobuf", "grpc"
_EXPORTERS = {
    "traces": ("trace_exporter", "OTLPSpanExporter"),
    "metrics": ("metric_exporter", "OTLPMetricExporter"),
    "logs": ("_log_exporter", "OTLPLogExporter"),
}
_PACKAGES = {HTTP: "opentelemetry.exporter.otlp.proto.http", GRPC: "opentelemetry.exporter.otlp.proto.grpc"}


@dataclass(frozen=True)
class ExportSettings:
    """What the environment asks for.

    :param protocols: signal (``traces``, ``metrics``, ``logs``) to protocol; without those that are not exported.
    :param endpoint: the collector's address, for people.
    :param traceparent: W3C trace context of the DAG run, by header name; empty if there is none.
    """

    protocols: Mapping[str, str]
    endpoint: str
    traceparent: Mapping[str, str] = field(default_factory=dict)


def read_settings(environ: Mapping[str, str], say: Callable[[str], None]) -> Optional[ExportSettings]:
    """The settings; None if nothing is to be exported.

    :param environ: the process's environment.
    :param say: takes a warning about a value that cannot be used.
    """
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    endpoints = {signal: endpoint for signal in SIGNALS if (endpoint := _endpoint(environ, signal))}
    if not endpoints:
        return None
    context = {name: environ[name.upper()] for name in ("traceparent", "tracestate") if environ.get(name.upper())}
    protocols = {signal: _protocol(environ, signal, say) for signal in endpoints}
    return ExportSettings(protocols, ", ".join(sorted(set(endpoints.values()))), context)


def missing_packages(settings: ExportSettings) -> list[str]:
    """Names of packages that the settings need and that are not installed."""
    needed = ["opentelemetry.sdk", *sorted({_PACKAGES[protocol] for protocol in settings.protocols.values()})]
    return [name for name in needed if not _installed(name)]


def import_exporters(settings: ExportSettings) -> None:
    """Import the exporters of all signals; none is made.

    :param settings: whose packages are installed.
    """
    for signal, protocol in settings.protocols.items():
        importlib.import_module(f"{_PACKAGES[protocol]}.{_EXPORTERS[signal][0]}")


def make_exporter(settings: ExportSettings, signal: str) -> Any:
    """The exporter of a signal; None if it is not exported. Endpoint, headers, TLS come from the environment.

    :param signal: ``traces``, ``metrics`` or ``logs``.
    """
    protocol = settings.protocols.get(signal)
    if protocol is None:
        return None
    module, name = _EXPORTERS[signal]
    return getattr(importlib.import_module(f"{_PACKAGES[protocol]}.{module}"), name)()


def make_shared_resource(attributes: Mapping[str, str]) -> Any:
    """The resource of metrics that many processes add to, with what ``OTEL_RESOURCE_ATTRIBUTES`` says.

    The SDK draws an id for each process: 10,000 of them would have as many series of everything.

    :param attributes: of all of them alike.
    """
    from opentelemetry.sdk.resources import Resource

    made = Resource.create(attributes)
    return Resource({name: value for name, value in made.attributes.items() if name != "service.instance.id"})


def _endpoint(environ: Mapping[str, str], signal: str) -> str:
    """Where a signal goes; empty for nowhere. Its own endpoint comes before the general one."""
    if environ.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp").strip().lower() == "none":
        return ""
    return environ.get(f"{PREFIX}{signal.upper()}_ENDPOINT") or environ.get(f"{PREFIX}ENDPOINT") or ""


def _protocol(environ: Mapping[str, str], signal: str, say: Callable[[str], None]) -> str:
    name = f"{PREFIX}{signal.upper()}_PROTOCOL"
    if not environ.get(name):
        name = f"{PREFIX}PROTOCOL"
    protocol = environ.get(name, "").strip().lower() or HTTP
    if protocol in _PACKAGES:
        return protocol
    say(f"{name}={protocol!r} is not supported; {HTTP} is used (choose {HTTP} or {GRPC})")
    return HTTP


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # a parent package is missing
        return False
