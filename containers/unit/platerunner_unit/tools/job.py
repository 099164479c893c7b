"""One unit as a tool sees it: its manifest, the work folder, and what the environment says."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.manifest import LINE_VARIABLE, InputFile, StepTask, UnitTask
from platerunner_unit.contract.unit_keys import folder_of

GRACE_S = 20.0
LINGER_S = 60.0


class SettingsError(Exception):
    """A variable of the environment has an impossible value; the message names it."""


@dataclass(frozen=True)
class Settings:
    """The runner's settings, read once.

    :param index: array index of this child, from 0; 0 for a plain job.
    :param line: length of the manifest's lines in bytes; None if they differ.
    :param job_id: as Batch names the job; None outside Batch.
    :param job_attempt: Batch's own count of attempts, from 1.
    :param work: the work folder; None for a fresh one under the temporary folder.
    :param keep_work: leave the work folder behind.
    :param grace_s: seconds between TERM and KILL; must leave time for the outcome within Batch's own 30 s.
    :param linger_s: seconds that a tool may stay alive after it said that it is complete.
    :param parent: process id; its end ends the unit. None outside the embedded cloud.
    :param cellprofiler: the program to start for the tool ``cellprofiler``.
    :param environ: the whole environment, for the tool.
    """

    index: int = 0
    line: Optional[int] = None
    job_id: Optional[str] = None
    job_attempt: int = 1
    work: Optional[Path] = None
    keep_work: bool = False
    grace_s: float = GRACE_S
    linger_s: float = LINGER_S
    parent: Optional[int] = None
    cellprofiler: str = "cellprofiler"
    environ: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings.

        :param environ: ``AWS_BATCH_*`` as Batch sets them, and ``PLATERUNNER_*``.
        :raises SettingsError: if a value is not a number.
        """
        work = environ.get("PLATERUNNER_WORK")
        parent = _number(environ, "PLATERUNNER_PARENT", 0)
        return cls(
            index=int(_number(environ, "AWS_BATCH_JOB_ARRAY_INDEX", 0)),
            line=int(_number(environ, LINE_VARIABLE, 0)) or None,
            job_id=environ.get("AWS_BATCH_JOB_ID") or None,
            job_attempt=int(_number(environ, "AWS_BATCH_JOB_ATTEMPT", 1)),
            work=Path(work).absolute() if work else None,
            keep_work=bool(environ.get("PLATERUNNER_KEEP_WORK")),
            grace_s=_number(environ, "PLATERUNNER_GRACE", GRACE_S),
            linger_s=_number(environ, "PLATERUNNER_LINGER", LINGER_S),
            parent=int(parent) or None,
            cellprofiler=environ.get("PLATERUNNER_CELLPROFILER") or "cellprofiler",
            environ=dict(environ),
        )


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise SettingsError(f"{name}={text!r} is not a number of at least 0; unset it or correct it")
    return number


@dataclass(frozen=True)
class WorkFolder:
    """A folder with a room for each purpose.

    :param root: holds ``in/<root>/<key>``, ``out/``, ``tmp/`` (the tool's TMPDIR), ``tool/<param>/<name>``, ``home/``.
    """

    root: Path

    @classmethod
    def create(cls, root: Optional[Path], fingerprint: str) -> WorkFolder:
        """Make the folder, or reuse one that an earlier attempt left: its inputs stay, what its tool wrote is deleted.

        :param root: None for a fresh temporary folder.
        :param fingerprint: the unit's; inputs staged for another one are deleted, because they may differ
            at the same size.
        :raises OSError: if it cannot be made.
        """
        folder = cls(root or Path(tempfile.mkdtemp(prefix="platerunner-")))
        mark = folder.root / "fingerprint"
        same = mark.is_file() and mark.read_text() == fingerprint
        for stale in (folder.out, folder.tmp, folder.carried, *(() if same else (folder.inputs,))):
            shutil.rmtree(stale, ignore_errors=True)
        for room in (folder.inputs, folder.out, folder.tmp, folder.tool, folder.home):
            room.mkdir(parents=True, exist_ok=True)
        mark.write_text(fingerprint)
        return folder

    @property
    def inputs(self) -> Path:
        """Where inputs are staged."""
        return self.root / "in"

    @property
    def out(self) -> Path:
        """Where the tool writes."""
        return self.root / "out"

    @property
    def tmp(self) -> Path:
        """The tool's temporary folder."""
        return self.root / "tmp"

    @property
    def tool(self) -> Path:
        """The step's own files, by parameter."""
        return self.root / "tool"

    @property
    def home(self) -> Path:
        """A home for tools whose own is not writable."""
        return self.root / "home"

    @property
    def carried(self) -> Path:
        """What the unit's program keeps for its next attempt, if its module does that."""
        return self.root / "carried"

    @property
    def log(self) -> Path:
        """The gzipped log of the attempt."""
        return self.root / "log.gz"

    def path_of(self, file: InputFile) -> Path:
        """Where an input is staged: a file, or a folder that is one thing."""
        return self.inputs / file.root / (folder_of(file.key) or file.key)

    def disk_used(self) -> int:
        """Bytes of the unit's files. Links do not count, and a file with two names counts once."""
        files = (path.lstat() for path in self.root.rglob("*"))
        return sum({(stat.st_dev, stat.st_ino): stat.st_blocks * 512 for stat in files}.values())

    def remove(self) -> None:
        """Delete it all; what cannot be deleted stays."""
        shutil.rmtree(self.root, ignore_errors=True)


# These belong to the runner's interpreter and would break the tool's. macOS sets the last one in every venv.
_NOT_FOR_THE_TOOL = frozenset({"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"})


@dataclass(frozen=True)
class Job:
    """What a tool needs to know.

    :param inputs: (root, key) of each input to where it is staged.
    :param left_out: keys of input files that the unit goes on without.
    """

    step: StepTask
    unit: UnitTask
    folder: WorkFolder
    settings: Settings
    left_out: tuple[str, ...] = ()

    @property
    def inputs(self) -> dict[tuple[str, str], Path]:
        """Where each input is staged, by (root, key)."""
        files = (file for files in self.unit.inputs.values() for file in files)
        return {(file.root, file.key): self.folder.path_of(file) for file in files}

    def tool_folder(self, param: str) -> Path:
        """Where the files of a parameter are staged."""
        return self.folder.tool / param

    def tool_files(self, param: str) -> list[Path]:
        """The files of a parameter as staged; none if the step does not give it."""
        return [self.tool_folder(param) / file.name for file in self.step.files.get(param, ())]

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """The tool's environment: ours, without the runner's own variables.

        :param own: what the tool adds.
        """
        given = self.settings.environ.items()
        kept = {name: v for name, v in given if name not in _NOT_FOR_THE_TOOL and not name.startswith("PLATERUNNER_")}
        return {**kept, "TMPDIR": str(self.folder.tmp), **own}
