"""`--observe URL`: where what runs on this machine sends its telemetry."""

import os
import socket
from typing import Annotated
from urllib.parse import urlsplit

import typer

from platerunner.cli.console import fail

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
PORTS = {"http": 80, "https": 443}
OF_AIRFLOW = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    # Many processes add to one series, as units do.
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "delta",
    "AIRFLOW__METRICS__OTEL_ON": "True",
    "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
}
"""What Airflow's own metrics want, unless the environment says otherwise."""
Observe = Annotated[
    str | None,
    typer.Option("--observe", metavar="URL", help="Collector that gets all telemetry, by OTLP over HTTP."),
]


def observe(url: str | None) -> None:
    """Let this process, and all that it starts, tell a collector.

    :param url: such as ``http://127.0.0.1:4318``; None for what the environment says.
    """
    if url is None:
        return
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme)
    except ValueError:  # no number, or none that a port has
        host, port = "", None
    if not host or port is None or parts.scheme not in PORTS:
        fail(f"--observe {url} is no address of a collector; give one like http://127.0.0.1:4318.")
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        fail(
            f"--observe {url}: nobody answers there ({error}). Start the collector first: `make observe` starts one.",
            code=1,
        )
    os.environ[ENDPOINT] = url
    for name, value in OF_AIRFLOW.items():
        os.environ.setdefault(name, value)
