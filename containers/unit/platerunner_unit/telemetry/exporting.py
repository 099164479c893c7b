"""The telemetry of a unit that has a collector: a buffer, and a daemon thread that empties it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Optional

from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.telemetry.otlp import ExportSettings
from platerunner_unit.contract.telemetry.run_trace import SUBMITTED_AT
from platerunner_unit.telemetry import CLOSE_LIMIT_S, Attributes, Telemetry
from platerunner_unit.telemetry.buffer import Buffer, Part, Result, Taken
from platerunner_unit.telemetry.lines import Line, LineCutter
from platerunner_unit.telemetry.messages import Messages
from platerunner_unit.telemetry.modules import module_part
from platerunner_unit.telemetry.resource import UnitNames
from platerunner_unit.telemetry.sense import Joiner

if TYPE_CHECKING:
    from platerunner_unit.telemetry.sdk import Collector

INTERVAL_S = 1.0
BATCH_LINES = 4096
BATCH_CHARACTERS = 1024 * 1024


class ExportingTelemetry(Telemetry):
    """See :class:`platerunner_unit.telemetry.Telemetry`.

    :param settings: what goes out, and how.
    :param names: the unit.
    :param environ: for the attributes.
    :param started_ns: when the unit began, in nanoseconds since 1970.
    :param say: takes a warning for people.
    """

    def __init__(
        self,
        settings: ExportSettings,
        names: UnitNames,
        environ: Mapping[str, str],
        started_ns: int,
        say: Callable[[str], None],
    ) -> None:
        self._settings, self._names, self._environ = settings, names, environ
        self._started_ns, self._say = started_ns, say
        self._buffer = Buffer()
        self._cutter, self._joiner = LineCutter(), Joiner()
        self._collector: Optional[Collector] = None
        self._messages = Messages.instead_of_stderr()
        self._ended, self._modules = False, 0
        self._begun = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="telemetry", daemon=True)

    def begin(self) -> None:
        """Start the exporting thread; see the base class."""
        if self._begun.acquire(blocking=False):
            try:
                self._thread.start()
            except RuntimeError as error:  # no thread to be had: no telemetry, but a unit all the same
                self._messages.keep(str(error))

    def lines(self, chunk: bytes) -> None:
        """Take tool output."""
        self._buffer.put_chunk(chunk)
        self.begin()

    def span(
        self,
        name: str,
        start_ns: int,
        end_ns: int,
        attributes: Optional[Attributes] = None,
        error: Optional[str] = None,
    ) -> None:
        """Take a part of the unit that is over."""
        self._buffer.put_part(Part(name, start_ns, end_ns, attributes or {}, error))

    def verdict(self, outcome: Outcome) -> None:
        """Take the outcome."""
        self._ended = True
        files = [file for files in self._names.unit.inputs.values() for file in files]
        size, submitted = sum(file.size or 0 for file in files), self._environ.get(SUBMITTED_AT)
        self._buffer.put_result(Result(outcome, time.time_ns(), size, float(submitted) if submitted else None))

    def close(self, limit_s: float = CLOSE_LIMIT_S) -> None:
        """Send what is left, for at most the limit."""
        self._buffer.finish()
        self.begin()
        if self._thread.ident is not None:
            self._thread.join(limit_s)
        late = self._thread.is_alive()
        lost, why = self._lost(), self._messages.last
        if late and self._collector is not None:
            self._collector.shutdown()
        if lost:
            reason = "; ".join(filter(None, [f"no answer within {limit_s:g} s" if late else "", why]))
            self._say(f"telemetry: {lost} not delivered to {self._settings.endpoint} ({reason or 'dropped'})")

    def _run(self) -> None:
        try:
            self._export()
        except Exception as error:  # nothing that happens here may cost the unit its verdict
            self._messages.keep(f"{type(error).__name__}: {error}")

    def _export(self) -> None:
        from platerunner_unit.telemetry.sdk import Collector

        collector = Collector(self._settings, self._names, self._environ, self._started_ns, self._messages)
        self._collector = collector
        taken = Taken()
        while not taken.last:
            taken = self._buffer.take(INTERVAL_S)
            self._pass_on(collector, taken)
        last = self._cutter.end(time.time_ns())
        self._send_lines(collector, [*self._joiner.join(last), *self._joiner.flush()])
        collector.shutdown()

    def _pass_on(self, collector: Collector, taken: Taken) -> None:
        """The small and telling things first: with a slow collector, what is left when the time is up are lines."""
        lines = self._cut(taken)
        modules = [part for part in map(module_part, lines) if part is not None]
        self._modules += len(modules)
        collector.parts([*taken.parts, *modules])
        if taken.result is not None:
            collector.result(taken.result, self._buffer.lines_dropped)
        records = list(self._joiner.join(lines))
        self._send_lines(collector, records if lines else [*records, *self._joiner.flush()])

    def _cut(self, taken: Taken) -> list[Line]:
        if taken.gap:
            self._cutter.forget()
        lines = (self._cutter.cut(time_ns, chunk) for time_ns, chunk in taken.chunks)
        return list(itertools.chain.from_iterable(lines))

    def _send_lines(self, collector: Collector, lines: list[Line]) -> None:
        for batch in batches(lines):
            collector.lines(batch)

    def _lost(self) -> str:
        """What was put in and not taken; empty if nothing."""
        sent = self._collector
        lines = self._buffer.lines_put - (sent.lines_taken if sent else 0)
        parts = self._buffer.parts_put + self._modules - (sent.parts_taken if sent else 0)
        result = self._ended and not (sent and sent.result_taken)
        named = [f"{lines:,} lines" * bool(lines), f"{parts:,} spans" * bool(parts), "the verdict" * result]
        return ", ".join(filter(None, named))


def batches(lines: list[Line]) -> list[list[Line]]:
    """Lines in portions that a collector takes in one request: neither too many nor too long.

    :param lines: in order.
    """
    found: list[list[Line]] = []
    size = 0
    for line in lines:
        if not found or len(found[-1]) >= BATCH_LINES or size + len(line.text) > BATCH_CHARACTERS:
            found.append([])
            size = 0
        found[-1].append(line)
        size += len(line.text)
    return found
