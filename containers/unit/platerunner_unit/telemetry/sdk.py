"""The only module that imports OpenTelemetry (0.4 s, 30 MB): one collector, three signals, sent in the calling thread.

The SDK's batch processors are not used: they drop what does not fit their queue (a third of a burst of 100,000 lines),
and their ``force_flush`` knows no time limit. One thread of ours cuts, encodes and sends; the rest waits in our buffer.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

from opentelemetry._logs import LogRecord
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader, MetricExporter, MetricExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import platerunner_unit
from platerunner_unit.contract.category import Category
from platerunner_unit.telemetry import ecs
from platerunner_unit.telemetry.buffer import Part, Result
from platerunner_unit.telemetry.lines import Line
from platerunner_unit.telemetry.measures import Measures, span_attributes
from platerunner_unit.telemetry.messages import Messages
from platerunner_unit.telemetry.resource import UnitNames, resource_attributes
from platerunner_unit.telemetry.settings import GRPC, ExportSettings

SCOPE = "platerunner_unit"
BATCH_SPANS = 512
_EXPORTERS = {
    "traces": ("trace_exporter", "OTLPSpanExporter"),
    "metrics": ("metric_exporter", "OTLPMetricExporter"),
    "logs": ("_log_exporter", "OTLPLogExporter"),
}


class Collector:
    """Where a unit's telemetry goes, with counts of what it took.

    A signal that is not exported counts as taken; so does a span that the DAG run's sampler left out.

    :param settings: what goes out, and how.
    :param names: the unit.
    :param environ: for the attributes.
    :param started_ns: when the unit began, in nanoseconds since 1970.
    :param messages: get what goes wrong.
    """

    def __init__(
        self,
        settings: ExportSettings,
        names: UnitNames,
        environ: Mapping[str, str],
        started_ns: int,
        messages: Messages,
    ) -> None:
        self.lines_taken = self.parts_taken = 0
        self.result_taken = False
        self._messages = messages
        self._resource = _UnitResource.of({**resource_attributes(names, environ), **ecs.task_attributes(environ)})
        # All lines of a unit come from one stream, which its scope can say once.
        self._scope = InstrumentationScope(SCOPE, platerunner_unit.__version__, attributes={"log.iostream": "stdout"})
        self._logs: Optional[LogRecordExporter] = _exporter(settings, "logs")
        self._traces: Optional[SpanExporter] = _exporter(settings, "traces")
        self._metrics: Optional[MetricExporter] = _exporter(settings, "metrics")
        self._ended = _EndedSpans()
        self._tracer = _tracer(self._resource, self._ended)
        parent = TraceContextTextMapPropagator().extract(dict(settings.traceparent), Context())
        self._root: Span = self._tracer.start_span(f"unit {names.step.step}", parent, start_time=started_ns)
        self._context: Context = set_span_in_context(self._root, Context())

    def lines(self, lines: Sequence[Line]) -> None:
        """Send a portion of tool output.

        :param lines: few enough for one request.
        """
        exporter, success = self._logs, LogRecordExportResult.SUCCESS
        if exporter is None or self._sent(lambda: exporter.export([self._record(line) for line in lines]), success):
            self.lines_taken += len(lines)

    def parts(self, parts: Sequence[Part]) -> None:
        """Send parts of the unit that are over."""
        for first in range(0, len(parts), BATCH_SPANS):
            batch = parts[first : first + BATCH_SPANS]
            for part in batch:
                self._end_part(part)
            self.parts_taken += len(batch) * self._send_spans()

    def result(self, result: Result, lines_dropped: int) -> None:
        """Close the unit's span, and send it and the metrics.

        :param result: the unit's end.
        :param lines_dropped: lines of tool output that did not fit the buffer.
        """
        verdict = result.outcome.verdict
        self._root.set_attributes(span_attributes(result.outcome))
        _end(self._root, result.end_ns, None if verdict.category == Category.SUCCEEDED.value else verdict.sentence)
        sent = self._send_spans()
        self.result_taken = self._send_metrics(result, lines_dropped) and sent

    def shutdown(self) -> None:
        """Close the connections; a retry that still waits in another thread ends."""
        for exporter in (self._logs, self._traces, self._metrics):
            if exporter is not None:
                exporter.shutdown()

    def _record(self, line: Line) -> ReadableLogRecord:
        record = LogRecord(
            timestamp=line.time_ns, observed_timestamp=line.time_ns, context=self._context, body=line.text
        )
        return ReadableLogRecord(record, self._resource, self._scope)

    def _end_part(self, part: Part) -> None:
        attributes = dict(part.attributes)
        span = self._tracer.start_span(part.name, self._context, attributes=attributes, start_time=part.start_ns)
        _end(span, part.end_ns, part.error)

    def _send_spans(self) -> bool:
        """Whether the spans that have ended were taken, or there are none."""
        exporter, spans = self._traces, self._ended.pop()
        return exporter is None or not spans or self._sent(lambda: exporter.export(spans), SpanExportResult.SUCCESS)

    def _send_metrics(self, result: Result, lines_dropped: int) -> bool:
        exporter = self._metrics
        if exporter is None:
            return True
        # As the SDK's own readers do: the exporter knows what the environment prefers.
        reader = InMemoryMetricReader(exporter._preferred_temporality, exporter._preferred_aggregation)  # noqa: SLF001
        provider = MeterProvider([reader], self._resource, shutdown_on_exit=False)
        Measures(provider.get_meter(SCOPE, platerunner_unit.__version__)).record(result, lines_dropped, self._context)
        data = reader.get_metrics_data()
        return data is None or self._sent(lambda: exporter.export(data), MetricExportResult.SUCCESS)

    def _sent(self, export: Callable[[], Any], success: Any) -> bool:
        try:
            return bool(export() is success)
        except Exception as error:  # an exporter that fails on one batch may take the next
            self._messages.keep(f"{type(error).__name__}: {error}")
            return False


class _UnitResource(Resource):
    """A resource that is hashed once: the encoder asks for it with each record, and the SDK dumps JSON to answer."""

    @classmethod
    def of(cls, attributes: dict[str, Any]) -> _UnitResource:
        """The resource, with what ``OTEL_RESOURCE_ATTRIBUTES`` adds."""
        resource = Resource.create(attributes)
        return cls(resource.attributes, resource.schema_url)

    def __init__(self, attributes: Mapping[str, Any], schema_url: Optional[str] = None) -> None:
        super().__init__(attributes, schema_url)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)


class _EndedSpans(SpanProcessor):
    """Keeps ended spans until they are sent."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self._spans.append(span)

    def pop(self) -> list[ReadableSpan]:
        spans, self._spans = self._spans, []
        return spans


def _exporter(settings: ExportSettings, signal: str) -> Any:
    """The exporter of a signal; None if it is not exported. Endpoint, headers, TLS come from the environment."""
    protocol = settings.protocols.get(signal)
    if protocol is None:
        return None
    package = "grpc" if protocol == GRPC else "http"
    module, name = _EXPORTERS[signal]
    return getattr(importlib.import_module(f"opentelemetry.exporter.otlp.proto.{package}.{module}"), name)()


def _tracer(resource: Resource, processor: SpanProcessor) -> Tracer:
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider.get_tracer(SCOPE, platerunner_unit.__version__)


def _end(span: Span, end_ns: int, error: Optional[str]) -> None:
    if error is not None:
        span.set_status(Status(StatusCode.ERROR, error))
    span.end(end_ns)
