"""On call: 30 of 300 wells failed for ten reasons. The log says what to do; clearing the task runs those 30."""

import json
import sys
from collections import Counter

import httpx
from playwright.sync_api import Page
from tests.browser.conftest import Site, trigger, until_seen, wait_for

from platerunner_unit.contract.category import CATEGORIES, Category

WELLS = [f"{row}{column:02}" for row in "ABCDEFGHIJKLMNO" for column in range(1, 21)]
CLIENT_ERROR = "botocore.exceptions.ClientError: An error occurred"
SAYS = "echo '{}'; exit 1"
KINDS = {
    Category.OUT_OF_MEMORY: f"{sys.executable} -c 'd = bytearray(200 << 20)' || exit 1",
    Category.OUT_OF_DISK: SAYS.format("OSError: [Errno 28] No space left on device"),
    Category.STALLED: "sleep 600",
    Category.OUTPUT_MISSING: "exit 0",
    Category.TOOL_ERROR: SAYS.format("ValueError: the threshold is negative"),
    Category.INPUT_MISSING: "echo \"FileNotFoundError: [Errno 2] No such file or directory: '/data/A02.tif'\"; exit 1",
    Category.INPUT_UNREADABLE: SAYS.format("loci.formats.UnknownFormatException: Unknown file format: /data/A02.tif"),
    Category.ACCESS_DENIED: SAYS.format(f"{CLIENT_ERROR} (AccessDenied) when calling the GetObject operation: no"),
    Category.TRANSFER_FAILED: SAYS.format(
        "urllib.error.URLError: <urlopen error [Errno -2] Name or service not known>"
    ),
    Category.UNKNOWN: "kill -KILL $$",
}
EACH = 3
BROKEN = {WELLS[10 * n + 3]: kind for n, kind in enumerate([kind for kind in KINDS for _ in range(EACH)])}


def test_clearing_a_failed_step_runs_the_wells_that_failed(page: Page, api: httpx.Client, site: Site) -> None:
    write_wells(site)
    run = trigger(api, "many")
    wait_for(lambda: api.get(run).json()["state"] == "failed", 300)
    assert starts(site) == dict.fromkeys(WELLS, 1)
    assert attempt(api, run)["try_number"] == 1, "a try of Airflow's would be spent on nothing"
    the_log_tells_the_kinds_with_their_remedies(page, api, site, run)

    (site.data / "many" / "fixed").touch()
    clear = {"dag_run_id": run.rpartition("/")[2], "task_ids": ["work"], "dry_run": False, "only_failed": True}
    api.post("dags/many/clearTaskInstances", json=clear).raise_for_status()
    wait_for(lambda: api.get(run).json()["state"] == "success", 120)
    assert starts(site) == {well: 2 if well in BROKEN else 1 for well in WELLS}
    assert len(list((site.results / "many/copies").iterdir())) == len(WELLS)


def the_log_tells_the_kinds_with_their_remedies(page: Page, api: httpx.Client, site: Site, run: str) -> None:
    page.set_viewport_size({"width": 1400, "height": 1800})
    until_seen(page, f"{site.address}/{run.replace('dagRuns', 'runs')}/tasks/work", page.get_by_text("What to do:"))
    content = api.get(f"{run}/taskInstances/work/logs/1", params={"full_content": True}).json()["content"]
    log = "\n".join(entry["event"] for entry in content)
    for kind in KINDS:
        assert f"{EACH} x {kind}" in log
        assert hint_of(site, kind) in log
    assert "Then clear this task: only the units that failed run again." in log


def hint_of(site: Site, kind: Category) -> str:
    """The remedy on record for one of the units that failed in this way: its cause's own, or its category's."""
    found = next((site.results / "many/_platerunner/outcomes/work").rglob(f"*.{kind}.*.json"))
    hint: str = json.loads(found.read_text())["verdict"].get("hint", "")
    return hint or CATEGORIES[kind].hint


def write_wells(site: Site) -> None:
    """Each notes its start; the broken ones fail in their own way until somebody fixes the cause."""
    folder = site.data / "many"
    folder.mkdir(parents=True)
    for well in WELLS:
        fails = f"if [ ! -e {folder}/fixed ]; then {KINDS[BROKEN[well]]}; fi\n" if well in BROKEN else ""
        (folder / f"{well}.sh").write_text(f'echo {well} >> {folder}/started\n{fails}echo done > "$1"\n')


def starts(site: Site) -> Counter[str]:
    return Counter((site.data / "many" / "started").read_text().split())


def attempt(api: httpx.Client, run: str) -> dict[str, object]:
    task: dict[str, object] = api.get(f"{run}/taskInstances/work").json()
    return task
