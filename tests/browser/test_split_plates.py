"""Three plates: one waits for its approval, one fails, one goes on to its end; each as if the others were not there."""

import os
from collections import Counter
from pathlib import Path

import httpx
from playwright.sync_api import Page, expect
from tests.browser.conftest import Site, trigger, until_seen, wait_for

HELD, BROKEN, QUICK, NEW = "0512", "P2", "Plate 3 & Co", "P10"
PLATES = (HELD, BROKEN, QUICK)
"""In natural order, which is that of their map indexes."""
WELLS = ("A01", "A02")


def test_plates_hold_each_other_back_in_nothing(page: Page, api: httpx.Client, site: Site) -> None:
    for plate in PLATES:
        write(site, plate)
    run = trigger(api, "plates")
    here = f"{site.address}/{run.replace('dagRuns', 'runs')}"
    wait_for(lambda: states(api, run, "work") == ["success", "failed", "success"], 240)
    wait_for(lambda: asks(api, run, HELD) and asks(api, run, QUICK), 60)
    assert f"({QUICK})" in question(api, run, QUICK)["subject"]

    answer(api, run, QUICK)
    wait_for(lambda: states(api, run, "sum")[PLATES.index(QUICK)] == "success", 120)
    assert asks(api, run, HELD), "one plate came to its end while another waits, and a third failed"
    assert states(api, run, "sum")[PLATES.index(BROKEN)] == "upstream_failed"
    assert (site.results / f"plates/sums/{QUICK}.txt").exists()
    assert not (site.results / f"plates/sums/{HELD}.txt").exists()
    labels_are_the_plates(page, here)

    answer(api, run, HELD)
    wait_for(lambda: api.get(run).json()["state"] == "failed", 120)
    assert api.get(f"{run}/taskInstances/whole").json()["state"] == "upstream_failed"

    (site.data / "plates/fixed").touch()
    failed = page.get_by_test_id("header-card").get_by_text("Failed", exact=True)
    until_seen(page, f"{here}/tasks/work/mapped/{PLATES.index(BROKEN)}", failed)
    page.keyboard.press("Shift+C")
    page.get_by_role("button", name="Confirm").click()
    wait_for(lambda: asks(api, run, BROKEN), 120)
    answer(api, run, BROKEN)
    wait_for(lambda: api.get(run).json()["state"] == "success", 120)
    assert starts(site) == {**{(plate, well): 1 for plate in PLATES for well in WELLS}, (BROKEN, "A02"): 2}
    whole = (site.results / "plates/whole.txt").read_text().splitlines()
    assert sorted(whole) == sorted(f"{plate}/{well}" for plate in PLATES for well in WELLS)

    write(site, NEW)
    run = trigger(api, "plates")
    # The others are approved.
    wait_for(lambda: states(api, run, "check") == ["success", "success", "awaiting_input", "success"], 180)
    answer(api, run, NEW)
    wait_for(lambda: api.get(run).json()["state"] == "success", 120)
    assert {place for place, count in starts(site).items() if place[0] == NEW} == {(NEW, well) for well in WELLS}
    assert sum(starts(site).values()) == 2 * len(PLATES) + 1 + 2, "only the new plate ran"


def labels_are_the_plates(page: Page, run: str) -> None:
    # A link within its cell, but for Airflow 3.2, where it is text.
    until_seen(page, f"{run}/tasks/work/mapped", page.get_by_role("cell", name=QUICK))
    for plate in PLATES:
        expect(page.get_by_role("cell", name=plate).first).to_be_visible()
    if folder := os.environ.get("PLATERUNNER_SCREENSHOTS"):
        page.screenshot(path=str(Path(folder) / "plates_of_a_step.png"))
        page.goto(run)
        page.keyboard.press("g")
        page.wait_for_timeout(5000)
        page.screenshot(path=str(Path(folder) / "plates_of_a_run.png"))


def write(site: Site, plate: str) -> None:
    """Wells that note their start; one of the broken plate fails until somebody fixes it."""
    folder = site.data / "plates"
    (folder / plate).mkdir(parents=True)
    for well in WELLS:
        broken = plate == BROKEN and well == WELLS[1]
        fails = f"[ -e {folder}/fixed ] || exit 1\n" if broken else ""
        script = f"echo '{plate}/{well}' >> {folder}/started\n{fails}echo '{plate}/{well}' > \"$1\"\n"
        (folder / plate / f"{well}.sh").write_text(script)


def starts(site: Site) -> Counter[tuple[str, str]]:
    lines = (site.data / "plates/started").read_text().splitlines()
    return Counter((plate, well) for plate, _, well in (line.rpartition("/") for line in lines))


def instances(api: httpx.Client, run: str, task: str) -> list[dict[str, object]]:
    found = api.get(f"{run}/taskInstances/{task}/listMapped", params={"order_by": "map_index"})
    return list(found.json()["task_instances"]) if found.is_success else []


def states(api: httpx.Client, run: str, task: str) -> list[object]:
    """By map index; Airflow 3.2 calls a gate that waits deferred."""
    return [str(each["state"]).replace("deferred", "awaiting_input") for each in instances(api, run, task)]


def question(api: httpx.Client, run: str, plate: str) -> dict[str, str]:
    [index] = [each["map_index"] for each in instances(api, run, "check") if each["rendered_map_index"] == plate]
    found: dict[str, str] = api.get(f"{run}/taskInstances/check/{index}/hitlDetails").raise_for_status().json()
    return found | {"address": f"{run}/taskInstances/check/{index}/hitlDetails"}


def asks(api: httpx.Client, run: str, plate: str) -> bool:
    return any(
        each["rendered_map_index"] == plate and each["state"] in ("awaiting_input", "deferred")
        for each in instances(api, run, "check")
    )


def answer(api: httpx.Client, run: str, plate: str) -> None:
    body = {"chosen_options": ["Approve"], "params_input": {"comment": f"{plate} is good"}}
    api.patch(question(api, run, plate)["address"], json=body).raise_for_status()
