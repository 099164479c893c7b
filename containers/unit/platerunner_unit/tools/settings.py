"""What the environment tells the runner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.manifest import LINE_VARIABLE

GRACE_S = 20.0
LINGER_S = 60.0


class SettingsError(Exception):
    """The environment says something that cannot be; the message names the variable."""


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
    :param parent: pid whose end ends the unit; None outside the embedded cloud.
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
        :raises SettingsError: if a number is none.
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
