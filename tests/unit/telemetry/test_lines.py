"""Any bytes, cut anywhere, become the lines that they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.telemetry.exporting import BATCH_CHARACTERS, BATCH_LINES, batches
from platerunner_unit.telemetry.lines import LINE_LIMIT, Line, LineCutter
from platerunner_unit.telemetry.modules import module_part


@given(st.lists(st.binary(max_size=30)), st.integers(min_value=0, max_value=2**62))
def test_lines_do_not_depend_on_how_they_were_cut(chunks: list[bytes], now: int) -> None:
    cutter, data = LineCutter(), b"".join(chunks)
    lines = [line for chunk in chunks for line in cutter.cut(now, chunk)] + cutter.end(now)
    whole = data.split(b"\n")
    expected = whole if whole[-1] else whole[:-1]
    assert [line.text for line in lines] == [text.decode(errors="replace").rstrip("\r") for text in expected]
    times = [line.time_ns for line in lines]
    assert times == sorted(set(times))


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    cutter = LineCutter()
    for _ in range(64):
        assert cutter.cut(1, b"x" * (LINE_LIMIT // 16)) == []
    (line,) = cutter.cut(1, b"y\n")
    assert line.text == "x" * LINE_LIMIT


@given(st.lists(st.integers(min_value=0, max_value=BATCH_CHARACTERS), max_size=20))
def test_batches_keep_all_lines_in_order_and_fit_a_request(sizes: list[int]) -> None:
    lines = [Line(number, "x" * size) for number, size in enumerate(sizes)]
    found = batches(lines)
    assert [line for batch in found for line in batch] == lines
    assert all(len(batch) == 1 or sum(len(line.text) for line in batch) <= BATCH_CHARACTERS for batch in found)


def test_many_short_lines_are_split_by_number() -> None:
    assert [len(batch) for batch in batches([Line(n, "") for n in range(BATCH_LINES + 1)])] == [BATCH_LINES, 1]


@given(st.text())
def test_only_timing_lines_become_spans(text: str) -> None:
    assert module_part(Line(1, text)) is None


def test_a_timing_line_becomes_a_span() -> None:
    text = "Sat Nov 21 09:37:26 2026: Image # 12, module SaveImages # 4: CPU_time = 1.25 secs, Wall_time = 2.50 secs"
    part = module_part(Line(10**18, text))
    assert part is not None
    assert (part.name, part.end_ns - part.start_ns, part.end_ns) == ("module SaveImages", 2_500_000_000, 10**18)
    assert part.attributes["platerunner.image_set"] == 12
    assert part.attributes["platerunner.cpu_s"] == 1.25
