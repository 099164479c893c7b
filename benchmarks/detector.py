"""How fast the detector reads, against ``grep -E -f`` with the same patterns and against ``cat``, in one run.

python benchmarks/detector.py [MEGABYTES]
"""

import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from platerunner_unit.log import detector, line_rules
from platerunner_unit.log.causes import CAUSES
from platerunner_unit.log.marks import MARKS
from platerunner_unit.log.rules import LINE_RULES

CHUNK = 1 << 18
MODULES = [
    "LoadData",
    "CorrectIlluminationApply",
    "IdentifyPrimaryObjects",
    "MeasureObjectIntensity",
    "ExportToSpreadsheet",
]
FRAME = '  File "/opt/_pipeline.py", line 1016, in run_with_yield\n    self.run_module(module, workspace)\n'


def progress(image_set: int) -> str:
    return "".join(
        f"Sat Nov 21 09:33:47 2026: Image # {image_set}, module {name} # {number}: "
        "CPU_time = 0.59 secs, Wall_time = 0.39 secs\n"
        for number, name in enumerate(MODULES, 1)
    )


def chatter(rng: random.Random) -> str:
    return "".join(
        f"DEBUG {rng.random():.12f} reading plane {rng.randrange(1000)} of series 0 into a buffer\n" for _ in range(5)
    )


def failure() -> str:
    return f"{MARKS[0].learnt_from}\nTraceback (most recent call last):\n{FRAME * 6}{CAUSES[9].learnt_from}\n"


def make(kind: str, size: int) -> bytes:
    """A log: ``progress`` (a quiet run), ``typical`` (chatter too, 1 set in 1,000 fails), ``chatter`` (no progress)."""
    rng = random.Random(1)
    parts: list[str] = []
    total, image_set = 0, 0
    while total < min(size, 8 << 20):
        image_set += 1
        text = "" if kind == "chatter" else progress(image_set)
        text += "" if kind == "progress" else chatter(rng) * 3
        text += failure() if kind == "typical" and image_set % 1000 == 0 else ""
        parts.append(text)
        total += len(text)
    data = "".join(parts).encode()
    return data * max(1, size // len(data))


def cpu() -> float:
    """Seconds of processor time, this process and the ones that it waited for: a busy machine does not blur it."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def timed(function: Callable[[], object]) -> float:
    start = cpu()
    function()
    return max(cpu() - start, 1e-6)


def detect(data: bytes) -> None:
    found = detector.Detector()
    for at in range(0, len(data), CHUNK):
        found.feed(data[at : at + CHUNK])
    found.close()


def plainly(data: bytes) -> None:
    """As where the ``fast`` extra is not installed."""
    made = detector.make_finder
    detector.make_finder = line_rules.plain_finder
    try:
        detect(data)
    finally:
        detector.make_finder = made


def search(command: list[object], found: Path) -> None:
    # Into a file: GNU grep stops at the first match when its output is /dev/null.
    with found.open("wb") as file:
        subprocess.run(command, stdout=file, check=False, env={**os.environ, "LC_ALL": "C"})  # type: ignore[list-item]


def grep_patterns() -> str:
    """What the detector looks for, for ``grep -E -f``."""
    literals = [t.replace("(", r"\(").replace(")", r"\)") for rule in LINE_RULES for t in rule.texts]
    return "\n".join([*literals, "Image # [0-9]+, module [A-Za-z0-9_]+ # [0-9]+: CPU_time"])


def main() -> None:
    size = int(sys.argv[1] if len(sys.argv) > 1 else 64) << 20
    print("MB per CPU second, and the detector's ratio to grep")
    print(f"{'log':10}{'detector':>12}{'no ahocorasick_rs':>20}{'grep -E -f':>12}{'cat':>10}{'ratio':>8}")
    with tempfile.TemporaryDirectory() as folder:
        patterns, log = Path(folder, "patterns"), Path(folder, "log")
        patterns.write_text(grep_patterns())
        for kind in ("progress", "typical", "chatter"):
            data = make(kind, size)
            log.write_bytes(data)
            grep = ["grep", "-a", "-E", "-f", patterns, log]
            times = [
                min(timed(lambda d=data: detect(d)) for _ in range(3)),
                timed(lambda d=data: plainly(d)),
                min(timed(lambda c=grep: search(c, Path(folder, "found"))) for _ in range(3)),
                min(
                    timed(lambda: subprocess.run(["cat", log], stdout=subprocess.DEVNULL, check=True)) for _ in range(3)
                ),
            ]
            speeds = [len(data) / 1e6 / t for t in times]
            detected, plain, grepped, copied = speeds
            print(f"{kind:10}{detected:12.0f}{plain:20.0f}{grepped:12.0f}{copied:10.0f}{detected / grepped:8.2f}")


if __name__ == "__main__":
    main()
