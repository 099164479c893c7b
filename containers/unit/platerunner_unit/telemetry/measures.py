"""What a finished unit becomes in numbers: attributes of its span, and metrics."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Optional

from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.signals import COUNTER, HISTOGRAM, VERDICT, Metric
from platerunner_unit.telemetry.sense import masked

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Meter

    from platerunner_unit.telemetry.buffer import Result

_PHASES = {"stage_in_s": "stage-in", "tool_s": "tool", "stage_out_s": "stage-out"}

Point = tuple[Metric, float, dict[str, Any]]


def span_attributes(outcome: Outcome) -> dict[str, Any]:
    """What the unit's span says of its end."""
    verdict, evidence = outcome.verdict, outcome.evidence
    known: dict[str, Any] = {
        VERDICT: verdict.category,
        "error.type": None if _succeeded(outcome) else verdict.category,
        "platerunner.verdict.sentence": masked(verdict.sentence),
        "platerunner.verdict.line": masked(verdict.line),
        "platerunner.verdict.rule": verdict.rule,
        "platerunner.who_acts": CATEGORIES[Category(verdict.category)].who.value,
        "platerunner.tool.exit_code": evidence.get("exit_code"),
        "platerunner.memory.peak": outcome.usage.get("peak_memory"),
        "platerunner.cpu_s": outcome.usage.get("cpu_s"),
        "platerunner.output.files": len(outcome.outputs),
        "platerunner.log": outcome.log,
        **{f"platerunner.image_sets.{state}": count for state, count in image_sets(outcome).items()},
    }
    return {name: value for name, value in known.items() if value not in (None, "")}


def image_sets(outcome: Outcome) -> dict[str, int]:
    """State (``asked``, ``started``, ``finished``) to number of image sets; a state that is not known is not there."""
    counted = {state: outcome.evidence.get(f"sets_{state}") for state in ("asked", "started", "finished")}
    return {state: len(sets) for state, sets in counted.items() if sets is not None}


def duration_s(outcome: Outcome) -> float:
    """Wall time of the attempt in seconds."""
    started, ended = (datetime.datetime.fromisoformat(outcome.timing[name]) for name in ("started", "ended"))
    return (ended - started).total_seconds()


class Measures:
    """The metrics of a unit, by the table that both sides share.

    :param meter: makes the instruments.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._instruments: dict[str, Any] = {}

    def record(self, result: Result, lines_dropped: int, context: Context) -> None:
        """Take a unit's end.

        :param lines_dropped: lines of tool output that did not fit the buffer.
        :param context: of the unit's span, so that exemplars point at it.
        """
        for metric, value, attributes in points(result, lines_dropped):
            instrument = self._instruments.get(metric.name) or self._make(metric)
            (instrument.add if metric.kind == COUNTER else instrument.record)(value, attributes, context)

    def _make(self, metric: Metric) -> Any:
        known: dict[str, Any] = {"name": metric.name, "unit": metric.unit, "description": metric.meaning}
        if metric.kind == HISTOGRAM:
            made: Any = self._meter.create_histogram(**known, explicit_bucket_boundaries_advisory=metric.buckets)
        else:
            made = self._meter.create_counter(**known)
        self._instruments[metric.name] = made
        return made


def points(result: Result, lines_dropped: int) -> Iterator[Point]:
    """Every point for a unit's end; unknown values give none: a zero would look like a fact.

    :param lines_dropped: lines of tool output that did not fit the buffer.
    """
    outcome = result.outcome
    ended = "succeeded" if _succeeded(outcome) else "failed"
    yield signals.DURATION, duration_s(outcome), {signals.RESULT: ended}
    yield signals.VERDICTS, 1, {VERDICT: outcome.verdict.category}
    yield signals.DROPPED, lines_dropped, {}
    yield from _queued(queued_s(result))
    for phase, name in _PHASES.items():
        if outcome.timing.get(phase) is not None:
            yield signals.PHASE, outcome.timing[phase], {"platerunner.phase": name}
    for state, count in image_sets(outcome).items():
        yield signals.SETS, count, {"platerunner.image_sets.state": state}
    for direction, size in (("in", result.bytes_in), ("out", sum(output.size for output in outcome.outputs))):
        yield signals.IO, size, {"platerunner.io.direction": direction}
    yield from _usage(outcome)


def queued_s(result: Result) -> Optional[float]:
    """Seconds from the submission to the start; below zero where the clocks of two machines contradict each other."""
    if result.submitted_at is None:
        return None
    return datetime.datetime.fromisoformat(result.outcome.timing["started"]).timestamp() - result.submitted_at


def _queued(waited: Optional[float]) -> Iterator[Point]:
    if waited is not None:
        yield (signals.QUEUED, waited, {}) if waited >= 0 else (signals.SKEWED, 1, {})


def _usage(outcome: Outcome) -> Iterator[Point]:
    usage, asked = outcome.usage, outcome.usage.get("requested") or {}
    pairs = (
        ("peak_memory", "memory", signals.MEMORY, signals.MEMORY_SHARE),
        ("disk", "disk", signals.DISK, signals.DISK_SHARE),
    )
    for used, name, amount, share in pairs:
        if usage.get(used) is not None:
            yield amount, usage[used], {}
            if asked.get(name):
                yield share, usage[used] / asked[name], {}
    if usage.get("cpu_s") is not None:
        yield signals.CPU, usage["cpu_s"], {}


def _succeeded(outcome: Outcome) -> bool:
    return outcome.verdict.category == Category.SUCCEEDED.value
