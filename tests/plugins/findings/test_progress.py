from datetime import UTC, datetime, timedelta

import pytest

from platerunner.engine.inspect.run_record import Mark, UnitMark
from platerunner_pages.findings.progress import progress
from platerunner_pages.known.steps import SeenStep
from platerunner_unit.contract.category import Category

WELLS = SeenStep("work", "work", "", "", "lab", "lab.yaml", foreach=("plate", "well"))
NOON = datetime(2026, 11, 30, 12, 3, tzinfo=UTC)
FAILED = UnitMark("u", Mark.FAILED, Category.TOOL_ERROR)


def marks(**counts: int) -> list[UnitMark]:
    return [UnitMark("u", Mark(mark)) for mark, count in counts.items() for _ in range(count)]


@pytest.mark.parametrize(
    ("units", "minutes", "told"),
    [
        (
            marks(succeeded=4, submitted=2),
            40,
            "4 of 6 wells done, 2 on Batch, since 12:03 UTC, about 20 min left at this pace.",
        ),
        (marks(succeeded=2, submitted=2), 40, "2 of 4 wells done, 2 on Batch, since 12:03 UTC."),
        (marks(done=9, pending=1), 1, "9 of 10 wells done, 1 to run, since 12:03 UTC."),
        ([*marks(excluded=1), FAILED], 1, "0 of 1 wells done, 1 failed, 1 left out, since 12:03 UTC."),
        ([], 1, ""),
    ],
)
def test_a_step_that_goes_on_says_how_far_it_is(units, minutes, told):
    assert progress(WELLS, units, (NOON, None), NOON + timedelta(minutes=minutes)) == told


def test_a_step_that_ended_says_how_long_it_took_and_one_that_never_began_says_no_time():
    assert progress(WELLS, marks(succeeded=1), (NOON, NOON + timedelta(minutes=5))) == "1 of 1 well done, took 5 min."
    assert progress(WELLS, marks(pending=1), (None, None), NOON) == "0 of 1 well done, 1 to run."
