"""What the process that runs a pipeline sends to a collector: a worker, a triggerer, `platerunner run`.

Without an OTLP endpoint nothing of OpenTelemetry is imported. With one, a thread of its own imports it and sends;
whoever tells waits for it for a few seconds at most, and goes on whatever the collector does.
"""

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from platerunner_unit.contract.telemetry.otlp import ExportSettings, missing_packages, read_settings
from platerunner_unit.contract.telemetry.signals import Metric

log = logging.getLogger(__name__)
LIMIT_S = 5.0
"""Seconds that a step, a gate or a run waits for the collector at its end."""


@dataclass(frozen=True, slots=True)
class Point:
    """A number for the collector.

    :param metric: of the shared table.
    :param attributes: those that the table names.
    """

    metric: Metric
    value: float
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a run that is over.

    :param trace: id of its trace, in hexadecimal digits, as are all ids.
    :param span: its own id.
    :param parent: id of what it is part of; None for the run.
    :param start_s: in seconds since 1970.
    :param end_s: likewise.
    :param error: why it failed; None if it did not.
    """

    name: str
    trace: str
    span: str
    parent: str | None
    start_s: float
    end_s: float
    attributes: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


def is_on() -> bool:
    """Whether there is anybody to tell: an endpoint, and the packages to reach it."""
    return _settings() is not None


def send(points: Sequence[Point] = (), spans: Sequence[Span] = (), *, limit_s: float = LIMIT_S) -> bool:
    """Tell the collector, if there is one; what could not be delivered is one line of the log.

    :param limit_s: seconds after which it returns, whatever the collector does; 0 for at once, without a word.
    :returns: whether these numbers need not be sent again.
    """
    settings = _settings()
    if settings is None or not (points or spans):
        return True
    under_way = _UnderWay()
    arguments = (settings, points, spans, under_way)
    thread = threading.Thread(target=_deliver, args=arguments, name="telemetry", daemon=True)
    thread.start()
    if not limit_s:
        return True
    thread.join(limit_s)
    if thread.is_alive():
        log.warning("telemetry: %s does not answer within %g s; nothing waits for it", settings.endpoint, limit_s)
        for exporter in list(
            under_way.exporters
        ):  # else it tries again, and who tells these numbers later doubles them
            exporter.shutdown()
    return under_way.taken or not points


@dataclass(slots=True)
class _UnderWay:
    """A delivery, as seen from the thread that waits for it.

    :param exporters: those that were made for it.
    :param taken: whether the collector has the numbers.
    """

    exporters: list[Any] = field(default_factory=list)
    taken: bool = False


def _settings() -> ExportSettings | None:
    settings = read_settings(os.environ, log.warning)
    if settings is None:
        return None
    if missing := ", ".join(missing_packages(settings)):
        log.warning("telemetry is off: there is an OTLP endpoint, but no %s", missing)
        return None
    return settings


def _deliver(settings: ExportSettings, points: Sequence[Point], spans: Sequence[Span], under_way: _UnderWay) -> None:
    try:
        from platerunner.engine.telemetry.delivery import deliver_numbers, deliver_spans

        under_way.taken = deliver_numbers(settings, points, under_way.exporters)
        lost = [] if under_way.taken else [f"{len(points)} numbers"]
        lost += [] if deliver_spans(settings, spans, under_way.exporters) else [f"{len(spans)} spans"]
    except Exception as error:  # nothing that happens here may cost a step its end
        log.warning("telemetry: not delivered to %s: %s: %s", settings.endpoint, type(error).__name__, error)
        return
    if lost:
        log.warning("telemetry: %s not delivered to %s", " and ".join(lost), settings.endpoint)
