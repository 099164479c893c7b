"""A message about each attempt of each unit, for programs: `notify: {on_job: [{sns: {topic: ...}}]}`.

Sent before the state knows of the attempts' end, so that a process that dies in between sends them again rather than
never: a program knows a message that comes twice by its `job` and `unit`.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.model import Submission
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.steps.collect import Collected
from platerunner.engine.steps.step_scope import StepScope
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.manifest import UnitTask

log = logging.getLogger(__name__)
MOST = 10
"""Messages in one call; SNS takes no more."""
THREADS = 8
VERSION = 1


def tell_jobs(scope: StepScope, submission: Submission, units: Sequence[UnitTask], found: Collected) -> None:
    """Send what the spec asks for; what prevents it goes to the log, and the step goes on.

    :param submission: whose job has ended.
    :param units: its units, in the order of the array.
    :param found: what became of them.
    """
    topics = [str(message.options["topic"]) for message in scope.pipeline.notify.get("on_job", ())]
    for topic in topics:
        entries = [_entry(content) for content in _contents(scope, submission, units, found)]
        try:
            client = scope.hook.new_sns_client(topic.split(":")[3])
            with ThreadPoolExecutor(THREADS) as pool:
                lost = sum(pool.map(lambda part: _publish(client, topic, part), batched(entries, MOST)))  # noqa: B023
        except (BotoCoreError, ClientError, ConnectionProblem) as error:
            log.error(  # noqa: TRY400  (a person reads this)
                "%s: %s got no message about %d units (%s); let the role of the connection publish to it",
                scope.step.name,
                topic,
                len(entries),
                error,
            )
            continue
        log.info("%s: told %s of %d units", scope.step.name, topic, len(entries) - lost)


def _contents(
    scope: StepScope, submission: Submission, units: Sequence[UnitTask], found: Collected
) -> Iterator[Mapping[str, Any]]:
    failed = {failure.unit: failure for failure in found.failed}
    for index, unit in enumerate(units):
        lost = failed.get(unit.unit)
        yield {
            "version": VERSION,
            "pipeline": scope.pipeline.name,
            "run": scope.context.run_id,
            "step": scope.step.name,
            "unit": unit.unit,
            "values": dict(unit.values),
            "attempt": unit.attempts_before + 1,
            "job": submission.child_id(index),
            "status": "FAILED" if lost else "SUCCEEDED",
            "verdict": str((lost.category if lost else Category.SUCCEEDED).value),
            "sentence": lost.sentence if lost else "",
            "workspace": scope.workspace.url,
        }


def _entry(content: Mapping[str, Any]) -> dict[str, Any]:
    """A message, with what subscriptions filter by as attributes."""
    shown = ("pipeline", "step", "status", "verdict")
    attributes = {name: {"DataType": "String", "StringValue": content[name]} for name in shown}
    return {"Message": json.dumps(content), "MessageAttributes": attributes}


def _publish(client: Any, topic: str, entries: Sequence[Mapping[str, Any]]) -> int:
    """Send some; how many SNS refused."""
    numbered = [{"Id": str(number), **entry} for number, entry in enumerate(entries)]
    refused = client.publish_batch(TopicArn=topic, PublishBatchRequestEntries=numbered).get("Failed", [])
    for each in refused:
        log.error("SNS refused a message to %s: %s", topic, each.get("Message") or each.get("Code"))
    return len(refused)
