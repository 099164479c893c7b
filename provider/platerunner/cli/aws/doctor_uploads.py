"""The doctor's check of the queue in which S3's events arrive."""

import json
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from platerunner.batch.calls import patiently
from platerunner.cli.aws.doctor_checks import PATIENCE_S, Check, Finding, State

if TYPE_CHECKING:
    from platerunner.hooks.platerunner import PlaterunnerHook

FEWEST_RECEIVES = 20
"""The wrong one of two triggerers gets a message this often in a row once in a million uploads."""
WAITING = "ApproximateNumberOfMessages"


def _queue(hook: "PlaterunnerHook") -> Iterator[Finding]:
    url = hook.settings.upload_queue
    say = partial(Finding, check="upload queue")
    if not url:
        yield say(State.OK, message="the connection names none; pipelines with `on_upload` would need `upload_queue`.")
        return
    try:
        answer = patiently(
            hook.sqs.get_queue_attributes, patience=PATIENCE_S, QueueUrl=url, AttributeNames=[WAITING, "RedrivePolicy"]
        )
    except hook.sqs.exceptions.QueueDoesNotExist:
        remedy = "create it, or correct `upload_queue` in the connection"
        yield say(State.FAIL, message=f"there is no queue {url}: {remedy}.")
        return
    found = answer["Attributes"]
    yield say(State.OK, message=f"{url} exists; {found[WAITING]} messages wait in it.")
    if "RedrivePolicy" not in found:
        remedy = "give it a dead letter queue, as terraform/modules/events does"
        message = f"messages of files that no pipeline waits for come again and again: {remedy}"
        yield say(State.WARN, message=f"{message}.")
        return
    most = int(json.loads(found["RedrivePolicy"])["maxReceiveCount"])
    if most < FEWEST_RECEIVES:
        message = f"an upload is lost once the wrong one of several triggerers has received its message {most} times"
        yield say(State.WARN, message=f"{message}: raise maxReceiveCount to 100, as terraform/modules/events does.")


CHECKS = (Check("upload queue", "sqs:GetQueueAttributes", _queue),)
