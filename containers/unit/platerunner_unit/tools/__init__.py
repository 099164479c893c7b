"""The tools that the runner can run, by the name that a step file gives."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.tools.job import Job


class Tool(Protocol):
    """What the runner asks of a tool; one object serves one attempt.

    :ivar remedy: what to do if its program is not there.
    """

    remedy: str

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Write what the tool reads besides its inputs, and say what stands against starting it."""

    def flat(self, job: Job) -> Collection[Path]:
        """Inputs of which the tool reads one plane, after :meth:`prepare`."""

    def command(self, job: Job) -> list[str]:
        """Program and arguments."""

    def environment(self, job: Job) -> dict[str, str]:
        """Variables on top of the runner's."""

    def complete(self, job: Job) -> bool:
        """Whether the tool itself says that all its work is done, though it may still run."""

    def evidence(self, job: Job) -> dict[str, Any]:
        """Fields of :class:`platerunner_unit.contract.evidence.Evidence` that only this tool knows."""


class UnknownToolError(Exception):
    """No tool of that name; the message is a sentence for people."""


def get(name: str) -> Tool:
    """A tool by name.

    :param name: as in :attr:`platerunner_unit.contract.manifest.StepTask.tool`.
    :raises UnknownToolError: if there is none.
    """
    from platerunner_unit.tools.cellprofiler import CellProfiler
    from platerunner_unit.tools.command import Command

    tools: dict[str, type[Tool]] = {"cellprofiler": CellProfiler, "command": Command}
    if name not in tools:
        known = ", ".join(tools)
        raise UnknownToolError(f"this runner knows no tool `{name}`, only {known}; use an image with a newer runner")
    return tools[name]()
