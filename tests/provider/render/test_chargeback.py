"""The DAG of the monthly chargeback, on a ledger of two months."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from jinja2.sandbox import SandboxedEnvironment
from tests.provider.engine.ledger.test_usage_and_chargeback import ROWS

from platerunner.batch.model import Submission
from platerunner.engine.ledger.files import Ledger
from platerunner.render.chargeback import chargeback_dag
from platerunner_unit.contract.storage import Storage


@pytest.fixture
def connect(tmp_path, monkeypatch):
    def connect(**extra):
        raw = {"conn_type": "platerunner", "extra": {"queues": {"spot": "spot"}, "region": "us-east-1", **extra}}
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(raw))

    return connect


@pytest.mark.parametrize(("asked", "month"), [("", "2026-11"), ("2026-12", "2026-12")])
def test_it_writes_the_month_before_or_the_one_that_is_asked_for(tmp_path, connect, asked, month):
    ledger = Ledger(Storage(str(tmp_path / "ledger")))
    for n, each in enumerate(ROWS):
        submission = Submission(1, "n", "single", 1, (0,), "q", job_id=f"j{n}", submitted_at=each["submitted"])
        ledger.write("demo", submission, [each])
    connect(ledger=str(tmp_path / "ledger"))
    task = chargeback_dag().task_dict["write"]
    macros = {"timedelta": __import__("datetime").timedelta}
    run = type("Run", (), {"run_after": datetime(2026, 12, 2, 6, tzinfo=UTC)})
    given = {"params": {"month": asked}, "dag_run": run, "macros": macros}
    task.month = SandboxedEnvironment().from_string(task.month).render(given)
    url = task.execute({})
    lines = Path(url.removeprefix("file://")).read_text().splitlines()
    assert url.endswith(f"chargeback/{month}.csv")
    assert len(lines) == {"2026-11": 5, "2026-12": 3}[month]


def test_without_a_shared_ledger_it_is_skipped(connect):
    connect()
    with pytest.raises(AirflowSkipException, match="names no `ledger`"):
        chargeback_dag().task_dict["write"].execute({})
