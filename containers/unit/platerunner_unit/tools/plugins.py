"""The folder of plugins that CellProfiler gets: it takes one folder, and does not look into folders below it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Optional

from platerunner_unit.cellprofiler.model import Cppipe
from platerunner_unit.cellprofiler.plugin_names import names_of
from platerunner_unit.tools.job import Job

PLUGINS_VARIABLE = "PLATERUNNER_CELLPROFILER_PLUGINS"
"""Names an image's own folder of plugins; a step's own go before it."""


def folder(job: Job, pipeline: Optional[Cppipe]) -> str:
    """The folder that holds the step's plugins, or the image's if the pipeline uses one of them; empty for none.

    :param pipeline: others run without the image's, as on a laptop.
    """
    folders = {str(path.parent) for path in _own_files(job)}
    if folders:
        return os.path.commonpath(folders)
    there = _image_modules(job)
    used = pipeline is not None and any(module.name in there for module in pipeline.enabled)
    return job.settings.environ[PLUGINS_VARIABLE] if used else ""


def modules(job: Job) -> set[str]:
    """Names that modules of the step's plugin files may have, or those of the image's if the step has none."""
    own = _own_files(job)
    return names_of(own) if own else _image_modules(job)


def gathered(job: Job) -> Path:
    """The folder that CellProfiler is given."""
    return job.folder.root / "plugins"


def gather(job: Job, pipeline: Optional[Cppipe], own: Path) -> None:
    """Make that folder: links to the plugins, and a module of the runner's.

    A plugin of that name is left alone; the judge then finds out that the runner's did not run.

    :param pipeline: as for :func:`folder`.
    :param own: the module.
    """
    target = gathered(job)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    source = folder(job, pipeline)
    for each in sorted(Path(source).iterdir()) if source else ():
        (target / each.name).symlink_to(each.absolute())
    if not (target / own.name).exists():
        shutil.copyfile(own, target / own.name)


def _own_files(job: Job) -> list[Path]:
    return [path for path in job.tool_files("plugins") if path.suffix == ".py"]


def _image_modules(job: Job) -> set[str]:
    """Names that modules of the image's plugins may have; none outside an image."""
    there = job.settings.environ.get(PLUGINS_VARIABLE)
    return names_of(sorted(Path(there).glob("*.py"))) if there else set()
