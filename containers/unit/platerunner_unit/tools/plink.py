"""PLINK 1.9 or 2, by a command line with placeholders, with a look at its inputs before and at its tables after.

Version 1.9 ends with 0 though it left a trait out, found no phenotype or cut numbers at a decimal comma, so nothing is
taken from the exit code; see :mod:`platerunner_unit.judge.plink_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.regenie import RegenieAsked, RegenieLog, RegenieOutput, RegenieRun
from platerunner_unit.plink import inputs, log
from platerunner_unit.plink.command_line import chromosome
from platerunner_unit.regenie import tables
from platerunner_unit.tools.command import Command
from platerunner_unit.tools.job import Job
from platerunner_unit.tools.prefixed import in_one

PREFIXED = {"--bfile": ".bed", "--pfile": ".pgen"}
WORKSPACE = 0.8
"""PLINK's share of the memory asked for: without a limit it reserves half of the host's."""
LEAST = 640
"""MiB that version 2 asks for at least."""


class Plink(Command):
    """The tool ``plink``."""

    remedy = "Use an image that has PLINK (Debian's packages plink2 and plink1.9), or correct the step's `argv`."

    def __init__(self) -> None:
        self._asked = RegenieAsked()

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Look at each input."""
        problems = super().prepare(job)
        if problems:
            return problems
        found = inputs.check(self.command(job), job.folder.out, _outputs(job))
        self._asked = found.asked
        return found.problems

    def command(self, job: Job) -> list[str]:
        """The step's command line, filled in, with as many threads and as much memory as the step asks for.

        :raises PlaceholderError: if it names something that the unit does not have.
        """
        argv = list(in_one(super().command(job), PREFIXED))
        vcpus, memory = job.step.requested.get("vcpus"), job.step.requested.get("memory")
        if vcpus and "--threads" not in argv:
            argv += ["--threads", str(max(int(vcpus), 1))]
        if memory and "--memory" not in argv:
            argv += ["--memory", str(max(int(memory * WORKSPACE / 2**20), LEAST))]
        return argv

    def evidence(self, job: Job, tail: Sequence[str] = ()) -> dict[str, Any]:
        """What was asked for, said and left."""
        written = sorted(job.folder.out.rglob("*.log"))
        said = log.read(["\n".join(tail), *(path.read_text(encoding="utf-8", errors="replace") for path in written)])
        outputs = tuple(self._measured(job))
        asked = replace(self._asked, variants=_wanted(self._asked, said))
        tested = dict.fromkeys(name for output in outputs for name in output.chromosomes)
        return {"regenie": RegenieRun(asked, replace(said, chromosomes=tuple(tested)), outputs)}

    def _measured(self, job: Job) -> Iterator[RegenieOutput]:
        for name in _outputs(job):
            found = tables.measure(name, job.folder.out / name, self._asked.traits)
            yield replace(found, chromosomes=tuple(dict.fromkeys(map(chromosome, found.chromosomes))))


def _wanted(asked: RegenieAsked, said: RegenieLog) -> int | None:
    """Variants that should have a test: those that filters left, else all that the genotypes have."""
    if said.remaining is not None:
        return said.remaining
    return said.variants if asked.variants is None else asked.variants


def _outputs(job: Job) -> list[str]:
    return [file.source or file.key for files in job.unit.outputs.values() for file in files]
