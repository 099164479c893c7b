"""The only module of the provider that imports OpenTelemetry: encodes points and spans, and sends them."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader, MetricExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

from platerunner.engine.telemetry import Point, Span
from platerunner_unit.contract.telemetry.otlp import ExportSettings, make_exporter, make_shared_resource
from platerunner_unit.contract.telemetry.signals import COUNTER, GAUGE, Metric

SCOPE = "platerunner"
# Each delivery is its own: a worker's process ends with its task, and another goes on with the same series.
DELTA: dict[type, AggregationTemporality] = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)


def deliver_numbers(settings: ExportSettings, points: Sequence[Point], exporters: list[Any]) -> bool:
    """Send numbers.

    :param exporters: gets what sends, so that another thread can end it.
    :returns: whether the collector took them, or wants none.
    """
    data = _recorded(points, _resource()) if points else None
    exporter = make_exporter(settings, "metrics")
    if data is None or exporter is None:
        return True
    exporters.append(exporter)
    return bool(exporter.export(data) is MetricExportResult.SUCCESS)


def deliver_spans(settings: ExportSettings, spans: Sequence[Span], exporters: list[Any]) -> bool:
    """Send spans; parameters and result are as above."""
    exporter = make_exporter(settings, "traces")
    if not spans or exporter is None:
        return True
    exporters.append(exporter)
    resource = _resource()
    return bool(exporter.export([_readable(span, resource) for span in spans]) is SpanExportResult.SUCCESS)


def _resource() -> Resource:
    service = os.environ.get("OTEL_SERVICE_NAME") or "platerunner"
    made: Resource = make_shared_resource({"service.name": service, "service.namespace": "platerunner"})
    return made


def _recorded(points: Sequence[Point], resource: Resource) -> Any:
    reader = InMemoryMetricReader(DELTA)
    meter = MeterProvider([reader], resource, shutdown_on_exit=False).get_meter(SCOPE)
    instruments: dict[str, Any] = {}
    for point in points:
        if point.metric.name not in instruments:
            instruments[point.metric.name] = _instrument(meter, point.metric)
        instruments[point.metric.name](point.value, point.attributes)
    return reader.get_metrics_data()


def _instrument(meter: Any, metric: Metric) -> Any:
    """What takes a metric's points."""
    known: Mapping[str, Any] = {"name": metric.name, "unit": metric.unit, "description": metric.meaning}
    if metric.kind == COUNTER:
        return meter.create_counter(**known).add
    if metric.kind == GAUGE:
        return meter.create_gauge(**known).set
    return meter.create_histogram(**known, explicit_bucket_boundaries_advisory=metric.buckets).record


def _readable(span: Span, resource: Resource) -> ReadableSpan:
    """A span whose ids are given: the SDK's own tracer draws them by lot."""
    return ReadableSpan(
        name=span.name,
        context=_context(span.trace, span.span),
        parent=_context(span.trace, span.parent) if span.parent else None,
        resource=resource,
        attributes=span.attributes,
        start_time=round(span.start_s * 1e9),
        end_time=round(span.end_s * 1e9),
        status=Status(StatusCode.UNSET if span.error is None else StatusCode.ERROR, span.error),
        instrumentation_scope=InstrumentationScope(SCOPE),
    )


def _context(trace: str, span: str) -> SpanContext:
    return SpanContext(int(trace, 16), int(span, 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
