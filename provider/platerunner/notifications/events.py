"""What Airflow calls when something happens that a spec's `notify` is about."""

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk import BaseNotifier

from platerunner.notifications.sending import send
from platerunner.notifications.texts import of_deadline, of_success, of_task
from platerunner.spec.model import Event, Pipeline


class SpecNotifier(BaseNotifier):
    """Sends an event in all ways that the spec names for it; never fails the task that it reports.

    :param event: that it is for.
    :param pipeline: the spec.
    """

    def __init__(self, event: Event, pipeline: Pipeline) -> None:
        super().__init__()
        self.event = event
        self.pipeline = pipeline

    def notify(self, context: Any) -> None:
        """Send the messages.

        :param context: Airflow's, of a task or of a run.
        """
        if self.event == "on_success":
            text = of_success(self.pipeline, context)
        else:
            text = of_task(self.event, self.pipeline, context)
        for message in self.pipeline.notify[self.event]:
            send(message.kind, message.options, text)


def notifiers(event: Event, pipeline: Pipeline) -> list[BaseNotifier]:
    """The notifiers of an event; none if nobody gets a message."""
    return [SpecNotifier(event, pipeline)] if pipeline.notify.get(event) else []


async def tell_deadline(
    pipeline: str, title: str, messages: Sequence[tuple[str, Mapping[str, Any]]], context: Mapping[str, Any]
) -> None:
    """Tell that a run is late; Airflow's triggerer calls it, which knows no spec.

    :param pipeline: its name.
    :param messages: kind and options of each.
    :param context: the run and the deadline.
    """
    from asgiref.sync import sync_to_async  # slow, and no DAG file needs it

    text = of_deadline(pipeline, title, context)
    for kind, options in messages:
        await sync_to_async(send)(kind, options, text)
