"""Starts Snakemake, passes on what it says, and keeps what of it tells why it failed."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platerunner_snakemake.summary import MadeFile

_ERROR = re.compile(r"^Error in rule (\S+?)[,:]")
_OUTPUT = re.compile(r"^    output: (.+)$")
_EXCEPTION = re.compile(r"^(?:\w+(?:Error|Exception)|Error)\b.*")
_VAGUE = re.compile(r"^(?:RuleException|CalledProcessError|WorkflowError:$)")
_SHOWN = 3
# A container's home cannot be written, and Snakemake keeps sources in its cache.
CACHE = {"XDG_CACHE_HOME": tempfile.gettempdir()}
_ASK_S = 600


@dataclass(frozen=True)
class Ended:
    """How Snakemake ended.

    :param stopped: whether somebody asked for the end.
    :param failed: rule and output of each job that failed, once however often it was tried.
    :param error: what stopped the workflow itself; empty if nothing did.
    """

    code: int
    stopped: bool
    failed: tuple[tuple[str, str], ...]
    error: str

    @property
    def failed_rules(self) -> frozenset[str]:
        """The rules with a job that failed."""
        return frozenset(rule for rule, _ in self.failed)

    def sentence(self, made: Sequence[MadeFile]) -> str:
        """The remark for people; empty if there is none.

        :param made: what the workflow makes; empty to leave it out.
        """
        done = sum(file.done for file in made)
        counted = f"{done} of {len(made)} files are done" if made else ""
        if self.stopped:
            return "it was stopped; the next attempt goes on from here"
        if self.failed:
            names = ", ".join(f"{rule} for {output}" for rule, output in self.failed[:_SHOWN])
            more = f" and {len(self.failed) - _SHOWN} more" if len(self.failed) > _SHOWN else ""
            jobs = "job" if len(self.failed) == 1 else "jobs"
            told = f"{len(self.failed)} {jobs} failed: {names}{more}; the next attempt runs only what is missing"
            return f"{counted}; {told}" if counted else told
        return self.error if self.code else counted


def run(argv: Sequence[str], work: Path) -> Ended:
    """Run Snakemake to its end; TERM is passed on, and is no reason to leave first.

    :param argv: the whole command.
    :param work: the folder that it runs in.
    """
    listening = _Listening()
    process = subprocess.Popen(
        argv, cwd=work, env={**os.environ, **CACHE}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with _passed_on(process) as stopped:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            listening.hear(line.rstrip("\n"))
        code = process.wait()
    failed = tuple(dict.fromkeys(listening.failed)) if code else ()
    return Ended(code if code >= 0 else 128 - code, bool(stopped), failed, listening.error)


def ask(argv: Sequence[str], work: Path) -> str:
    """What Snakemake answers on stdout; empty if it cannot.

    :param argv: the whole command.
    :param work: the folder that it runs in.
    """
    environ = {**os.environ, **CACHE}
    done = subprocess.run(argv, cwd=work, env=environ, capture_output=True, text=True, timeout=_ASK_S, check=False)
    return done.stdout if done.returncode == 0 else ""


@contextmanager
def _passed_on(process: "subprocess.Popen[str]") -> Iterator[list[int]]:
    """TERM and INT go to the process; the signals that came."""
    came: list[int] = []

    def take(number: int, _frame: Any) -> None:
        came.append(number)
        process.send_signal(number)

    before = {number: signal.signal(number, take) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Listening:
    """Reads along."""

    def __init__(self) -> None:
        self.failed: list[tuple[str, str]] = []
        self.error = ""
        self._rule, self._open = "", False

    def hear(self, line: str) -> None:
        """Take a line."""
        if found := _ERROR.match(line):
            self._rule = found[1]
        elif self._rule and (found := _OUTPUT.match(line)):
            self.failed.append((self._rule, found[1].partition(" (")[0]))
            self._rule = ""
        elif self._open and line.strip():  # the line after an exception's name says what it is about
            self.error, self._open = f"{self.error} {line.strip()}", False
        elif not self.error and _EXCEPTION.match(line) and not _VAGUE.match(line):
            self.error, self._open = line.strip(), line.rstrip().endswith(":")
