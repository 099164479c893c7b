"""Days as people write them mean the same in the connection, in commands and in queries."""

from datetime import UTC, date, datetime, timedelta

import pytest
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.engine.ledger.asking.queries import Parameter
from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.periods import day_meant, period

TOLD = {"30d": 30, "30 d": 30, "8w": 56, " 2 w ": 14, "1.5 y": 547.5, "1y": 365}


@pytest.mark.parametrize(("text", "days"), TOLD.items())
def test_a_period_is_as_long_wherever_it_is_written(text, days):
    assert period(text) == timedelta(days=days)
    before = datetime.now(UTC).date()
    told = day_meant(text)
    assert told in {before - timedelta(days=days), datetime.now(UTC).date() - timedelta(days=days)}
    assert Parameter("since", "date", "").literal(text) in {f"DATE '{told}'", f"DATE '{told + timedelta(days=1)}'"}


def test_a_day_is_itself_and_no_days_ago_is_today():
    assert day_meant("2024-02-29") == date(2024, 2, 29)
    assert day_meant("0d") >= datetime.now(UTC).date() - timedelta(days=1)


@pytest.mark.parametrize("text", ["", "d", "-3d", "3", "30 days", "3D", "999999y", "2026-13-01", "٣d", "30d\0", "1e3d"])
def test_what_is_neither_is_refused_everywhere_in_a_sentence(text, tmp_path):
    with pytest.raises(ValueError, match=r"."):
        day_meant(text)
    with pytest.raises(LedgerError, match="write a day like 2026-11-30, or 30d for 30 days ago"):
        Parameter("since", "date", "").literal(text)
    done = CliRunner().invoke(app, ["ledger", "merge", str(tmp_path), "--before", text])
    assert done.exit_code == 2
    assert "write a day like 2026-11-30, or 30d for 30 days ago" in " ".join(done.output.split())
