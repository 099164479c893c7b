"""regenie, by a command line with placeholders, with a look at its inputs before and at its outputs after.

It ends with 0 in many runs that lost work, so its exit code proves nothing; see
:mod:`platerunner_unit.judge.regenie_rules`. Two of its habits do not fit a container, and are made to fit here: the
master file of a split step 1 and the list of predictions name files by the paths that they had when they were written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.regenie import RegenieAsked, RegenieOutput, RegenieRun
from platerunner_unit.regenie import inputs, log, tables
from platerunner_unit.tools.command import Command
from platerunner_unit.tools.job import Job
from platerunner_unit.tools.prefixed import in_one

PREFIXED = {"--bed": ".bed", "--pgen": ".pgen"}
KEEP = "--keep-l0"
"""Without it level 1 deletes what level 0 made, trait by trait, so that no second attempt can succeed."""


class Regenie(Command):
    """The tool ``regenie``."""

    remedy = "Use an image that has regenie, or correct the step's `argv`."

    def __init__(self) -> None:
        self._asked = RegenieAsked()

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Put files where regenie will look for them, and look at each."""
        problems = super().prepare(job)
        if problems:
            return problems
        _Placed(job).write()
        found = inputs.check(self.command(job)[1:], job.folder.out)
        self._asked = found.asked
        return found.problems

    def command(self, job: Job) -> list[str]:
        """The step's command line, filled in and made to fit.

        :raises PlaceholderError: if it names something that the unit does not have.
        """
        placed = _Placed(job)
        argv = list(in_one(super().command(job), PREFIXED))
        argv = [placed.in_place_of(argument) for argument in argv]
        return [*argv, KEEP] if "--run-l1" in argv and KEEP not in argv else argv

    def evidence(self, job: Job, tail: Sequence[str] = ()) -> dict[str, Any]:
        """What was asked for, what the program printed, and what it wrote."""
        written = sorted(path for path in job.folder.out.rglob("*.log"))
        texts = ["\n".join(tail), *(path.read_text(encoding="utf-8", errors="replace") for path in written)]
        return {"regenie": RegenieRun(self._asked, log.read(texts), tuple(self._outputs(job)))}

    def _outputs(self, job: Job) -> Iterator[RegenieOutput]:
        for files in job.unit.outputs.values():
            for file in files:
                name = file.source or file.key
                yield tables.measure(name, job.folder.out / name, self._asked.traits)


class _Placed:
    """Lists of files, rewritten for where their files are staged.

    A master file names level 0's variant lists and parts by one prefix, and level 0 writes its parts beside the lists:
    so the lists are linked to where the unit's outputs are expected, and parts to the temporary folder. A list of
    predictions names LOCO files.
    """

    def __init__(self, job: Job) -> None:
        self._staged = {path.name: path for path in job.inputs.values()}
        outputs = [file.source or file.key for files in job.unit.outputs.values() for file in files]
        parts = any("_l0_" in Path(name).name for name in outputs)
        self._beside = job.folder.out / Path(outputs[0]).parent if parts else job.folder.tmp
        self._lists, self._masters = (
            {str(path): job.folder.tmp / path.name for path in job.inputs.values() if path.name.endswith(end)}
            for end in ("_pred.list", ".master")
        )

    def in_place_of(self, argument: str) -> str:
        """The argument, with the rewritten list in place of the staged one; behind a comma may be a job's number."""
        name, comma, number = argument.partition(",")
        placed = {**self._lists, **self._masters}.get(name)
        return argument if placed is None else f"{placed}{comma}{number}"

    def write(self) -> None:
        """Write the lists, and link what a master names."""
        for staged, placed in self._lists.items():
            lines = (line.rpartition(" ") for line in Path(staged).read_text().splitlines())
            here = [f"{trait} {self._staged.get(Path(name).name, name)}\n" for trait, _, name in lines]
            placed.write_text("".join(here))
        for staged, placed in self._masters.items():
            first, *parts = Path(staged).read_text().splitlines()
            rows = [(Path(prefix).name, rest) for prefix, *rest in (line.rsplit(None, 2) for line in parts)]
            placed.write_text("".join([f"{first}\n", *(f"{self._beside / job} {' '.join(n)}\n" for job, n in rows)]))
            self._link([job for job, _ in rows])

    def _link(self, jobs: Sequence[str]) -> None:
        self._beside.mkdir(parents=True, exist_ok=True)
        for name, path in self._staged.items():
            belongs = any(name == f"{job}.snplist" or name.startswith(f"{job}_l0_") for job in jobs)
            if belongs and not (self._beside / name).exists():
                (self._beside / name).symlink_to(path)
