"""A gate's own page in a real browser, as several people: look, approve, reject, be refused, be too late."""

import json
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Site, opened, trigger, until_seen, wait_for
from tests.browser.looks import keep


def waits(api: httpx.Client, run: str) -> str:
    """Wait until the gate of a run asks; the address of its page."""
    wait_for(lambda: api.get(f"{run}/taskInstances/check").json()["state"] in ("awaiting_input", "deferred"), 200)
    return f"/platerunner/{run.replace('dagRuns', 'runs')}/gates/check/-1/"


def ends(api: httpx.Client, run: str, state: str) -> None:
    wait_for(lambda: api.get(run).json()["state"] == state, 120)


def records(site: Site, pipeline: str) -> list[dict[str, Any]]:
    files = sorted((site.results / pipeline / "_platerunner/gates/check").glob("*.json"))
    made = [entry for path in files for entry in json.loads(path.read_text())["decisions"]]
    return sorted(made, key=lambda entry: str(entry["at"]))


def accessible(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps([(each["id"], each["nodes"][0]["html"]) for each in serious], indent=1)


@pytest.mark.timeout(900)
def test_look_approve_and_be_asked_again_when_it_changed(chromium: Browser, site: Site, api: httpx.Client) -> None:
    run = trigger(api, "looked")
    address = site.address + waits(api, run)
    with opened(chromium, site, "eve", color_scheme="dark") as eve:
        eve.goto(address)
        expect(eve.get_by_text("You may look, but not decide: it waits for ada.")).to_be_visible()
        expect(eve.get_by_role("button", name="Approve")).to_have_count(0)
        accessible(eve)
        keep(eve, "gate_dark", whole=True)
    with opened(chromium, site, "ada", color_scheme="light") as ada:
        ada.goto(f"{site.address}/platerunner/qc/")
        accessible(ada)
        keep(ada, "qc", whole=True)
        ada.get_by_role("link", name="Are these the right images?").first.click()
        picture = ada.locator("figure img").first
        expect(picture).to_be_visible()
        wait_for(lambda: picture.evaluate("each => each.naturalWidth") > 300)
        accessible(ada)
        keep(ada, "gate", whole=True)
        ada.get_by_role("button", name="Reject").click()
        expect(ada.get_by_text("A rejection needs a comment")).to_be_visible()
        ada.get_by_label("Comment").fill("sharp <b>enough</b>")
        token = ada.locator("#answer").get_attribute("data-token") or ""
        ada.get_by_role("button", name="Approve").press("Enter")
        expect(ada.get_by_text("Approved. The gate checks the answer")).to_be_visible()
        ends(api, run, "success")
        until_seen(ada, address, ada.get_by_role("cell", name="sharp <b>enough</b>"))

        with next((site.data / "Demo1").glob("*_s1_*.tif")).open("ab") as image:
            image.write(b"changed")
        second = trigger(api, "looked")
        address = site.address + waits(api, second)
        ada.goto(address)
        replayed = ada.evaluate(REPLAY, [f"{address}answer", token])
        assert replayed == 409, "an answer to what was asked before"
        keep(ada, "gate_again", whole=True)
        ada.get_by_label("Comment").fill("the first well is another")
        ada.get_by_role("button", name="Reject").click()
        expect(ada.get_by_text("Rejected. The gate checks the answer")).to_be_visible()
        ends(api, second, "failed")
    made = [(entry["decision"], entry["user"], entry["comment"]) for entry in records(site, "looked")]
    assert made == [("approved", "ada", "sharp <b>enough</b>"), ("rejected", "ada", "the first well is another")]


REPLAY = """async ([url, token]) => (await fetch(url, {method: "POST", body: JSON.stringify({choice: "approve"}),
  headers: {"Content-Type": "application/json", "X-Platerunner-Token": token}})).status"""


def test_nobody_in_time_closes_the_gate_and_says_so(page: Page, site: Site, api: httpx.Client) -> None:
    run = trigger(api, "hasty")
    address = site.address + waits(api, run)
    ends(api, run, "failed")
    [made] = records(site, "hasty")
    assert made["decision"] == "timed out"
    page.goto(address)
    expect(page.get_by_text("This gate does not wait for an answer.")).to_be_visible()
    expect(page.get_by_role("cell", name="nobody answered check within 0:00:20")).to_be_visible()
    keep(page, "gate_timed_out", whole=True)
