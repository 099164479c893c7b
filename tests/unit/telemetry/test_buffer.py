"""The buffer between the pump and the exporter: bounded, ordered, and honest about what it dropped."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.telemetry.conftest import outcome

from platerunner_unit.telemetry import buffer
from platerunner_unit.telemetry.buffer import Buffer, Part, Result
from platerunner_unit.telemetry.lines import LineCutter


def test_what_is_put_comes_out_in_order_and_then_it_is_over() -> None:
    held = Buffer()
    held.put_chunk(b"a\n")
    held.put_chunk(b"b")
    held.put_part(Part("tool", 1, 2))
    held.put_result(Result(outcome(), 3))
    taken = held.take(0)
    assert [chunk for _, chunk in taken.chunks] == [b"a\n", b"b"]
    assert [part.name for part in taken.parts] == ["tool"]
    assert taken.result is not None
    assert not taken.last
    held.finish()
    assert held.take(10).last
    assert (held.lines_put, held.lines_dropped, held.parts_put) == (2, 0, 1)


def test_taking_waits_for_enough_or_for_the_time_to_pass() -> None:
    held = Buffer()
    held.put_chunk(b"x\n")
    began = time.monotonic()
    assert held.take(0.2).chunks
    assert time.monotonic() - began >= 0.19
    threading.Timer(0.05, held.put_chunk, [b"x" * buffer.TAKE_BYTES]).start()
    assert held.take(30).chunks


def test_more_than_fits_pushes_the_oldest_out_and_is_counted() -> None:
    held = Buffer(limit_bytes=10_000)
    for number in range(1000):
        held.put_chunk(b"%06d %s\n" % (number, b"x" * 93))
    held.finish()
    taken = held.take(0)
    assert taken.gap
    assert sum(len(chunk) for _, chunk in taken.chunks) <= 10_000
    assert taken.chunks[-1][1].startswith(b"000999")
    assert held.lines_dropped + len(taken.chunks) == held.lines_put == 1000


@pytest.mark.slow
def test_spans_beyond_the_limit_are_counted_but_not_kept(monkeypatch: object) -> None:
    held = Buffer()
    for _ in range(buffer.LIMIT_SPANS + 5):
        held.put_part(Part("p", 1, 2))
    assert held.parts_put == buffer.LIMIT_SPANS + 5
    assert len(held.take(0).parts) == buffer.LIMIT_SPANS


@given(st.lists(st.binary(max_size=40)), st.integers(min_value=300, max_value=3000))
def test_lines_taken_and_dropped_add_up(chunks: list[bytes], limit: int) -> None:
    held, cutter, lines = Buffer(limit_bytes=limit), LineCutter(), 0
    for chunk in chunks:
        held.put_chunk(chunk)
    held.finish()
    taken = held.take(0)
    while not taken.last:
        if taken.gap:
            cutter.forget()
        lines += sum(len(cutter.cut(time_ns, chunk)) for time_ns, chunk in taken.chunks)
        taken = held.take(0)
    lines += len(cutter.end(0))
    assert lines + held.lines_dropped == held.lines_put
