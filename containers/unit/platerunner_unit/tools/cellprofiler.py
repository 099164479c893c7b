"""CellProfiler 4.2, headless, on the rows of a LoadData table made for the unit, or on the unit's files as they are.

Measured with 4.2.8: ``--data-file`` replaces the file and folder that the pipeline's LoadData names, before its columns
are read; grouping, rescaling and the range of rows stay the pipeline's. INFO is the default level, and the lines that
prove each image set's work are at INFO, so the level is never given. With ``--file-list`` the pipeline's own rules make
the image sets and say nowhere how many: a module of ours, last in a copy of the pipeline, writes them down beforehand.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.cellprofiler import checks as cppipe_checks
from platerunner_unit.cellprofiler import copies, fit, image_sets, written
from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler import saved_names as cppipe_names
from platerunner_unit.cellprofiler.csv_rows import Rows
from platerunner_unit.cellprofiler.image_sets import file_list
from platerunner_unit.cellprofiler.load_data import LoadDataError, Table, build, names_at_risk, with_left_out
from platerunner_unit.cellprofiler.model import Module
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.tools import plugins
from platerunner_unit.tools.image_table import image_table
from platerunner_unit.tools.job import Job
from platerunner_unit.tools.planes import UnitPlanes

COMPLETE = "Complete"
LOAD_DATA = Path(__file__).with_name("loaddata.py")
LIST_IMAGE_SETS = Path(__file__).with_name("listimagesets.py")
BATCH_MODULE = "CreateBatchFiles"
BATCH_FILE = "Batch_data.h5"
_DONE_LIMIT = 1000


class CellProfiler:
    """The tool ``cellprofiler``."""

    remedy = "Use an image that has it; on a laptop, `make cellprofiler` installs it."
    # Not `cellprofiler_core.modules`: at its import it looks for plugins, which each unit has in a folder of its own.
    loads: tuple[str, ...] = ("cellprofiler.__main__", "cellprofiler.modules.*")

    def __init__(self) -> None:
        self._table: Optional[Table] = None
        self._pipeline: Optional[cppipe.Cppipe] = None
        self._disabled: tuple[cppipe.Module, ...] = ()

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Write the LoadData table, clear a stale done file (CellProfiler never does), and look at the pipeline."""
        _done(job).unlink(missing_ok=True)
        _list(job).unlink(missing_ok=True)
        if len(job.tool_files("pipeline")) != 1:
            return (PreflightProblem("pipeline_invalid", f"step `{job.step.step}` needs one file in `with: pipeline`"),)
        planes = UnitPlanes(job)
        if problems := (*planes.uncounted(), *planes.problems):
            return problems
        try:
            self._table = _table(job, planes)
        except LoadDataError as error:
            return (error.problem,)
        if not job.inputs:
            return (PreflightProblem("nothing_matched", "the unit has no input files, so there is no image set"),)
        _csv(job).write_text(self._table.to_csv() if self._table else file_list(_staged(job)), encoding="utf-8")
        problems = tuple(self._pipeline_problems(job))
        plugins.gather(job, self._pipeline, LIST_IMAGE_SETS if self._table is None else LOAD_DATA)
        return problems

    def command(self, job: Job) -> list[str]:
        """The command line."""
        options = {
            "-p": self._pipeline_file(job),
            "--data-file" if self._table else "--file-list": _csv(job),
            "-i": job.folder.inputs,
            "-o": job.folder.out,
            "-d": _done(job),
            "-t": job.folder.tmp,
        }
        argv = [job.settings.cellprofiler, "-c", "-r"]
        argv += [text for option, path in options.items() for text in (option, str(path))]
        return [*argv, f"--plugins-directory={plugins.gathered(job)}"]

    def folder(self, job: Job) -> Path:
        """The output folder."""
        return job.folder.out

    def flat(self, job: Job) -> Collection[Path]:
        """Images of LoadData, since its table names no plane; all of a list, unless the pipeline reads planes."""
        if job.step.load_data is not None:
            named = {*job.step.load_data.images.values(), *job.step.load_data.objects.values()} - set(job.step.planes)
        else:
            by_design = self._pipeline is None or any(map(_reads_planes, self._pipeline.enabled))
            named = set() if by_design else set(job.unit.inputs) - set(job.step.planes)
        return {job.folder.path_of(file) for name in named for file in job.unit.inputs.get(name, ())}

    def environment(self, job: Job) -> dict[str, str]:
        """``-Xrs`` keeps the JVM away from signals, without which TERM deadlocks in two of three runs."""
        given = job.settings.environ
        java = f"{given.get('JAVA_TOOL_OPTIONS', '')} -Xrs".strip()
        home = given.get("HOME", "")
        writable = bool(home) and os.access(home, os.W_OK | os.X_OK)
        return {
            "JAVA_TOOL_OPTIONS": java,
            "HOME": home if writable else str(job.folder.home),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONUNBUFFERED": "1",
            "PLATERUNNER_NUMBERS": " ".join(self._table.numbers) if self._table else "",
            "PLATERUNNER_IMAGE_SETS": str(_list(job)),
        }

    def complete(self, job: Job) -> bool:
        """Whether the done file says so."""
        return _done_text(job) == COMPLETE

    def evidence(self, job: Job, tail: Sequence[str] = ()) -> dict[str, Any]:  # noqa: ARG002
        """Done file, image sets asked for, and what the pipeline file holds."""
        known = {
            "done_file_asked": True,
            "done_file": _done_text(job),
            "sets_in_table": _sets_in_table(job),
            "asks": "image_sets",
            "names_at_risk": names_at_risk(self._table) if self._table else (),
            **self._sets(job),
        }
        if self._pipeline is None:
            return known
        return {
            **known,
            "module_blocks": self._pipeline.blocks,
            "module_count": self._pipeline.module_count,
            "warnings": (*cppipe_checks.warnings(self._pipeline), *self._remarks(job)),
            "asks": "batch_file" if self._pipeline.has(BATCH_MODULE) else "image_sets",
            "flags": tuple(module.number for module in self._pipeline.enabled if _skips(module)),
            "allow_flagged": job.step.allow_flagged,
            "modules_enabled": tuple((module.name, module.number) for module in self._pipeline.enabled),
        }

    def _sets(self, job: Job) -> dict[str, Any]:
        """The image sets asked for: the table's rows, or what CellProfiler wrote down before it began with them."""
        if self._table is not None:
            numbered = tuple(enumerate(self._table.labels, start=1))
            return {"sets_asked": tuple(range(1, len(self._table.rows) + 1)), "set_labels": numbered}
        sets = image_sets.read(_list(job))
        if not sets:
            return {"sets_asked": sets, "unmatched": image_sets.unmatched(_staged(job))}
        return {
            "sets_asked": tuple(each.number for each in sets),
            "set_labels": tuple((each.number, each.label) for each in sets),
        }

    def _remarks(self, job: Job) -> Iterator[str]:
        for module in self._disabled:
            yield (
                f"{module.place} was disabled in the copy of the pipeline that ran, since it writes a batch file and "
                "ends a run before its work."
            )
        if self._pipeline is not None:
            yield from written.remarks(self._pipeline)
        sets = image_sets.read(_list(job)) if self._table is None else None
        if sets is not None:
            yield from image_sets.remarks(sets, _staged(job))

    def _pipeline_file(self, job: Job) -> Path:
        """The pipeline, or the copy that is run in its place."""
        (path,) = job.tool_files("pipeline")
        if self._pipeline is None or (self._table and not self._disabled):
            return path
        copy = job.folder.root / "copy" / path.name
        numbers = [module.number for module in self._disabled]
        copies.write_copy(path, copy, self._pipeline, numbers, lists=self._table is None)
        return copy

    def _pipeline_problems(self, job: Job) -> Iterator[PreflightProblem]:
        found = cppipe.read(job.tool_files("pipeline")[0])
        expected = [file.source or file.key for files in job.unit.outputs.values() for file in files]
        if not any(key.endswith(BATCH_FILE) for key in expected):
            self._disabled = tuple(module for module in found.enabled if module.name == BATCH_MODULE)
        self._pipeline = copies.without(found, self._disabled)
        columns = set(self._table.columns) if self._table else None
        faults = cppipe.check(self._pipeline, plugins.modules(job), columns)
        yield from faults
        if faults:
            return
        rows = len(self._table.rows) if self._table else None
        for finding in fit.check(self._pipeline, columns, expected, rows):
            yield PreflightProblem("pipeline_invalid", f"{finding.message}.", finding.remedy)
        if self._table:
            yield from cppipe_names.check(self._pipeline, Rows(self._table.columns, self._table.rows), None)


def _table(job: Job, planes: UnitPlanes) -> Optional[Table]:
    """LoadData's table; None if the step has no ``load_data``."""
    if job.step.load_data is None:
        return None

    def plane_of(name: str, file: InputFile) -> Optional[tuple[int, int]]:
        plane = planes.plane(name, file)
        return None if plane is None else (plane.series, plane.frame)

    table = build(job.step.load_data, planes.apart(), job.inputs, plane_of)
    return with_left_out(table, job.left_out) if job.step.leave_out else table


def _skips(module: Module) -> bool:
    """Whether it is a FlagImage that skips the image sets that it flags."""
    skips = (value for text, value in module.settings if text == "Skip image set if flagged?")
    return module.name == "FlagImage" and "Yes" in skips


def _reads_planes(module: Module) -> bool:
    """Whether it takes files apart into their planes, or whole as volumes, by design."""
    if module.name == "NamesAndTypes":
        return module.value("Process as 3D?") == "Yes"
    methods = {value for text, value in module.settings if text == "Metadata extraction method"}
    from_headers = bool(methods & {"Extract from image file headers", "Automatic"})
    return module.name == "Metadata" and module.value("Extract metadata?") == "Yes" and from_headers


def _csv(job: Job) -> Path:
    """LoadData's table, or the file list."""
    return job.folder.root / ("load_data.csv" if job.step.load_data else "files.txt")


def _list(job: Job) -> Path:
    """Where CellProfiler writes down the image sets that it makes of a file list."""
    return job.folder.root / "image_sets.json"


def _staged(job: Job) -> dict[Path, InputFile]:
    files = (file for files in job.unit.inputs.values() for file in files)
    return {job.folder.path_of(file): file for file in files}


def _done(job: Job) -> Path:
    return job.folder.root / "done.txt"


def _done_text(job: Job) -> Optional[str]:
    try:
        return _done(job).read_text(errors="replace")[:_DONE_LIMIT].strip()
    except FileNotFoundError:
        return None


def _sets_in_table(job: Job) -> Optional[tuple[int, ...]]:
    """Image sets with a whole row in the first Image table that the tool wrote; None if there is none."""
    tables = (image_table(path) for path in sorted(job.folder.out.rglob("*.csv")))
    return next((table.whole for table in tables if table is not None), None)
