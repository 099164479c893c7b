"""On call: clear a task that waits for its jobs. They end, and only what was not done runs again."""

from collections import Counter
from typing import Any

import boto3
from playwright.sync_api import Page
from tests.browser.conftest import Site, until_seen
from tests.embedded import wait_for

from platerunner.batch.model import STATUSES
from platerunner.triggers.reasons import CLEARED

HELD = ("A02", "A03")


def test_clearing_a_deferred_task_ends_its_jobs_and_repeats_only_what_was_not_done(page: Page, site: Site) -> None:
    write_wells(site)
    batch = boto3.client(
        "batch", "us-east-1", endpoint_url=site.cloud, aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    page.goto(f"{site.address}/dags/held")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger", exact=True).click()
    page.wait_for_url("**/dags/held/runs/**")
    run = page.url.split("?")[0].rstrip("/")
    outcome = site.results / "held/_platerunner/outcomes/hold/well=A01"
    wait_for(lambda: set(HELD) <= set(starts(site)) and outcome.exists(), 120)

    header = page.get_by_test_id("header-card")
    until_seen(page, f"{run}/tasks/hold", header.get_by_text("Deferred", exact=True))
    page.keyboard.press("Shift+C")  # what the button's tooltip says
    page.get_by_role("button", name="Confirm").click()

    wait_for(lambda: starts(site)["A02"] == 2, 120)
    ended = [job for job in children(batch) if job["status"] == "FAILED"]
    assert {job["statusReason"] for job in ended} == {CLEARED}
    assert len(ended) == len(HELD)
    (site.data / "held" / "go").touch()
    until_seen(page, run, header.get_by_text("Success", exact=True))
    assert starts(site) == {"A01": 1, "A02": 2, "A03": 2}
    assert {job["status"] for job in children(batch)} == {"SUCCEEDED", "FAILED"}, "nothing runs on"
    assert sorted(path.name for path in (site.results / "held/copies").iterdir()) == ["A01.txt", "A02.txt", "A03.txt"]


def write_wells(site: Site) -> None:
    """Each notes its start; all but the first wait until they are let go."""
    folder = site.data / "held"
    folder.mkdir(parents=True)
    for well in ("A01", *HELD):
        hold = f"while [ ! -e {folder}/go ]; do sleep 0.2; done\n" if well in HELD else ""
        (folder / f"{well}.sh").write_text(f'echo {well} >> {folder}/started\n{hold}echo done > "$1"\n')


def starts(site: Site) -> Counter[str]:
    started = site.data / "held" / "started"
    return Counter(started.read_text().split() if started.exists() else ())


def children(batch: Any) -> list[dict[str, Any]]:
    """All units' jobs of this pipeline there ever were."""
    parents = [
        job
        for status in STATUSES
        for job in batch.list_jobs(jobQueue="platerunner-spot", jobStatus=status)["jobSummaryList"]
        if job["jobName"].startswith("held-")
    ]
    return [
        job
        for parent in parents
        for status in STATUSES
        for job in batch.list_jobs(arrayJobId=parent["jobId"], jobStatus=status)["jobSummaryList"]
    ]
