"""Everything red over all pipelines, with its cause, who acts, and one button."""

import re
from datetime import UTC, datetime, timedelta

from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select, update
from tests.plugins.conftest import HIDDEN
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner_pages.known.workspaces import _hook
from platerunner_unit.contract.category import Category

UNITS = dict.fromkeys(("plate=P1/well=A01", "plate=P1/well=A02", "plate=P1/well=A03"), UnitState.PENDING)
FAILED = {"plate=P1/well=A02": Category.TOOL_ERROR, "plate=P1/well=A03": Category.TOOL_ERROR}


def fail(site, name="lab", failed=FAILED, ago=timedelta(hours=2)):
    site.add(wells_and_sums(name))
    site.start(name, work="failed")
    leave(site.workspace / name, UNITS, succeeded=("plate=P1/well=A01",), failed=failed)
    with create_session() as session:
        rows = (TaskInstance.dag_id == name, TaskInstance.task_id == "work")
        session.execute(update(TaskInstance).where(*rows).values(end_date=datetime.now(UTC) - ago))


def rows_of(site, query="", role="admin"):
    text = site.client(role).get(f"/platerunner/oncall{query}").text
    return [re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", row)).strip() for row in text.split("<tr>")[2:]], text


def test_what_failed_is_listed_with_cause_who_acts_and_age(site):
    fail(site)
    [row], _ = rows_of(site)
    assert "P1, A02: plate=P1/well=A02 met tool_error." in row
    assert re.search(r"2 tool_error scientist 2 h \d\d min", row)
    assert len(rows_of(site, "?who=scientist")[0]) == 1
    none, text = rows_of(site, "?who=platform")
    assert (none, "Nothing is red that platform has to act on." in text) == ([], True)


def test_what_a_user_may_not_see_is_not_there_and_a_viewer_has_no_button(site):
    fail(site)
    fail(site, HIDDEN)
    assert len(rows_of(site, role="admin")[0]) == 2
    rows, text = rows_of(site, role="viewer")
    assert (len(rows), "data-again" in text) == (1, False)


def test_one_button_clears_what_failed_and_nothing_else(site):
    fail(site)
    client = site.client("admin")
    here, token = re.search(r'data-again="([^"]+)" data-token="([^"]+)"', rows_of(site)[1]).groups()
    answer = client.post(f"{here}rerun", json={"failed": True}, headers={"X-Platerunner-Token": token})
    assert answer.json()["sentence"].startswith("2 units run again: work was cleared")
    with create_session() as session:
        assert session.scalar(select(TaskInstance.state).where(TaskInstance.task_id == "work")) is None
    assert rows_of(site)[0] == []
    again = client.post(f"{here}rerun", json={}, headers={"X-Platerunner-Token": token})
    assert (again.status_code, again.json()["detail"]) == (422, "No unit of work is to run again.")


def test_a_step_that_never_knew_its_units_leads_to_its_log_and_a_later_success_is_said(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed")
    site.start("lab", run_id="run-2", work="success")
    with create_session() as session:
        for run, hours in (("run-1", 5), ("run-2", 1)):
            ended = datetime.now(UTC) - timedelta(hours=hours)
            session.execute(update(TaskInstance).where(TaskInstance.run_id == run).values(end_date=ended))
    [row], text = rows_of(site)
    assert "It failed before it knew its units" in row
    assert "succeeded in a later run, maybe for other plates" in row
    assert "To its log" in text
    assert len(rows_of(site, "?who=on-call")[0]) == 1, "who looks at what on-call has to do finds it"


def test_where_the_connection_names_a_grafana_pages_lead_to_its_dashboards(site, monkeypatch):
    fail(site)
    assert "Grafana" not in rows_of(site)[1]
    extra = '{"queues": {"spot": "q"}, "region": "us-east-1", "grafana": "https://grafana.lab.example/"}'
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", f'{{"conn_type": "platerunner", "extra": {extra}}}')
    _hook.cache_clear()
    assert 'href="https://grafana.lab.example/d/platerunner-failures"' in rows_of(site)[1]
    run = site.client("viewer").get("/platerunner/dags/lab/runs/run-1/tasks/work/").text
    assert 'href="https://grafana.lab.example/d/platerunner-runs?var-pipeline=lab"' in run
