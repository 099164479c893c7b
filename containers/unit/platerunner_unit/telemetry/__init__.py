"""OpenTelemetry for one unit: the tool's lines as log records, the unit as a trace, its costs as metrics.

Without an OTLP endpoint nothing of OpenTelemetry is imported. With one, all happens in a daemon thread that begins once
the tool runs, so that neither the import nor a collector that is slow or gone delays the tool.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Optional

from platerunner_unit.contract.manifest import StepTask, UnitTask
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.telemetry import otlp
from platerunner_unit.contract.telemetry.otlp import import_exporters, missing_packages, read_settings

CLOSE_LIMIT_S = 5.0

Attributes = Mapping[str, Any]
Say = Callable[[str], None]


class Telemetry:
    """What the runner tells about its unit; this one keeps it to itself, for a unit without a collector."""

    def begin(self) -> None:
        """The tool runs: exporting may take CPU from here on. The first :meth:`lines` and :meth:`close` imply it."""

    def lines(self, chunk: bytes) -> None:
        """Take tool output; every line becomes a log record, CellProfiler's timing lines spans as well. Never blocks.

        :param chunk: bytes as they were read, of any size, cut anywhere.
        """

    def span(
        self,
        name: str,
        start_ns: int,
        end_ns: int,
        attributes: Optional[Attributes] = None,
        error: Optional[str] = None,
    ) -> None:
        """Take a part of the unit that is over; it becomes a child of the unit's span. Never blocks.

        :param name: ``stage-in``, ``tool``, ``stage-out``, ``verdict``.
        :param start_ns: nanoseconds since 1970, as :func:`time.time_ns` gives them.
        :param end_ns: likewise.
        :param attributes: numbers, texts, or lists of them.
        :param error: why it failed; None if it did not.
        """

    def verdict(self, outcome: Outcome) -> None:
        """Take the outcome: it ends the unit's span and becomes the metrics.

        :param outcome: as it was stored.
        """

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Send what is left and stop; says in one line what could not be delivered.

        :param limit_s: seconds after which it returns, whatever the collector does.
        """


def start(
    step: StepTask,
    unit: UnitTask,
    *,
    attempt: int,
    job_id: Optional[str],
    environ: Mapping[str, str],
    say: Optional[Say] = None,
) -> Telemetry:
    """Begin the unit's span now, and give the object that takes the rest.

    :param step: what the unit shares with the others.
    :param unit: the unit.
    :param attempt: its number over all submissions of the run, from 1.
    :param job_id: as Batch names the job; None outside Batch.
    :param environ: ``OTEL_*`` as the OpenTelemetry specification names them, ``TRACEPARENT`` and ``TRACESTATE`` of the
        DAG run. The exporters read their headers, certificates and time limits from the process's own environment.
    :param say: takes a warning for people; None for stderr.
    """
    if not any(name.startswith(otlp.PREFIX) for name in environ):
        return Telemetry()
    started_ns, say = time.time_ns(), say or _to_stderr
    settings = read_settings(environ, say)
    if settings is None:
        return Telemetry()
    missing = ", ".join(missing_packages(settings))
    if missing:
        say(f"telemetry is off: there is an OTLP endpoint, but no {missing}; install platerunner-unit[otel]")
        return Telemetry()
    from platerunner_unit.telemetry.exporting import ExportingTelemetry
    from platerunner_unit.telemetry.resource import UnitNames

    names = UnitNames(step, unit, attempt, job_id)
    return ExportingTelemetry(settings, names, dict(environ), started_ns, say)


def load(environ: Mapping[str, str]) -> None:
    """Import what a unit with a collector needs, so that processes forked from this one have it; nothing is begun.

    :param environ: the unit's, as for :func:`start`.
    """
    settings = read_settings(environ, lambda _: None)
    if settings is not None and not missing_packages(settings):
        for name in ("exporting", "sdk"):
            importlib.import_module(f"{__name__}.{name}")
        import_exporters(settings)


def _to_stderr(line: str) -> None:
    print(f"platerunner: {line}", file=sys.stderr, flush=True)
