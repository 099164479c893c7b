"""A task stays on its worker for jobs that end before it could come back from parking, and for no others."""

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.batch.views import STATUSES
from platerunner.engine.steps import short_waits
from platerunner.engine.steps.short_waits import STAY_S, end_soon, may_end

counts = st.dictionaries(st.sampled_from(STATUSES), st.integers(1, 10_000)).map(Counter)


@pytest.mark.slow
def test_jobs_that_end_within_seconds_are_waited_for(lab, aws, monkeypatch):
    monkeypatch.setattr(short_waits, "STAY_S", 120.0)  # however long this machine takes to start them
    lab.write(A01="sleep 1", A02="exit 1")
    run = lab.run()
    run.start()
    assert end_soon(aws.batch, run.waiting_for())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wells", "least"), [(1, STAY_S - 1), (7, STAY_S / 2)], ids=["long", "more than there is room for"]
)
def test_jobs_that_take_longer_are_not(lab, aws, wells, least):
    lab.write(**{f"A0{n}": "sleep 600" for n in range(1, wells + 1)})
    run = lab.run()
    run.start()
    began = time.monotonic()
    assert not end_soon(aws.batch, run.waiting_for())
    assert time.monotonic() - began >= least
    run.jobs.stop("end of test")


def test_a_batch_that_does_not_answer_is_no_reason_to_stay(lab, aws):
    aws.cloud.faults = type(aws.cloud.faults)(throttle=1.0)
    try:
        assert not end_soon(aws.batch, ["job"])
    finally:
        aws.cloud.faults = type(aws.cloud.faults)()


@given(st.floats(0.1, 60), counts)
def test_nobody_stays_longer_than_parking_takes(age, found):
    assert not may_end(STAY_S + age, found)


@pytest.mark.slow
@given(st.floats(STAY_S / 2, STAY_S), counts)
def test_nobody_stays_for_units_of_which_none_could_even_start(age, found):
    waiting = Counter({"RUNNABLE": found.total() + 1})
    assert not may_end(age + 0.1, waiting)
