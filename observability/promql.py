"""How Prometheus calls the metrics of the shared table, and the questions that dashboards and alerts put."""

from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.signals import COUNTER, GAUGE, HISTOGRAM, Metric

UNITS = {"s": "seconds", "By": "bytes"}


def name_of(metric: Metric, part: str = "") -> str:
    """The metric's name in Prometheus, by OpenTelemetry's rules.

    Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/

    :param part: of a histogram: ``bucket``, ``sum`` or ``count``.
    """
    parts = [metric.name.replace(".", "_")]
    if unit := UNITS.get(metric.unit):
        parts.append(unit)
    if metric.unit == "1" and metric.kind == GAUGE:
        parts.append("ratio")
    if metric.kind == COUNTER:
        parts.append("total")
    if metric.kind == HISTOGRAM:
        parts.append(part)
    return "_".join(parts)


def label(attribute: str) -> str:
    """An attribute's name as a label."""
    return attribute.replace(".", "_")


PIPELINE, STEP, PLATE = label(signals.PIPELINE), label(signals.STEP), label(signals.PLATE)
VERDICT, STATE, RESULT = label(signals.VERDICT), label(signals.STATE), label(signals.RESULT)
GATE, STATUS = label(signals.GATE), label(signals.JOB_STATUS)
CHOSEN = f'{PIPELINE}=~"$pipeline"'
"""What the dashboards' own choice of pipelines is in a query."""


def airflow(name: str, kind: str = GAUGE) -> str:
    """What Prometheus calls a metric of Airflow's own.

    :param name: as Airflow's documentation has it, such as ``executor.open_slots``.
    """
    return name_of(Metric(f"airflow.{name}", kind, "", ""))


def series(metric: Metric, where: str = "", part: str = "") -> str:
    """A selector.

    :param where: label matchers.
    """
    return f"{name_of(metric, part)}{{{where}}}" if where else name_of(metric, part)


def grown(metric: Metric, over: str, by: str, where: str = "", part: str = "") -> str:
    """How much a total grew, also from nothing, and to the unit: `increase()` misses a series' first sample and extrapolates.

    Only where a total began again in that time, as the collector did, it is `increase()` and the first sample.

    :param over: such as ``1h``.
    :param by: labels of the answer, separated by commas.
    """
    return grown_series(series(metric, where, part), over, by)


def grown_series(found: str, over: str, by: str) -> str:
    """The same of any total.

    :param found: a selector.
    """
    top, before = f"max_over_time({found}[{over}])", f"{found} offset {over}"
    exact = f"({top} unless resets({found}[{over}]) > 0) - ({before} or 0 * {top})"
    restarted = f"(increase({found}[{over}]) + (min_over_time({found}[{over}]) unless {before} or 0 * {top}))"
    return f"(sum by ({by}) ({exact} or {restarted}) or 0 * sum by ({by}) ({found}))"


def quantile(share: float, metric: Metric, over: str, by: str, where: str = "") -> str:
    """A quantile of a histogram's values.

    :param share: such as 0.9.
    """
    return f"histogram_quantile({share}, {grown(metric, over, f'le, {by}', where, 'bucket')})"
