"""Looks for the answer that an earlier try of a gate was given, and goes on waiting if there is none."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.providers.standard.triggers.hitl import HITLTrigger
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.triggers.base import TriggerEvent

SETTLE_S = 10.0
"""Seconds from parking to the first look: an event sooner than that can fail the task in the executor."""

LOST = "lost"
"""Type of the error that says that Airflow no longer knows the question."""


class EarlierAnswerTrigger(HITLTrigger):
    """Airflow's trigger for a question that was asked before; it neither asks again nor drops an answer.

    :param first_s: seconds to the first look.
    """

    def __init__(self, *, first_s: float = SETTLE_S, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first_s = first_s

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class path and arguments."""
        _, arguments = super().serialize()
        return f"{type(self).__module__}.{type(self).__qualname__}", {**arguments, "first_s": self.first_s}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Fire when there is an answer, when its time is over, or when Airflow does not know the question."""
        await asyncio.sleep(self.first_s)
        try:
            async for event in super().run():
                yield event
        except AirflowRuntimeError as error:
            yield TriggerEvent({"error": str(error), "error_type": LOST})  # type: ignore[no-untyped-call]
