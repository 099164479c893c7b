"""A small one of what `python -m tests.e2e.ledger_deaths` does with 500 units and 200 deaths."""

from pathlib import Path

from tests.e2e.ledger_deaths import check, play


def test_whatever_dies_each_attempt_has_one_row_and_its_seconds_are_the_cloud_s(tmp_path: Path) -> None:
    found = play(tmp_path, units=8, deaths=3, seed=3, waves=1)
    check(found)
    assert found.attempts >= 8
    assert found.deaths <= 3  # a quick machine's processes end before they would be killed
