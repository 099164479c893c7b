"""The pump: nothing lost, nothing changed, nothing hangs."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.log.pump import TAIL_LINES, LogFile, Pump


def pumped(tmp_path: Path, chunks: Sequence[bytes]) -> tuple[bytes, bytes, bytes, Pump]:
    """Send chunks through a pump whose stdout is a pipe that is read.

    :returns: what came out of stdout, what the log has, what the detector was fed, and the pump.
    """
    read_end, write_end = os.pipe()
    out, fed = bytearray(), bytearray()

    def read() -> None:
        while data := os.read(read_end, 65536):
            out.extend(data)

    reader = threading.Thread(target=read)
    reader.start()
    log = LogFile(tmp_path / "log.gz")
    pump = Pump(log, fed.extend, write_end)
    source = os.dup(pump.input)
    pump.start()
    for chunk in chunks:
        view = memoryview(chunk)
        while view:
            view = view[os.write(source, view) :]
    os.close(source)
    assert pump.finish(30)
    os.close(write_end)
    reader.join(30)
    os.close(read_end)
    log.close()
    return bytes(out), gzip.decompress((tmp_path / "log.gz").read_bytes()), bytes(fed), pump


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(max_size=5000), max_size=20))
def test_any_bytes_go_through_unchanged(tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]) -> None:
    out, log, fed, _ = pumped(tmp_path_factory.mktemp("pump"), chunks)
    assert out == log == fed == b"".join(chunks)


def test_lines_of_a_megabyte_without_an_end(tmp_path: Path) -> None:
    chunks = [b"x" * 1_000_000 + b"\n", os.urandom(3_000_000), b"no newline"]
    out, log, _, pump = pumped(tmp_path, chunks)
    assert out == log == b"".join(chunks)
    assert pump.open_line
    assert all(len(line) <= 2000 for line in pump.tail)


def test_the_tail_is_the_last_lines(tmp_path: Path) -> None:
    *_, pump = pumped(tmp_path, [f"line {n}\n".encode() for n in range(50_000)])
    assert pump.tail == tuple(f"line {n}" for n in range(50_000 - TAIL_LINES, 50_000))
    assert not pump.open_line


def test_a_detector_that_fails_costs_no_output(tmp_path: Path) -> None:
    def feed(_data: bytes) -> None:
        raise ValueError("a rule is broken")

    log = LogFile(tmp_path / "log.gz")
    with (tmp_path / "stdout").open("wb") as stdout:
        pump = Pump(log, feed, stdout.fileno())
        source = os.dup(pump.input)
        pump.start()
        os.write(source, b"a line\n")
        os.close(source)
        assert pump.finish(10)
    assert "a rule is broken" in pump.feed_error
    assert (tmp_path / "stdout").read_bytes() == b"a line\n"


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "never read"])
def test_a_reader_that_is_gone_or_asleep_costs_neither_time_nor_log(tmp_path: Path, closed: bool) -> None:
    read_end, write_end = os.pipe()
    if closed:
        os.close(read_end)
    log = LogFile(tmp_path / "log.gz")
    pump = Pump(log, lambda data: None, write_end, patience_s=0.3)
    source = os.dup(pump.input)
    pump.start()
    data = os.urandom(12_000_000)

    def write() -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(source, view) :]
        os.close(source)

    writer = threading.Thread(target=write)
    writer.start()
    writer.join(60)
    assert not writer.is_alive()
    assert pump.finish(30)
    log.close()
    text = gzip.decompress((tmp_path / "log.gz").read_bytes())
    assert b"the tool's output goes to the log alone" in text
    assert len(text) > len(data)


def test_a_slow_reader_gets_everything(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    log = LogFile(tmp_path / "log.gz")
    pump = Pump(log, lambda data: None, write_end)
    source = os.dup(pump.input)
    pump.start()
    data = os.urandom(600_000)
    threading.Thread(
        target=lambda: (os.write(source, data[:50_000]), os.write(source, data[50_000:]), os.close(source))
    ).start()
    out = bytearray()
    while len(out) < len(data):
        out.extend(os.read(read_end, 30_000))
        time.sleep(0.01)
    assert bytes(out) == data
    assert pump.finish(10)


def test_output_comes_as_it_is_written(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    pump = Pump(LogFile(tmp_path / "log.gz"), lambda data: None, write_end)
    source = os.dup(pump.input)
    pump.start()
    os.write(source, b"half a li")
    assert os.read(read_end, 100) == b"half a li"
    os.close(source)
    assert pump.finish(10)


def test_a_log_on_a_full_disk_keeps_the_error_and_goes_on(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full on this system")
    link = tmp_path / "log.gz"
    link.symlink_to(full)
    log = LogFile(link)
    log.write(os.urandom(1_000_000))
    log.write(b"more")
    log.close()
    log.write(b"after the end")
    assert log.error is not None
    assert "No space left" in str(log.error)
