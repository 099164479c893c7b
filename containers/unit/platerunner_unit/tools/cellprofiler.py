"""CellProfiler 4.2, headless, on the rows of a LoadData table made for the unit.

Measured with 4.2.8: ``--data-file`` replaces the file and folder that the pipeline's LoadData names, before its columns
are read; grouping, rescaling and the range of rows stay the pipeline's. INFO is the default level, and the lines that
prove each image set's work are at INFO, so the level is never given.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.cellprofiler import checks as cppipe_checks
from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler import saved_names as cppipe_names
from platerunner_unit.cellprofiler.csv_rows import Rows
from platerunner_unit.cellprofiler.load_data import LoadDataError, Table, build, names_at_risk
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.tools import plausible
from platerunner_unit.tools.job import Job

COMPLETE = "Complete"
PLUGINS_VARIABLE = "PLATERUNNER_CELLPROFILER_PLUGINS"
"""Names an image's own folder of plugins; CellProfiler takes one folder, so a step's own go before it."""
LOAD_DATA = Path(__file__).with_name("loaddata.py")
_DONE_LIMIT = 1000
# CellProfiler knows a plugin by its class, or by the name that the class gives itself.
_PLUGIN_NAME = re.compile(r"^class\s+(\w+)|\bmodule_name\s*=\s*[\"'](\w+)", re.MULTILINE)


class CellProfiler:
    """The tool ``cellprofiler``."""

    remedy = "Use an image that has it; on a laptop, `make cellprofiler` installs it."

    def __init__(self) -> None:
        self._table = Table((), ())
        self._pipeline: Optional[cppipe.Cppipe] = None

    def prepare(self, job: Job) -> tuple[PreflightProblem, ...]:
        """Write the LoadData table, clear a stale done file (CellProfiler never does), and look at the pipeline."""
        _done(job).unlink(missing_ok=True)
        if job.step.load_data is None:
            return (
                PreflightProblem("pipeline_invalid", f"step `{job.step.step}` needs `load_data` to run CellProfiler"),
            )
        if len(job.tool_files("pipeline")) != 1:
            return (PreflightProblem("pipeline_invalid", f"step `{job.step.step}` needs one file in `with: pipeline`"),)
        try:
            self._table = build(job.step.load_data, job.unit, job.inputs)
        except LoadDataError as error:
            return (error.problem,)
        _csv(job).write_text(self._table.to_csv(), encoding="utf-8")
        problems = self._pipeline_problems(job)
        self._gather_plugins(job)
        return problems

    def command(self, job: Job) -> list[str]:
        """The command line."""
        options = {
            "-p": job.tool_files("pipeline")[0],
            "--data-file": _csv(job),
            "-i": job.folder.inputs,
            "-o": job.folder.out,
            "-d": _done(job),
            "-t": job.folder.tmp,
        }
        argv = [job.settings.cellprofiler, "-c", "-r"]
        argv += [text for option, path in options.items() for text in (option, str(path))]
        return [*argv, f"--plugins-directory={_own_plugins(job)}"]

    def flat(self, job: Job) -> Collection[Path]:
        """The images that LoadData loads: a row of its table has no plane in it."""
        mapping = job.step.load_data
        named = set(mapping.images.values()) if mapping is not None else set()
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
            "PLATERUNNER_NUMBERS": " ".join(self._table.numbers),
        }

    def complete(self, job: Job) -> bool:
        """Whether the done file says so."""
        return _done_text(job) == COMPLETE

    def evidence(self, job: Job) -> dict[str, Any]:
        """Done file, image sets asked for, and what the pipeline file holds."""
        known = {
            "done_file_asked": True,
            "done_file": _done_text(job),
            "sets_asked": tuple(range(1, len(self._table.rows) + 1)),
            "set_labels": tuple(enumerate(self._table.labels, start=1)),
            "sets_in_table": _sets_in_table(job),
            "names_at_risk": names_at_risk(self._table),
        }
        if self._pipeline is None:
            return known
        return {
            **known,
            "module_blocks": self._pipeline.blocks,
            "module_count": self._pipeline.module_count,
            "warnings": cppipe_checks.warnings(self._pipeline),
            "asks": "batch_file" if self._pipeline.has("CreateBatchFiles") else "image_sets",
            "modules_enabled": tuple((module.name, module.number) for module in self._pipeline.enabled),
        }

    def _gather_plugins(self, job: Job) -> None:
        """Make the folder that CellProfiler looks into, it takes only one: links to the plugins, and our LoadData.

        A plugin called LoadData is left alone; the judge then finds out whether it kept the names.
        """
        folder = _own_plugins(job)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        source = _plugins(job) or self._image_plugins(job)
        for each in sorted(Path(source).iterdir()) if source else ():
            (folder / each.name).symlink_to(each.absolute())
        if not (folder / LOAD_DATA.name).exists():
            shutil.copyfile(LOAD_DATA, folder / LOAD_DATA.name)

    def _image_plugins(self, job: Job) -> str:
        """The image's folder of plugins if the pipeline uses one of them; others run without, as on a laptop."""
        there = _image_modules(job)
        used = self._pipeline is not None and any(module.name in there for module in self._pipeline.enabled)
        return job.settings.environ[PLUGINS_VARIABLE] if used else ""

    def _pipeline_problems(self, job: Job) -> tuple[PreflightProblem, ...]:
        self._pipeline = cppipe.read(job.tool_files("pipeline")[0])
        problems = cppipe.check(self._pipeline, _plugin_modules(job), set(self._table.columns))
        rows = Rows(self._table.columns, self._table.rows)
        return (*problems, *cppipe_names.check(self._pipeline, rows, None))


def _own_plugins(job: Job) -> Path:
    return job.folder.root / "plugins"


def _csv(job: Job) -> Path:
    return job.folder.root / "load_data.csv"


def _done(job: Job) -> Path:
    return job.folder.root / "done.txt"


def _done_text(job: Job) -> Optional[str]:
    try:
        return _done(job).read_text(errors="replace")[:_DONE_LIMIT].strip()
    except FileNotFoundError:
        return None


def _plugins(job: Job) -> str:
    """The folder that holds the plugins; CellProfiler looks into that one only, not below it."""
    folders = {str(path.parent) for path in job.tool_files("plugins") if path.suffix == ".py"}
    return os.path.commonpath(folders) if folders else ""


def _plugin_modules(job: Job) -> set[str]:
    """Names that modules of the step's plugin files may have, or those of the image's if the step has none."""
    own = [path for path in job.tool_files("plugins") if path.suffix == ".py"]
    return _module_names(own) if own else _image_modules(job)


def _image_modules(job: Job) -> set[str]:
    """Names that modules of the image's plugins may have; none outside an image."""
    folder = job.settings.environ.get(PLUGINS_VARIABLE)
    return _module_names(sorted(Path(folder).glob("*.py"))) if folder else set()


def _module_names(files: Iterable[Path]) -> set[str]:
    texts = (path.read_text(errors="replace") for path in files)
    return {name for text in texts for names in _PLUGIN_NAME.findall(text) for name in names if name}


def _sets_in_table(job: Job) -> Optional[tuple[int, ...]]:
    """Image sets with a whole row in the first Image table that the tool wrote; None if there is none."""
    tables = (plausible.image_table(path) for path in sorted(job.folder.out.rglob("*.csv")))
    return next((table.whole for table in tables if table is not None), None)
