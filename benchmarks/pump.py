"""How fast a tool's output gets through the pump, against ``grep -E -f`` and ``cat`` in the same run.

python benchmarks/pump.py [MEGABYTES]

The tool is ``cat`` of a file, and so is whoever reads our stdout; only our own processor time counts. The columns tell
what each part costs: the copy alone, with the detector, with the gzipped log, with both as in a unit.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from detector import grep_patterns, make, search, timed  # benchmarks/detector.py, next to this file

from platerunner_unit.log.detector import Detector
from platerunner_unit.log.pump import Feed, LogFile, Pump


class NoLog(LogFile):
    """A log that keeps nothing."""

    def write(self, data: bytes) -> None:
        """Drop it."""


def own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def pumped(source: Path, log: LogFile, feed: Feed) -> float:
    """Processor seconds of this process for one pass."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as sink:
        assert sink.stdin is not None
        pump = Pump(log, feed, sink.stdin.fileno())
        with subprocess.Popen(["cat", source], stdout=pump.input):
            began = own_cpu()
            pump.start()
            assert pump.finish(600)
        log.close()
        used = own_cpu() - began
        sink.stdin.close()
    assert not pump.feed_error, pump.feed_error
    return max(used, 1e-6)


def main() -> None:
    size = int(sys.argv[1] if len(sys.argv) > 1 else 64) << 20
    print("MB per CPU second; the ratio is of the pump with detector and log to grep, and without the log")
    print(f"{'log':10}{'copy':>8}{'detector':>10}{'gzip':>8}{'both':>8}{'grep -E -f':>12}{'cat':>8}{'ratio':>14}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, patterns, kept = folder / "source", folder / "patterns", folder / "log.gz"
        patterns.write_text(grep_patterns())
        grep = ["grep", "-a", "-E", "-f", patterns, source]
        for kind in ("progress", "typical", "chatter"):
            data = make(kind, size)
            source.write_bytes(data)
            seconds = [
                min(pumped(source, NoLog(kept), len) for _ in range(3)),
                min(pumped(source, NoLog(kept), Detector().feed) for _ in range(3)),
                min(pumped(source, LogFile(kept), len) for _ in range(3)),
                min(pumped(source, LogFile(kept), Detector().feed) for _ in range(3)),
                min(timed(lambda: search(grep, folder / "found")) for _ in range(3)),
                min(
                    timed(lambda: subprocess.run(["cat", source], stdout=subprocess.DEVNULL, check=True))
                    for _ in range(3)
                ),
            ]
            copy, detected, zipped, both, grepped, cat = (len(data) / 1e6 / s for s in seconds)
            print(
                f"{kind:10}{copy:8.0f}{detected:10.0f}{zipped:8.0f}{both:8.0f}{grepped:12.0f}{cat:8.0f}"
                f"{both / grepped:7.2f}{detected / grepped:7.2f}"
            )


if __name__ == "__main__":
    main()
