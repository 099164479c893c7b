"""The tools that the runner can run, by the name that a step file gives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Callable, Protocol

from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.tools.job import Job


class Tool(Protocol):
    """What the runner asks of a tool; one object serves one attempt.

    :ivar remedy: what to do if its program is not there.
    :ivar loads: the modules that are most of its program's start, loaded once for the units of a batch, with ``.*`` all
        of a package; none for a program that is started for each unit.
    """

    remedy: str
    loads: tuple[str, ...]

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Write what the tool reads besides its inputs, and say what stands against starting it."""

    def flat(self, job: Job) -> Collection[Path]:
        """Inputs that the tool reads one plane of, after :meth:`prepare`."""

    def command(self, job: Job) -> list[str]:
        """Program and arguments."""

    def folder(self, job: Job) -> Path:
        """Where the program starts."""

    def environment(self, job: Job) -> dict[str, str]:
        """Variables on top of the runner's."""

    def complete(self, job: Job) -> bool:
        """Whether the tool itself says that all its work is done, though it may still run."""

    def evidence(self, job: Job, tail: Sequence[str] = ()) -> dict[str, Any]:
        """Fields of :class:`platerunner_unit.contract.evidence.Evidence` that only this tool knows.

        :param tail: the last lines that it said; empty before it was started.
        """


class UnknownToolError(Exception):
    """No tool of that name; the message is a sentence for people."""


def get(name: str) -> Tool:
    """A tool by name.

    :param name: as in :attr:`platerunner_unit.contract.manifest.StepTask.tool`.
    :raises UnknownToolError: if there is none.
    """
    if name not in TOOLS:
        known = ", ".join(TOOLS)
        raise UnknownToolError(f"this runner knows no tool `{name}`, only {known}; use an image with a newer runner")
    return TOOLS[name]()


# Each is imported when it is asked for: a unit has one, and the imports are a good part of the runner's own time.
def _cellprofiler() -> Tool:
    from platerunner_unit.tools.cellprofiler import CellProfiler

    return CellProfiler()


def _command() -> Tool:
    from platerunner_unit.tools.command import Command

    return Command()


def _plink() -> Tool:
    from platerunner_unit.tools.plink import Plink

    return Plink()


def _regenie() -> Tool:
    from platerunner_unit.tools.regenie import Regenie

    return Regenie()


TOOLS: dict[str, Callable[[], Tool]] = {
    "cellprofiler": _cellprofiler,
    "command": _command,
    "plink": _plink,
    "regenie": _regenie,
}
