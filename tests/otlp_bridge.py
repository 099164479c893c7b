"""From OTLP to Prometheus: what `deltatocumulative` and the Prometheus exporter do, for a collector that has neither.

Debian's Prometheus takes no OTLP. This adds deltas up as they arrive, names what results as OpenTelemetry says, and
shows it where Prometheus scrapes.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any

from tests.otlp_receiver import Received, attributes

UNITS = {"s": "_seconds", "By": "_bytes"}
Labels = tuple[tuple[str, str], ...]


def exposition(received: Received) -> str:
    """Everything received so far, as Prometheus reads it."""
    samples: dict[tuple[str, Labels], float] = {}
    for resource, metric in received.metrics_of_resources():
        name = metric.name.replace(".", "_") + UNITS.get(metric.unit, "")
        kind = metric.WhichOneof("data")
        for point in getattr(metric, kind).data_points:
            labels = {**resource, **attributes(point.attributes)}
            if kind == "gauge":
                samples[name, _labels(labels)] = _number(point)
            elif kind == "sum":
                _add(samples, f"{name}_total", labels, _number(point))
            else:
                _add_histogram(samples, name, labels, point)
    lines = (
        f"{name}{{{','.join(f'{k}={_quoted(v)}' for k, v in labels)}}} {value}"
        for (name, labels), value in samples.items()
    )
    return "\n".join(lines) + "\n"


def _add_histogram(samples: dict[tuple[str, Labels], float], name: str, labels: dict[str, Any], point: Any) -> None:
    bounds = [*map(str, point.explicit_bounds), "+Inf"]
    for bound, count in zip(bounds, accumulate(point.bucket_counts), strict=True):
        _add(samples, f"{name}_bucket", {**labels, "le": bound}, count)
    _add(samples, f"{name}_sum", labels, point.sum)
    _add(samples, f"{name}_count", labels, point.count)


def _add(samples: dict[tuple[str, Labels], float], name: str, labels: dict[str, Any], value: float) -> None:
    key = (name, _labels(labels))
    samples[key] = samples.get(key, 0.0) + value


def _labels(found: dict[str, Any]) -> Labels:
    named = {name.replace(".", "_"): str(value) for name, value in found.items() if not name.startswith("telemetry.")}
    return tuple(sorted(named.items()))


def _written(labels: Labels) -> str:
    return ",".join(f"{name}={_quoted(value)}" for name, value in labels)


def _number(point: Any) -> float:
    return float(getattr(point, point.WhichOneof("value")))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


@contextlib.contextmanager
def shown(received: Received) -> Iterator[str]:
    """A page with the exposition; its address without the scheme."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = exposition(received).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it so)
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
