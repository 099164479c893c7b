"""The one trace of a run. Its ids follow from the run, so that every process computes the same ones.

A worker that died, the one that goes on, and every container name the same spans. Where Airflow traces its runs
itself, its trace is used instead, and only the spans below a task's follow from the run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

SUBMITTED_AT = "PLATERUNNER_SUBMITTED_AT"
"""Variable of a job with the time of its submission, in seconds since 1970: the unit knows how long it queued."""
SAMPLED = "01"


@dataclass(frozen=True)
class RunTrace:
    """Where the spans of a step in a run belong.

    :param trace: trace id, 32 hexadecimal digits.
    :param run: span id of the run, 16 hexadecimal digits; None if Airflow traces the run itself.
    :param step: span id of the step: Airflow's for its task, else ours.
    :param flags: of W3C trace context: ``01`` for a trace that is kept.
    :param state: W3C ``tracestate``; empty for none.
    """

    trace: str
    run: Optional[str]
    step: str
    flags: str = SAMPLED
    state: str = ""

    @classmethod
    def of(cls, workspace: str, pipeline: str, run_id: str, place: str = "") -> RunTrace:
        """The trace of a run that nobody else traces.

        :param workspace: URL; the runs of two workspaces may have the same id.
        :param place: the step, with its branch if it has one; empty for the run itself.
        """
        trace = _digits(32, workspace.rstrip("/"), pipeline, run_id)
        run = _digits(16, trace, "run")
        return cls(trace, run, _digits(16, trace, "step", place) if place else run)

    @classmethod
    def carried(cls, carrier: Mapping[str, str]) -> Optional[RunTrace]:
        """The trace that a task is part of; None if the carrier has none.

        :param carrier: W3C trace context, as Airflow gives it to a task.
        """
        parts = carrier.get("traceparent", "").split("-")
        if len(parts) != 4:
            return None
        return cls(parts[1], None, parts[2], parts[3], carrier.get("tracestate") or "")

    @property
    def sampled(self) -> bool:
        """Whether the trace is kept."""
        return bool(int(self.flags, 16) & 1)

    def submission(self, n: int) -> str:
        """Span id of a submission of the step.

        :param n: its number.
        """
        return _digits(16, self.trace, self.step, "submission", str(n))

    def variables(self, n: int, at: float) -> dict[str, str]:
        """What the units of a submission get in their environment.

        :param n: its number.
        :param at: when it is made, in seconds since 1970.
        """
        parent = f"00-{self.trace}-{self.submission(n)}-{self.flags}"
        state = {"TRACESTATE": self.state} if self.state else {}
        return {"TRACEPARENT": parent, **state, SUBMITTED_AT: f"{at:.3f}"}


def _digits(count: int, *parts: str) -> str:
    """Hexadecimal digits that follow from texts; never all zeros, which W3C calls invalid."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:count]
