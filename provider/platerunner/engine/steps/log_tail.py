"""The last lines of failed units, for a reader of the task's log: one example of each category."""

import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.engine.planning.model import PlannedUnit, UnitState
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import UnitFailure
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

    from platerunner.engine.steps.step_run import StepRun

LINES = 15
LINE_CHARS = 300


def tails(run: "StepRun", failed: Sequence[UnitFailure]) -> dict[str, list[str]]:
    """Unit id to the last lines of its log, for one failed unit of each category; units without a log are left out.

    :param run: of the step.
    :param failed: from its end.
    """
    pending = {unit.unit: unit for unit in run.scope.plan().of(UnitState.PENDING)} if failed else {}
    found = {}
    for failure in (each for each in examples(failed) if each.unit in pending):
        lines = stored_tail(run.scope.workspace, run.scope.step.name, failure, pending[failure.unit])
        stream = None if lines else run.jobs.log_stream(failure.job_id)
        found[failure.unit] = lines or stream_tail(run.scope.hook.logs, run.scope.hook.settings.log_group, stream)
    return {unit: lines for unit, lines in found.items() if lines}


def examples(failed: Sequence[UnitFailure]) -> list[UnitFailure]:
    """The first failure of each category."""
    return list({failure.category: failure for failure in reversed(failed)}.values())[::-1]


def stored_tail(workspace: Storage, step: str, failure: UnitFailure, unit: PlannedUnit) -> list[str]:
    """The end of the log that the runner stored; empty if it came to none.

    :param unit: the failed one, for its fingerprint.
    """
    try:
        key = OutcomeStore(workspace).read(step, unit.unit, unit.fingerprint, failure.category).log
        text = gzip.decompress(workspace.get(key)) if key else b""
    except NotFoundError:
        return []
    except (StorageError, OSError, EOFError, zlib.error, ValueError) as error:
        return [f"its log cannot be read: {error}"]
    return _last(text.decode(errors="replace").splitlines())


def stream_tail(logs: "CloudWatchLogsClient", group: str, stream: str | None) -> list[str]:
    """The end of a container's log stream, for one that died silently; empty if it has none.

    :param group: log group.
    :param stream: None if Batch names none.
    """
    if stream is None:
        return []
    try:
        answer = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=LINES, startFromHead=False)
    except (BotoCoreError, ClientError) as error:
        return [f"its log stream {stream} cannot be read: {error}"]
    return _last([event.get("message", "") for event in answer["events"]])


def told(tails: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """As lines of the task's log.

    :param tails: unit id to its last lines.
    """
    for unit, lines in tails.items():
        yield f"Last {len(lines)} lines of {unit}:" if len(lines) > 1 else f"The last line of {unit}:"
        yield from (f"  | {line}" for line in lines)


def _last(lines: Sequence[str]) -> list[str]:
    return [line.rstrip()[:LINE_CHARS] for line in lines[-LINES:]]
