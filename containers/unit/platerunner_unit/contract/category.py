"""The categories of a verdict: one table that the runner, Airflow and the docs all read."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Optional


class Category(str, enum.Enum):
    """How a unit ended; the value is the word used in outcomes, digests and docs."""

    SUCCEEDED = "succeeded"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_DISK = "out_of_disk"
    SPOT_INTERRUPTED = "spot_interrupted"
    HOST_LOST = "host_lost"
    THROTTLED = "throttled"
    TRANSFER_FAILED = "transfer_failed"
    IMAGE_PULL_FAILED = "image_pull_failed"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    INPUT_MISSING = "input_missing"
    INPUT_ARCHIVED = "input_archived"
    INPUT_UNREADABLE = "input_unreadable"
    PIPELINE_INVALID = "pipeline_invalid"
    PLUGIN_MISSING = "plugin_missing"
    TOOL_ERROR = "tool_error"
    PARTIAL = "partial"
    OUTPUT_MISSING = "output_missing"
    NOTHING_MATCHED = "nothing_matched"
    ACCESS_DENIED = "access_denied"
    IMAGE_NOT_FOUND = "image_not_found"
    MISCONFIGURED = "misconfigured"
    STOPPED_BY_USER = "stopped_by_user"
    UNKNOWN = "unknown"

    def __str__(self) -> str:
        return self.value


class Retry(str, enum.Enum):
    """Whether a unit is worth another attempt."""

    NO = "no"
    ONCE = "once"
    YES = "yes"
    FREE = "free"  # not the unit's fault: another attempt that counts against no limit of its own


class Change(str, enum.Enum):
    """What the next attempt gets that this one lacked."""

    MEMORY = "memory"
    DISK = "disk"
    TIMEOUT = "timeout"
    CAPACITY = "capacity"  # on-demand after so many spot losses
    BACK_OFF = "back_off"


class Actor(str, enum.Enum):
    """Who has to act before the unit can succeed."""

    NOBODY = "nobody"
    SCIENTIST = "scientist"
    ON_CALL = "on-call"
    PLATFORM = "platform"


@dataclass(frozen=True)
class CategoryInfo:
    """Everything about a category that does not depend on the run.

    :param exit_code: the runner's own exit code, so that a bare ``describe-jobs`` tells the truth; 0 only for success,
        clear of 1 and 2 (Python's own) and of 126 and above (the shell's and signals').
    :param retry: whether another attempt is worth it.
    :param change: what that attempt gets.
    :param who: who acts if no attempt is left.
    :param meaning: one clause that explains the word.
    :param hint: what that person does.
    """

    exit_code: int
    retry: Retry
    change: Optional[Change]
    who: Actor
    meaning: str
    hint: str


_C = Category
CATEGORIES: dict[Category, CategoryInfo] = {
    _C.SUCCEEDED: CategoryInfo(0, Retry.NO, None, Actor.NOBODY, "everything asked for is there", ""),
    _C.OUT_OF_MEMORY: CategoryInfo(
        70,
        Retry.YES,
        Change.MEMORY,
        Actor.SCIENTIST,
        "the memory limit was reached",
        "Give the step more `resources.memory`, or make units smaller (`foreach` by site).",
    ),
    _C.OUT_OF_DISK: CategoryInfo(
        71,
        Retry.YES,
        Change.DISK,
        Actor.SCIENTIST,
        "the disk was full",
        "Give the step more `resources.disk`.",
    ),
    _C.SPOT_INTERRUPTED: CategoryInfo(
        72,
        Retry.FREE,
        Change.CAPACITY,
        Actor.NOBODY,
        "AWS took a spot instance back",
        "Nothing to do; set `capacity: on_demand` for steps that run for many hours.",
    ),
    _C.HOST_LOST: CategoryInfo(
        73,
        Retry.FREE,
        Change.CAPACITY,
        Actor.NOBODY,
        "the instance died under the job",
        "Nothing to do.",
    ),
    _C.THROTTLED: CategoryInfo(
        74,
        Retry.YES,
        Change.BACK_OFF,
        Actor.NOBODY,
        "AWS asked for fewer requests",
        "Clear the task to try again.",
    ),
    _C.TRANSFER_FAILED: CategoryInfo(
        75,
        Retry.YES,
        Change.BACK_OFF,
        Actor.NOBODY,
        "a file could not be copied in or out",
        "Clear the task to try again; if it recurs, look at the storage's own health.",
    ),
    _C.IMAGE_PULL_FAILED: CategoryInfo(
        76,
        Retry.YES,
        Change.BACK_OFF,
        Actor.NOBODY,
        "the container image could not be pulled this time",
        "Clear the task to try again; if it recurs, look at the registry and the route to it.",
    ),
    _C.TIMED_OUT: CategoryInfo(
        77,
        Retry.ONCE,
        Change.TIMEOUT,
        Actor.ON_CALL,
        "the time limit was reached",
        "Look at the log for what took so long; raise `resources.timeout` if the unit is merely large.",
    ),
    _C.STALLED: CategoryInfo(
        78,
        Retry.ONCE,
        Change.TIMEOUT,
        Actor.ON_CALL,
        "no log line and no work for the step's `stall`",
        "The stacks at the end of the log say where it hung.",
    ),
    _C.INPUT_MISSING: CategoryInfo(
        80,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "an input is not there",
        "Upload the file, or exclude it in the spec with a reason, then clear the task.",
    ),
    _C.INPUT_ARCHIVED: CategoryInfo(
        88,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "an input is in an archive",
        "Restore the objects named (S3 Glacier Flexible Retrieval takes hours, Deep Archive up to two days), then "
        "clear the task.",
    ),
    _C.INPUT_UNREADABLE: CategoryInfo(
        81,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "an input is damaged",
        "Replace the file by a good copy, or exclude it in the spec with a reason, then clear the task.",
    ),
    _C.PIPELINE_INVALID: CategoryInfo(
        82,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "the step's pipeline file or command cannot be run as it is",
        "Correct what the sentence names in the spec or in the files beside it, and commit it.",
    ),
    _C.PLUGIN_MISSING: CategoryInfo(
        83,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "the pipeline uses a module that the image does not have",
        "Use an image with that plugin, or give the plugin's folder in `with: {plugins: ...}`.",
    ),
    _C.TOOL_ERROR: CategoryInfo(
        84,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "the tool failed on this data",
        "Read the decisive line and the log above it; correct the tool's settings or its data.",
    ),
    _C.PARTIAL: CategoryInfo(
        85,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "some image sets were skipped",
        "Fix or exclude the image sets named, then clear the task.",
    ),
    _C.OUTPUT_MISSING: CategoryInfo(
        86,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "the tool ended without writing what the spec expects",
        "Compare the step's `outputs` with the file names that the tool writes.",
    ),
    _C.NOTHING_MATCHED: CategoryInfo(
        87,
        Retry.NO,
        None,
        Actor.SCIENTIST,
        "the tool found no image set to work on",
        "Compare the files of the unit with what the tool is set to work on.",
    ),
    _C.ACCESS_DENIED: CategoryInfo(
        90,
        Retry.NO,
        None,
        Actor.PLATFORM,
        "AWS refused access",
        "Give the role named in the line the permission named there; `platerunner doctor` lists what is needed.",
    ),
    _C.IMAGE_NOT_FOUND: CategoryInfo(
        91,
        Retry.NO,
        None,
        Actor.PLATFORM,
        "the container image does not exist",
        "Push the image, or correct the step's `image`.",
    ),
    _C.MISCONFIGURED: CategoryInfo(
        92,
        Retry.NO,
        None,
        Actor.PLATFORM,
        "the job can never start as it is defined",
        "Compare the step's resources with the queue's instances.",
    ),
    _C.STOPPED_BY_USER: CategoryInfo(
        95, Retry.NO, None, Actor.NOBODY, "somebody stopped it", "Clear the task to go on."
    ),
    _C.UNKNOWN: CategoryInfo(
        99,
        Retry.ONCE,
        None,
        Actor.ON_CALL,
        "the evidence names no cause",
        "Read the end of the log; report what it was.",
    ),
}

BY_EXIT_CODE: dict[int, Category] = {info.exit_code: category for category, info in CATEGORIES.items()}
