"""Makes the outcome of an attempt and puts it, with the log, where everybody looks for it."""

from __future__ import annotations

import datetime
import gzip
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Optional

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence, Verdict
from platerunner_unit.contract.outcome import Outcome, OutputRecord, contents_of, digest, inputs_as_kept
from platerunner_unit.contract.planes import as_kept
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.unit_keys import log_key
from platerunner_unit.log.pump import LogFile
from platerunner_unit.tools.job import Job


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)  # noqa: UP017  (Python 3.9)


@dataclass
class Findings:
    """What an attempt has found out so far.

    :param seconds: phase (``stage_in_s``, ``tool_s``, ``stage_out_s``) to its length.
    :param open_line: whether the output ends in the middle of a line.
    :param modules: seconds per module, as the tool reports them.
    """

    evidence: Evidence
    seconds: dict[str, float] = field(default_factory=dict)
    modules: list[dict[str, Any]] = field(default_factory=list)
    outputs: tuple[OutputRecord, ...] = ()
    cpu_s: Optional[float] = None
    disk: Optional[int] = None
    open_line: bool = False
    started: datetime.datetime = field(default_factory=_now)
    clock: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the attempt began."""
        return time.monotonic() - self.clock


def attempt_number(job: Job) -> int:
    """Which attempt of its unit this is, over all submissions of the run, from 1."""
    return job.unit.attempts_before + job.settings.job_attempt


def outcome_of(job: Job, findings: Findings, verdict: Verdict) -> Outcome:
    """The record of the attempt."""
    step, unit = job.step, job.unit
    evidence = findings.evidence
    return Outcome(
        pipeline=step.pipeline,
        run_id=step.run_id,
        step=step.step,
        unit=unit.unit,
        values=unit.values,
        fingerprint=unit.fingerprint,
        attempt=attempt_number(job),
        verdict=verdict,
        job_id=job.settings.job_id,
        image=step.image,
        digest=step.digest,
        ingredients=_ingredients(job, verdict),
        evidence=asdict(evidence),
        outputs=findings.outputs,
        usage={
            "peak_memory": evidence.peak_memory,
            "cpu_s": findings.cpu_s,
            "disk": findings.disk,
            "requested": step.requested,
        },
        timing={
            "started": findings.started.isoformat(),
            "ended": _now().isoformat(),
            **{phase: round(seconds, 3) for phase, seconds in findings.seconds.items()},
        },
        modules=tuple(findings.modules),
        log=log_key(step.run_id, step.step, unit.unit, attempt_number(job)),
    )


def write(job: Job, workspace: Storage, outcome: Outcome, log: LogFile) -> None:
    """Store the log, then the outcome, so that a log can be read as soon as its outcome is seen.

    :param log: closed; where the disk was full and cut it, the last lines stand in for it.
    :raises StorageError: if the workspace cannot be written.
    """
    if log.error is None:
        workspace.upload(job.folder.log, outcome.log, digest(job.folder.log))
    else:
        tail = "\n".join(outcome.evidence.get("tail") or ())
        text = f"platerunner: the log could not be kept ({log.error}); its last lines\n{tail}\n"
        workspace.put(outcome.log, gzip.compress(text.encode(errors="replace")))
    workspace.put(outcome.key, outcome.to_json())


def last_line(unit: str, findings: Findings, verdict: Verdict) -> str:
    """The verdict as the last line of the output, on a line of its own."""
    return ("\n" if findings.open_line else "") + _one_line(unit, findings, verdict) + "\n"


def _one_line(unit: str, findings: Findings, verdict: Verdict) -> str:
    if verdict.category != Category.SUCCEEDED.value:
        return f"platerunner: {unit} failed: {verdict.category} - {verdict.sentence}"
    peak = findings.evidence.peak_memory
    memory = f" (peak {peak / 2**20:.0f} MiB)" if peak else ""
    notes = f"; {'; '.join(verdict.notes)}" if verdict.notes else ""
    return f"platerunner: {unit} succeeded in {findings.elapsed_s:.1f} s{memory}{notes}"


def _ingredients(job: Job, verdict: Verdict) -> dict[str, Any]:
    """What the fingerprint was made of, so that a rerun can be explained."""
    step = job.step
    succeeded = verdict.category == Category.SUCCEEDED.value
    return {
        "image": step.digest or step.image,
        "tool": step.tool,
        "argv": step.argv,
        "with": step.params,
        "files": {param: {file.name: file.sha256 for file in files} for param, files in step.files.items()},
        "load_data": step.load_data.as_kept() if step.load_data else None,
        **({"leave_out": step.leave_out} if step.leave_out else {}),
        **({"planes": as_kept(step.planes)} if step.planes else {}),
        "inputs": inputs_as_kept(job.unit.inputs),
        "contents": contents_of(step.roots, job.unit.inputs) if succeeded else {},
    }
