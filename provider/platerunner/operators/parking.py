"""Parks a task until it is time for the next look."""

from datetime import timedelta
from typing import NoReturn

from airflow.sdk import BaseOperator


def park(task: BaseOperator, pause: float) -> NoReturn:
    """Let a task sleep without a worker; it goes on in its ``execute_arrived``.

    :param pause: seconds.
    """
    # Most steps never wait, and this takes a third of the time that importing Platerunner may take.
    from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger

    task.defer(trigger=TimeDeltaTrigger(timedelta(seconds=pause)), method_name="execute_arrived")
    raise AssertionError("defer does not return")
