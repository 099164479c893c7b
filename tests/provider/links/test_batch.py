from types import SimpleNamespace

import pytest

from platerunner.batch.console import job_url, log_url, outputs_url
from platerunner.links.batch import PlateMapLink


def test_a_jobs_page():
    assert job_url("eu-west-1", "abc-1:7") == (
        "https://eu-west-1.console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/abc-1%3A7"
    )


@pytest.mark.parametrize(
    ("region", "host"),
    [("cn-north-1", "cn-north-1.console.amazonaws.cn"), ("us-gov-west-1", "console.amazonaws-us-gov.com")],
)
def test_other_partitions_have_their_own_console(region, host):
    assert job_url(region, "x").startswith(f"https://{host}/batch/")


def test_a_log_streams_page_quotes_twice():
    url = log_url("eu-west-1", "/aws/batch/job", "demo/default/0 1")
    assert url.endswith("#logsV2:log-groups/log-group/$252Faws$252Fbatch$252Fjob/log-events/demo$252Fdefault$252F0$2B1")


@pytest.mark.parametrize(
    ("workspace", "url"),
    [
        ("s3://bucket/ws/demo", "https://s3.console.aws.amazon.com/s3/buckets/bucket?prefix=ws/demo/illum/"),
        ("s3://bucket", "https://s3.console.aws.amazon.com/s3/buckets/bucket?prefix=illum/"),
        ("/home/ada/my results", "file:///home/ada/my%20results/illum"),
    ],
)
def test_the_outputs_of_a_step(workspace, url):
    assert outputs_url(workspace, "illum") == url


@pytest.mark.parametrize(("map_index", "part"), [(-1, ""), (2, "/mapped/2")])
def test_the_plate_map_is_a_tab_of_the_task(monkeypatch, map_index, part):
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.lab/air/")
    key = SimpleNamespace(dag_id="lab", run_id="manual__2026-01-01T00:00:00+00:00", task_id="work", map_index=map_index)
    assert PlateMapLink().get_link(None, ti_key=key) == (
        "https://airflow.lab/air/dags/lab/runs/manual__2026-01-01T00%3A00%3A00%2B00%3A00"
        f"/tasks/work{part}/plugin/platerunner-map"
    )
