"""On call: act on a task that waits for its jobs. They end, and only what was not done runs again."""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import boto3
import httpx
import psutil
import pytest
from playwright.sync_api import Page
from tests.browser.conftest import Site, trigger, until_seen, wait_for

from platerunner.batch.reasons import CLEARED
from platerunner.batch.views import STATUSES
from platerunner.local.aws.names import BUCKET, LOG_GROUP, QUEUES, Account

HELD = ("A02", "A03")
PARTS = ("triggerer", "scheduler", "dag-processor", "api-server")


def test_clearing_it_ends_its_jobs_and_repeats_only_what_was_not_done(page: Page, site: Site) -> None:
    wells = Wells(site)
    page.goto(f"{site.address}/dags/held")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger", exact=True).click()
    page.wait_for_url("**/dags/held/runs/**")
    run = page.url.split("?")[0].rstrip("/")
    wells.wait_until_held()
    clear_what_waits(page, run)

    wait_for(lambda: wells.starts()["A02"] == 2, 120)
    ended = [job for job in wells.jobs() if job["status"] == "FAILED"]
    assert {job["statusReason"] for job in ended} == {CLEARED}
    assert len(ended) == len(HELD)
    wells.let_go()
    until_seen(page, run, page.get_by_test_id("header-card").get_by_text("Success", exact=True))
    assert wells.starts() == {"A01": 1, "A02": 2, "A03": 2}
    assert {job["status"] for job in wells.jobs()} == {"SUCCEEDED", "FAILED"}, "nothing runs on"
    assert sorted(path.name for path in (site.results / "held/copies").iterdir()) == ["A01.txt", "A02.txt", "A03.txt"]


def clear_what_waits(page: Page, run: str) -> None:
    until_seen(page, f"{run}/tasks/hold", page.get_by_test_id("header-card").get_by_text("Deferred", exact=True))
    page.keyboard.press("Shift+C")  # what the button's tooltip says
    page.get_by_role("button", name="Confirm").click()


def test_clearing_it_leaves_its_jobs_to_the_next_try_where_the_connection_says_so(
    page: Page, api: httpx.Client, site: Site
) -> None:
    api.post("connections", json=lab_connection(site)).raise_for_status()
    wells = Wells(site, "kept")
    run = trigger(api, "kept")
    wells.wait_until_held()
    jobs = {job["jobId"] for job in wells.jobs()}
    clear_what_waits(page, f"{site.address}/{run.replace('dagRuns', 'runs')}")

    task = f"{run}/taskInstances/hold"
    wait_for(lambda: [api.get(task).json()[key] for key in ("state", "try_number")] == ["deferred", 2], 120)
    assert {job["jobId"] for job in wells.jobs() if job["status"] == "RUNNING"} < jobs, "it waits for them again"
    wells.let_go()
    wait_for(lambda: api.get(run).json()["state"] == "success", 120)
    assert wells.starts() == {"A01": 1, "A02": 1, "A03": 1}
    assert {(job["jobId"] in jobs, job["status"]) for job in wells.jobs()} == {(True, "SUCCEEDED")}


def lab_connection(site: Site) -> dict[str, str]:
    """The embedded cloud's connection as somebody enters it in Airflow, with another policy."""
    account = Account("us-east-1")
    extra = {
        "endpoint_url": site.cloud,
        "region": account.region,
        "queues": QUEUES,
        "registry": account.registry,
        "log_group": LOG_GROUP,
        "bucket": BUCKET,
        "job_role": account.role("job"),
        "execution_role": account.role("execution"),
        "data_root": str(site.data),
        "workspace_root": str(site.results),
        "on_clear": "adopt",
    }
    return {"connection_id": "lab", "conn_type": "platerunner", "extra": json.dumps(extra)}


def mark_failed(api: httpx.Client, run: str) -> None:
    api.patch(f"{run}/taskInstances/hold", json={"new_state": "failed"}).raise_for_status()


def mark_run_failed(api: httpx.Client, run: str) -> None:
    api.patch(run, json={"state": "failed"}).raise_for_status()


def delete_run(api: httpx.Client, run: str) -> None:
    """Airflow deletes no run that goes on: whoever wants that marks it first, and may be quick."""
    assert api.delete(run).status_code == httpx.codes.CONFLICT
    mark_run_failed(api, run)
    api.delete(run).raise_for_status()


@pytest.mark.parametrize("act", [mark_failed, mark_run_failed, delete_run])
def test_whoever_gives_it_up_leaves_no_paying_job(act: Callable[..., None], api: httpx.Client, site: Site) -> None:
    wells = Wells(site)
    run = trigger(api, "held")
    wells.wait_until_held()
    wait_for(lambda: " of 3 " in log_of(api, run), 60)  # the trigger's: a triggerer has it
    act(api, run)
    wait_for(lambda: {job["status"] for job in wells.jobs()} == {"SUCCEEDED", "FAILED"}, 60)
    assert Counter(job.get("statusReason") for job in wells.jobs() if job["status"] == "FAILED") == {CLEARED: 2}
    assert wells.starts() == {"A01": 1, "A02": 1, "A03": 1}


def test_what_nobody_was_told_of_is_ended_by_the_next_run(api: httpx.Client, site: Site) -> None:
    """A task that is marked within a second of parking never reaches the triggerer."""
    wells = Wells(site)
    run = trigger(api, "held")
    wait_for(lambda: api.get(f"{run}/taskInstances/hold").json()["state"] == "deferred", 60)
    mark_failed(api, run)
    wells.wait_until_held()
    first = {job["jobId"] for job in wells.jobs()}
    run = trigger(api, "held")
    wait_for(lambda: wells.starts() == {"A01": 1, "A02": 2, "A03": 2}, 60)
    assert {job["status"] for job in wells.jobs() if job["jobId"] in first} == {"SUCCEEDED", "FAILED"}
    wells.let_go()
    wait_for(lambda: api.get(run).json()["state"] == "success", 60)


def test_parts_of_airflow_that_are_killed_come_back_and_lose_no_unit(api: httpx.Client, site: Site) -> None:
    wells = Wells(site)
    run = trigger(api, "held")
    wells.wait_until_held()
    wait_for(lambda: " of 3 " in log_of(api, run), 60)  # the trigger's: a triggerer has it
    for part in PARTS:
        kill_part(site, part)
    wait_for(lambda: all(f"Airflow's {part} ended by itself and was started again" in site.said for part in PARTS), 60)
    wells.let_go()
    wait_for(lambda: state_of(api, run) == "success", 180)
    assert wells.starts() == {"A01": 1, "A02": 1, "A03": 1}
    assert {job["status"] for job in wells.jobs()} == {"SUCCEEDED"}


def kill_part(site: Site, part: str) -> None:
    """As a machine without memory would; Airflow changes its processes' names, such as to `airflow api_server`."""
    for process in psutil.Process(site.pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if part in " ".join(process.cmdline()).replace("_", "-").split():
                process.kill()


def state_of(api: httpx.Client, run: str) -> str | None:
    """None while nobody answers."""
    try:
        return str(api.get(run).json()["state"])
    except httpx.TransportError:
        return None


def log_of(api: httpx.Client, run: str) -> str:
    return api.get(f"{run}/taskInstances/hold/logs/1", params={"full_content": True}).text


class Wells:
    """Wells that no run has seen; each notes its start, and all but the first wait until they are let go."""

    def __init__(self, site: Site, pipeline: str = "held") -> None:
        self._pipeline = pipeline
        self._folder = site.data / pipeline
        self._folder.mkdir(parents=True, exist_ok=True)
        self._batch = boto3.client(
            "batch", "us-east-1", endpoint_url=site.cloud, aws_access_key_id="testing", aws_secret_access_key="testing"
        )
        self._outcome = site.results / pipeline / "_platerunner/outcomes/hold/well=A01"
        self._seen = {job["jobId"] for job in self._parents()}
        self._done = self._outcomes()
        self._new = str(time.time_ns())
        for well in ("A01", *HELD):
            hold = f"while [ ! -e {self._folder}/go{self._new} ]; do sleep 0.2; done\n" if well in HELD else ""
            note = f"echo {well} >> {self._folder}/started{self._new}\n"
            (self._folder / f"{well}.sh").write_text(f'{note}{hold}echo done > "$1"\n')

    def wait_until_held(self) -> None:
        wait_for(lambda: set(HELD) <= set(self.starts()) and self._outcomes() > self._done, 120)

    def let_go(self) -> None:
        (self._folder / f"go{self._new}").touch()

    def starts(self) -> Counter[str]:
        started = self._folder / f"started{self._new}"
        return Counter(started.read_text().split() if started.exists() else ())

    def jobs(self) -> list[dict[str, Any]]:
        """The units' jobs since these wells were written."""
        parents = [job for job in self._parents() if job["jobId"] not in self._seen]
        return [
            job
            for parent in parents
            for status in STATUSES
            for job in self._batch.list_jobs(arrayJobId=parent["jobId"], jobStatus=status)["jobSummaryList"]
        ]

    def _parents(self) -> list[dict[str, Any]]:
        return [
            job
            for status in STATUSES
            for job in self._batch.list_jobs(jobQueue="platerunner-spot", jobStatus=status)["jobSummaryList"]
            if job["jobName"].startswith(f"{self._pipeline}-")
        ]

    def _outcomes(self) -> int:
        return len(list(self._outcome.rglob("*"))) if self._outcome.exists() else 0
