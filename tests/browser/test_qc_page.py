"""A gate's own page in a real browser, as several people: look, approve, reject, be refused, be too late."""

import json
import re
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Hand, Site, opened, trigger, until_seen, wait_for
from tests.browser.looks import fits, keep


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
def test_a_scientists_day_looks_approves_and_is_asked_again_when_it_changed(
    chromium: Browser, site: Site, api: httpx.Client
) -> None:
    run, hand = trigger(api, "looked"), Hand()
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
        hand.click(ada.get_by_role("link", name="Are these the right images?").first)
        picture = ada.locator("figure img").first
        expect(picture).to_be_visible()
        wait_for(lambda: picture.evaluate("each => each.naturalWidth") > 300)
        accessible(ada)
        keep(ada, "gate", whole=True)
        told = ada.locator("details", has_text="numbers of the report")
        assert {"DNA", "GFP"} <= set(re.findall("DNA|GFP", told.text_content() or "")), "the picture has both channels"
        ada.get_by_label("Comment").fill("sharp <b>enough</b>")
        token = ada.locator("#answer").get_attribute("data-token") or ""
        hand.click(ada.get_by_role("button", name="Approve"))
        expect(ada.get_by_text("Approved. The gate checks the answer")).to_be_visible()
        assert hand.clicks == 2, "a plate is approved, all its channels seen"
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
        ada.get_by_role("button", name="Reject").click()
        expect(ada.get_by_text("A rejection needs a comment")).to_be_visible()
        ada.get_by_label("Comment").fill("the first well is another")
        ada.get_by_role("button", name="Reject").click()
        expect(ada.get_by_text("Rejected. The gate checks the answer")).to_be_visible()
        ends(api, second, "failed")
        look_closely(ada, f"{site.address}/platerunner/{run.replace('dagRuns', 'runs')}/tasks/copy/results/")
    made = [(entry["decision"], entry["user"], entry["comment"]) for entry in records(site, "looked")]
    assert made == [("approved", "ada", "sharp <b>enough</b>"), ("rejected", "ada", "the first well is another")]


def look_closely(page: Page, results: str) -> None:
    """An image in full resolution: what is seen is in the address, and comes back with it."""
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(results)
    page.get_by_role("link", name="Look closely").first.click()
    viewer, said = page.locator("#viewer"), page.locator("#look-said")
    expect(said).to_have_text("")
    whole = page.evaluate(LIGHT)
    assert whole > 0, "something is drawn"
    viewer.locator("[tabindex]").first.focus()
    for _ in range(3):
        page.keyboard.press("+")
    page.wait_for_url(re.compile(r"#.*at="))
    page.get_by_role("slider", name="Brightness").press("End")
    page.wait_for_url(re.compile("bright=3"))
    sent = page.url
    expect(said).to_have_text("")
    close = page.evaluate(LIGHT)
    assert close != whole
    page.goto("about:blank")
    page.goto(sent)
    expect(page.get_by_role("slider", name="Brightness")).to_have_value("3")
    expect(said).to_have_text("")
    wait_for(lambda: abs(page.evaluate(LIGHT) - close) < 0.02 * close, 20)
    accessible(page)
    assert fits(page, "look") == []
    assert complaints == []


LIGHT = """() => {
    const canvas = document.querySelector('#viewer canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, byte, at) => sum + (at % 4 === 0 ? byte : 0), 0) / canvas.width / canvas.height;
}"""
"""How bright the viewer is."""
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
