"""What a finished unit becomes in numbers: attributes of its span, and metrics."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.outcome import Outcome

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Meter

    from platerunner_unit.telemetry.buffer import Result

VERDICT = "platerunner.verdict"
_PHASES = {"stage_in_s": "stage-in", "tool_s": "tool", "stage_out_s": "stage-out"}


def span_attributes(outcome: Outcome) -> dict[str, Any]:
    """What the unit's span says of its end."""
    verdict, evidence = outcome.verdict, outcome.evidence
    known: dict[str, Any] = {
        VERDICT: verdict.category,
        "platerunner.verdict.sentence": verdict.sentence,
        "platerunner.verdict.line": verdict.line,
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
    """The metrics of a unit; names and units as OpenTelemetry writes them.

    :param meter: makes the instruments.
    """

    def __init__(self, meter: Meter) -> None:
        self._duration = meter.create_histogram("platerunner.unit.duration", "s", "Wall time of an attempt")
        self._phase = meter.create_histogram(
            "platerunner.unit.phase.duration", "s", "Wall time of stage-in, tool, stage-out"
        )
        self._memory = meter.create_gauge("platerunner.unit.memory.peak", "By", "Peak memory of the tool")
        self._cpu = meter.create_counter("platerunner.unit.cpu.time", "s", "CPU time of the tool")
        self._io = meter.create_counter("platerunner.unit.io", "By", "Bytes of input files and of output files")
        self._sets = meter.create_counter(
            "platerunner.unit.image_sets", "{image_set}", "Image sets asked for, started, finished"
        )
        self._verdicts = meter.create_counter("platerunner.unit.verdicts", "{unit}", "Attempts by verdict")
        self._dropped = meter.create_counter(
            "platerunner.telemetry.dropped", "{line}", "Lines that did not fit the buffer"
        )

    def record(self, result: Result, lines_dropped: int, context: Context) -> None:
        """Take a unit's end.

        :param lines_dropped: lines of tool output that did not fit the buffer.
        :param context: of the unit's span, so that exemplars point at it.
        """
        outcome = result.outcome
        verdict = {VERDICT: outcome.verdict.category}
        self._duration.record(duration_s(outcome), verdict, context)
        self._verdicts.add(1, verdict, context)
        self._dropped.add(lines_dropped, None, context)
        for phase, name in _PHASES.items():
            if outcome.timing.get(phase) is not None:
                self._phase.record(outcome.timing[phase], {"platerunner.phase": name}, context)
        for state, count in image_sets(outcome).items():
            self._sets.add(count, {"platerunner.image_sets.state": state}, context)
        for direction, size in (("in", result.bytes_in), ("out", sum(output.size for output in outcome.outputs))):
            self._io.add(size, {"platerunner.io.direction": direction}, context)
        self._record_usage(outcome, context)

    def _record_usage(self, outcome: Outcome, context: Context) -> None:
        """What is not known is not recorded: a zero would look like a fact."""
        if outcome.usage.get("peak_memory") is not None:
            self._memory.set(outcome.usage["peak_memory"], None, context)
        if outcome.usage.get("cpu_s") is not None:
            self._cpu.add(outcome.usage["cpu_s"], None, context)
