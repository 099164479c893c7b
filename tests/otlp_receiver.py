"""A small real OTLP receiver, gRPC and HTTP/protobuf: it keeps what it is sent, or misbehaves as told."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

_REQUESTS = {
    "/v1/logs": logs_service_pb2.ExportLogsServiceRequest,
    "/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest,
}


class Received:
    """What arrived.

    :ivar requests: decoded export requests in the order of their arrival, of all signals.
    :ivar asked: requests that arrived at all, answered or not.
    """

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.asked = 0
        self.headers: list[dict[str, str]] = []

    def logs(self) -> list[Any]:
        """All log records."""
        return [
            record
            for resource in self._of("resource_logs")
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    def bodies(self) -> list[str]:
        """The text of all log records."""
        return [record.body.string_value for record in self.logs()]

    def spans(self) -> dict[str, list[Any]]:
        """Spans by name."""
        found: dict[str, list[Any]] = {}
        for resource in self._of("resource_spans"):
            for scope in resource.scope_spans:
                for span in scope.spans:
                    found.setdefault(span.name, []).append(span)
        return found

    def metrics(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """Metric name to (attributes, value) of its points; a histogram's value is its sum."""
        found: dict[str, list[tuple[dict[str, Any], Any]]] = {}
        for metric in self.metric_protos():
            points = getattr(metric, metric.WhichOneof("data")).data_points
            found.setdefault(metric.name, []).extend((attributes(p.attributes), _value(p)) for p in points)
        return found

    def metric_protos(self) -> list[Any]:
        """All metrics, as the protocol has them."""
        return [metric for _, metric in self.metrics_of_resources()]

    def metrics_of_resources(self) -> list[tuple[dict[str, Any], Any]]:
        """All metrics, each with its resource's attributes."""
        return [
            (attributes(found.resource.attributes), metric)
            for found in self._of("resource_metrics")
            for scope in found.scope_metrics
            for metric in scope.metrics
        ]

    def resources(self) -> list[dict[str, Any]]:
        """The resource's attributes of each request, one per signal and batch."""
        kinds = ("resource_logs", "resource_spans", "resource_metrics")
        return [attributes(found.resource.attributes) for kind in kinds for found in self._of(kind)]

    def _of(self, kind: str) -> Iterator[Any]:
        for request in list(self.requests):
            if kind in request.DESCRIPTOR.fields_by_name:
                yield from getattr(request, kind)


def attributes(pairs: list[KeyValue]) -> dict[str, Any]:
    """OTLP attributes as a dictionary."""
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return [_plain(item) for item in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def _value(point: Any) -> Any:
    return point.sum if "sum" in point.DESCRIPTOR.fields_by_name else getattr(point, point.WhichOneof("value"))


class Behaviour:
    """What a receiver does with a request.

    :param kind: ``ok``, ``hang`` (accepts, never answers), ``unavailable`` (503), ``throttled`` (429).
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.over = threading.Event()

    def takes(self) -> bool:
        """Whether the request is taken; waits until the test is over if it hangs."""
        if self.kind == "hang":
            self.over.wait()
        return self.kind == "ok"


@contextlib.contextmanager
def receiver(protocol: str, kind: str = "ok") -> Iterator[tuple[str, Received]]:
    """An OTLP receiver on a free port.

    :param protocol: ``grpc`` or ``http/protobuf``.
    :param kind: as for :class:`Behaviour`, or ``refuse``: nobody listens.
    :returns: its endpoint, and what it received.
    """
    received = Received()
    if kind == "refuse":
        with socket.socket() as deaf:  # bound, so that nobody else has it, and without listening, so that it refuses
            deaf.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{deaf.getsockname()[1]}", received
        return
    behaviour = Behaviour(kind)
    serve = _serve_grpc if protocol == "grpc" else _serve_http
    with serve(received, behaviour) as port:
        try:
            yield f"http://127.0.0.1:{port}", received
        finally:
            behaviour.over.set()


@contextlib.contextmanager
def _serve_http(received: Received, behaviour: Behaviour) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.asked += 1
            received.headers.append({name.lower(): value for name, value in self.headers.items()})
            if not behaviour.takes():
                self._answer(429 if behaviour.kind == "throttled" else 503)
                return
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            received.requests.append(_REQUESTS[self.path].FromString(body))
            self._answer(200)

        def _answer(self, status: int) -> None:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client may have given up long ago
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it so)
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        behaviour.over.set()
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def _serve_grpc(received: Received, behaviour: Behaviour) -> Iterator[int]:
    def export(answer: Callable[[], Any]) -> Any:
        class Servicer:
            def Export(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802  (the protocol's name)
                received.asked += 1
                received.headers.append({name: str(value) for name, value in context.invocation_metadata()})
                if not behaviour.takes():
                    context.abort(grpc.StatusCode.UNAVAILABLE, "no room")
                received.requests.append(request)
                return answer()

        return Servicer()

    server = grpc.server(ThreadPoolExecutor(4))
    logs_service_pb2_grpc.add_LogsServiceServicer_to_server(export(logs_service_pb2.ExportLogsServiceResponse), server)
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(
        export(trace_service_pb2.ExportTraceServiceResponse), server
    )
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(
        export(metrics_service_pb2.ExportMetricsServiceResponse), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        behaviour.over.set()
        server.stop(0).wait(5)
