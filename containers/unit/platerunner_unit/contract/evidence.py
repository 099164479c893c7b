"""What an attempt left behind, as plain data: everything that the judge may look at."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Optional

from platerunner_unit.contract.regenie import RegenieRun
from platerunner_unit.contract.transfer import TransferFailure


@dataclass(frozen=True)
class LogMatch:
    """A line of the tool's output that a detector rule recognised.

    :param rule: name of the rule.
    :param line: the line, at most 2,000 characters.
    :param number: its number in the output, from 1.
    :param image_set: the image set that was being worked on; None if not known.
    :param frames: for an exception, the functions of its traceback, outermost first, joined by ``>``.
    """

    rule: str
    line: str
    number: int
    image_set: Optional[int] = None
    frames: str = ""

    @property
    def functions(self) -> list[str]:
        """The functions of its traceback, one by one; ``<module>`` and its like have brackets of their own."""
        return re.findall(r"<\w+>|[^<>]+", self.frames)


@dataclass(frozen=True)
class OutputFound:
    """One expected output as it was found (or not) after the tool ended.

    :param key: where stage-out would put it, relative to the workspace.
    :param size: bytes; None if it is not there.
    :param problem: why it is not plausible, as a clause; None if it is.
    :param cause: what kind of problem it is, if it has a remedy of its own.
    """

    key: str
    size: Optional[int]
    problem: Optional[str] = None
    cause: str = ""


@dataclass(frozen=True)
class WrittenFile:
    """A file that the tool wrote and that no output asks for.

    :param path: relative to the tool's output folder.
    :param size: bytes.
    """

    path: str
    size: int


@dataclass(frozen=True)
class PreflightProblem:
    """Something found before the tool was started.

    :param category: the category word that it leads to, e.g. ``input_missing``.
    :param sentence: for a person, with the file's name.
    :param hint: what to do about it; empty leaves that to its category.
    """

    category: str
    sentence: str
    hint: str = ""


@dataclass(frozen=True)
class BatchEvidence:
    """What AWS Batch says about the job, for containers that died silently.

    :param status: ``SUCCEEDED``, ``FAILED``, ``RUNNABLE``, ...
    :param status_reason: e.g. ``Host EC2 (instance i-0) terminated.``
    :param container_reason: e.g. ``OutOfMemoryError: Container killed due to memory usage``
    :param exit_code: the container's; None if it never ran.
    :param stopped: whether somebody asked Batch to end it (``isTerminated``, ``isCancelled``).
    """

    status: str = ""
    status_reason: str = ""
    container_reason: str = ""
    exit_code: Optional[int] = None
    stopped: bool = False


@dataclass(frozen=True)
class Evidence:
    """All that is known of one attempt; every field may be unknown, and the judge must cope.

    :param tool: ``cellprofiler``, ``regenie``, ``plink`` or ``command``; None if not known.
    :param started: whether the tool was started at all.
    :param exit_code: as ``Popen.returncode`` gives it: negative for a signal; None if it never ended.
    :param stopped_by: ``user`` (TERM from outside), ``timeout``, ``stall``, ``after_complete`` (hung after its work)
        or None.
    :param done_file_asked: whether ``-d`` was given.
    :param done_file: its text, stripped; None if none was written.
    :param sets_asked: image set numbers asked for; None if not known, which can prove nothing.
    :param sets_started: image sets seen in the log.
    :param sets_finished: image sets that reached the last module that runs per image set.
    :param modules_seen: (module name, module number) pairs seen in the log.
    :param module_blocks: blocks counted in the .cppipe; None if there is none.
    :param module_count: its ``ModuleCount``.
    :param modules_enabled: numbers and names of the enabled modules.
    :param matches: lines recognised by the detector, in order.
    :param tail: last lines of the output.
    :param outputs: expected outputs as found.
    :param preflight: problems found before the start, most decisive first.
    :param oom_kills: the cgroup's ``oom_kill`` count during the attempt; None if not known.
    :param peak_memory: bytes; None if not known.
    :param memory_limit: bytes; None if not known.
    :param disk_free: bytes on the tool's disk when it ended; None if not known.
    :param transfers: what could not be copied in or out, most decisive first.
    :param batch: what AWS Batch says; None inside the container.
    :param asks: what the tool was started for: ``image_sets``, ``batch_file`` (CreateBatchFiles) or ``listing``
        (``--measurements``, ``--print-groups``, ``--get-batch-commands``, ``--version``, ``--help``).
    :param sets_in_table: image sets that have a whole row in the tool's own Image table; None if it wrote none.
    :param reached: image set and the number of the last module that ended on it, as the log says.
    :param set_labels: image set number and what a person calls it, e.g. ``(5, "well A02, site 2")``.
    :param flags: numbers of the FlagImage modules that skip what they flag.
    :param allow_flagged: whether the spec allows that.
    :param unclaimed: files in the output folder that belong to no output, the first few by name.
    :param unclaimed_count: how many there are.
    :param names_at_risk: names that CellProfiler's own LoadData would write otherwise, e.g. ``plate 0512 as 512``.
    :param warnings: what may have changed the result without failing it, as sentences.
    :param unmatched: what became of the files that a pipeline's own rules should have made image sets of, as a
        sentence; empty if they did, or if the spec made them.
    :param regenie: what regenie or PLINK was asked for, said and left; None for other tools.
    """

    tool: Optional[str] = None
    started: bool = True
    exit_code: Optional[int] = None
    stopped_by: Optional[str] = None
    done_file_asked: bool = False
    done_file: Optional[str] = None
    sets_asked: Optional[tuple[int, ...]] = None
    sets_started: tuple[int, ...] = ()
    sets_finished: tuple[int, ...] = ()
    modules_seen: tuple[tuple[str, int], ...] = ()
    module_blocks: Optional[int] = None
    module_count: Optional[int] = None
    modules_enabled: tuple[tuple[str, int], ...] = ()
    matches: tuple[LogMatch, ...] = ()
    tail: tuple[str, ...] = ()
    outputs: tuple[OutputFound, ...] = ()
    preflight: tuple[PreflightProblem, ...] = ()
    oom_kills: Optional[int] = None
    peak_memory: Optional[int] = None
    memory_limit: Optional[int] = None
    disk_free: Optional[int] = None
    transfers: tuple[TransferFailure, ...] = ()
    batch: Optional[BatchEvidence] = None
    asks: str = "image_sets"
    sets_in_table: Optional[tuple[int, ...]] = None
    reached: tuple[tuple[int, int], ...] = ()
    set_labels: tuple[tuple[int, str], ...] = ()
    warnings: tuple[str, ...] = ()
    names_at_risk: tuple[str, ...] = ()
    unmatched: str = ""
    regenie: Optional[RegenieRun] = None
    flags: tuple[int, ...] = ()
    allow_flagged: bool = False
    unclaimed: tuple[WrittenFile, ...] = ()
    unclaimed_count: int = 0


@dataclass(frozen=True)
class Verdict:
    """What the evidence means.

    :param category: see :class:`platerunner_unit.contract.category.Category`; its value is stored.
    :param sentence: one sentence for a person.
    :param line: the decisive line of the log or of Batch; empty if there is none.
    :param rule: the rule that decided.
    :param notes: what else a person may want to know, e.g. ``hung after Complete and was ended``.
    :param partial: whether, though it failed, some image sets are whole and were exported.
    :param hint: what to do about this cause; empty in records of older versions.
    """

    category: str
    sentence: str
    line: str = ""
    rule: str = ""
    notes: tuple[str, ...] = field(default=())
    partial: bool = False
    hint: str = ""
