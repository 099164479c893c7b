"""The only module that imports OpenTelemetry (0.4 s, 30 MB): one collector, three signals, sent in the calling thread.

The SDK's batch processors are not used: they drop what does not fit their queue (a third of a burst of 100,000 lines),
and their ``force_flush`` knows no time limit. One thread of ours cuts, encodes and sends; the rest waits in our buffer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Optional

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
    MetricExporter,
    MetricExportResult,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

import platerunner_unit
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.telemetry.otlp import ExportSettings, make_exporter, make_shared_resource
from platerunner_unit.telemetry import ecs
from platerunner_unit.telemetry.buffer import Part, Result
from platerunner_unit.telemetry.lines import Line
from platerunner_unit.telemetry.measures import Measures, queued_s, span_attributes
from platerunner_unit.telemetry.messages import Messages
from platerunner_unit.telemetry.resource import UnitNames, metric_attributes, resource_attributes
from platerunner_unit.telemetry.sense import masked, severity_of

SCOPE = "platerunner_unit"
# Whatever the environment prefers: units share their series, and the totals of one would overwrite another's.
DELTA: dict[type, AggregationTemporality] = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
BATCH_SPANS = 512


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
        self._shared = make_shared_resource(metric_attributes(names, environ))
        # All lines of a unit come from one stream, which its scope can say once.
        self._scope = InstrumentationScope(SCOPE, platerunner_unit.__version__, attributes={"log.iostream": "stdout"})
        self._logs: Optional[LogRecordExporter] = make_exporter(settings, "logs")
        self._traces: Optional[SpanExporter] = make_exporter(settings, "traces")
        self._metrics: Optional[MetricExporter] = make_exporter(settings, "metrics")
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
            self.lines_taken += sum(line.count for line in lines)

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
        if (waited := queued_s(result)) is not None and waited < 0:
            self._root.set_attribute("platerunner.clock.behind_s", -waited)
        succeeded = verdict.category == Category.SUCCEEDED.value
        _end(self._root, result.end_ns, None if succeeded else masked(verdict.sentence))
        sent = self._send_spans()
        self.result_taken = self._send_metrics(result, lines_dropped) and sent

    def shutdown(self) -> None:
        """Close the connections; a retry that still waits in another thread ends."""
        for exporter in (self._logs, self._traces, self._metrics):
            if exporter is not None:
                exporter.shutdown()

    def _record(self, line: Line) -> ReadableLogRecord:
        severity = severity_of(line.text)
        record = LogRecord(
            timestamp=line.time_ns,
            observed_timestamp=line.time_ns,
            context=self._context,
            severity_text=severity,
            severity_number=SeverityNumber[severity] if severity else None,
            body=masked(line.text),
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
        reader = InMemoryMetricReader(DELTA)
        provider = MeterProvider([reader], self._shared, shutdown_on_exit=False)
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


def _tracer(resource: Resource, processor: SpanProcessor) -> Tracer:
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider.get_tracer(SCOPE, platerunner_unit.__version__)


def _end(span: Span, end_ns: int, error: Optional[str]) -> None:
    if error is not None:
        span.set_status(Status(StatusCode.ERROR, error))
    span.end(end_ns)
