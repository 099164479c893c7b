"""Waits that are shorter than parking a task and coming back: three to five seconds of Airflow's, and a process more.

A task that waits on its worker keeps others from it. So it does that for no longer than parking would cost, and gives
up as soon as the jobs will certainly take longer.
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.status import describe
from platerunner.batch.views import TERMINAL

if TYPE_CHECKING:
    from mypy_boto3_batch import BatchClient

STAY_S = 5.0
"""Seconds at most."""
LOOK_S = 0.5


def end_soon(batch: "BatchClient", jobs: Sequence[str]) -> bool:
    """Wait until all jobs have ended, or will not soon; whether they have.

    :param jobs: ids of arrays and single jobs.
    """
    began = time.monotonic()
    try:
        while time.monotonic() < began + STAY_S - LOOK_S:
            time.sleep(LOOK_S)
            views = list(describe(batch, jobs, patience=0))
            if len(views) == len(jobs) and all(view.ended for view in views):
                return True
            if not may_end(time.monotonic() - began, sum((Counter(view.counts()) for view in views), Counter[str]())):
                return False
    except (ClientError, BotoCoreError):
        return False  # a parked step handles it
    return False


def may_end(age: float, counts: "Counter[str]") -> bool:
    """Whether it is worth staying: all run, or those that wait for a host will have ended in time if it goes on so.

    :param age: seconds since the units were submitted.
    :param counts: status to units.
    """
    done = sum(counts[status] for status in TERMINAL)
    if done + counts["STARTING"] + counts["RUNNING"] == counts.total():
        return age <= STAY_S
    return age / done * counts.total() <= STAY_S if done else age <= STAY_S / 2
