"""Days of people, with the clicks that they need: an engineer, on-call. A scientist's is in `test_qc_page.py`."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Hand, Site, opened, wait_for
from tests.browser.failed_wells import place_of
from tests.browser.looks import fits

PLACES = {
    "home": "",
    "catalog": "catalog",
    "oncall": "oncall",
    "qc": "qc/",
    "pipeline": "dags/mapped/pipeline",
    "history": "dags/mapped/history",
    "launches": "dags/mapped/launches",
    "run": "dags/{run}/tasks/work/#unit=plate%3DP1/well%3DA05",
    "results": "dags/{run}/tasks/gather/results/",
    "refused": "dags/nothing/pipeline",
}
"""Name of a page to its address, of a run that had failed wells."""


@pytest.fixture
def told(page: Page) -> Iterator[Page]:
    """A page whose scripts and policy have nothing to complain of."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    assert complaints == []


def test_an_engineers_day_from_airflows_run_to_the_cause_and_a_colleague(
    told: Page, chromium: Browser, site: Site, failed_run: str
) -> None:
    page, hand = told, Hand()
    page.goto(f"{site.address}/dags/{failed_run}")
    hand.click(page.get_by_role("link", name="Plate map").first)
    frame = page.frame_locator("iframe[title='Plate map']")
    failure = frame.locator("#failure")
    expect(failure).to_contain_text("First failure: work, P1, ")
    expect(failure).to_contain_text(" acts: ")
    assert hand.clicks == 1, "what failed, why and who acts"

    canvas = frame.locator("#maps section", has=frame.get_by_role("heading", name="P1", exact=True)).locator("canvas")
    canvas.scroll_into_view_if_needed()
    hand.click(canvas, position=place_of(canvas, "A05"))
    expect(frame.locator("#unit h2")).to_have_text("P1, A05")
    expect(frame.locator("#unit pre").first).to_contain_text("No space left on device")
    sent = page.url
    assert hand.clicks == 2, "one more, and the address is that of the well"
    with opened(chromium, site, "eve") as other:
        other.goto(sent)
        expect(other.frame_locator("iframe[title='Plate map']").locator("#unit h2")).to_have_text("P1, A05")

    hand.click(frame.get_by_role("link", name="Task and its log"))
    page.wait_for_url("**/tasks/work")
    assert hand.clicks == 3, "and its log"


def test_no_page_is_wider_than_its_screen_and_nothing_lies_under_a_panel(
    told: Page, site: Site, failed_run: str
) -> None:
    found = []
    for name, place in PLACES.items():
        told.goto(f"{site.address}/platerunner/{place.format(run=failed_run)}")
        if name == "run":
            expect(told.locator("#unit").get_by_role("heading", name="Attempts")).to_be_visible()
        found += fits(told, name)
    assert found == []


def test_a_tap_on_a_well_shows_what_became_of_it(chromium: Browser, site: Site, failed_run: str) -> None:
    with opened(chromium, site, site.user, has_touch=True) as page:
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(f"{site.address}/platerunner/dags/{failed_run}/tasks/work/")
        canvas = page.locator("#maps section", has=page.get_by_role("heading", name="P1", exact=True)).locator("canvas")
        canvas.tap(position=place_of(canvas, "A05"))
        expect(page.locator("#unit h2")).to_have_text("P1, A05")
        expect(page.locator("#unit h2")).to_be_in_viewport()


def test_an_on_calls_day_sees_what_is_red_runs_it_again_and_watches(
    told: Page, site: Site, failed_run: str, api: httpx.Client
) -> None:
    page, hand = told, Hand()
    (site.data / "mapped/fixed").touch()
    page.goto(f"{site.address}/platerunner/")
    hand.click(page.get_by_role("link", name="On call"))
    row = page.get_by_role("row").filter(has_text="Wells of two plates")
    expect(row).to_contain_text("out_of_disk")
    expect(row.locator("[data-head='Who acts']")).not_to_be_empty()
    assert hand.clicks == 1, "what failed, why and who acts"

    hand.click(row.get_by_role("button", name="Run what failed again"))
    hand.click(row.get_by_role("button", name="Yes, run it again"))
    page.wait_for_url("**/tasks/*/#follow=on*")
    assert hand.clicks == 3, "two more, and it runs: the first one asks"
    page.goto("about:blank")  # not only another part of the same page
    page.goto(f"{site.address}/platerunner/dags/{failed_run}/tasks/work/")
    page.evaluate("window.loaded = 1")
    run = failed_run.replace("mapped/runs", "dags/mapped/dagRuns")
    wait_for(lambda: api.get(run).json()["state"] == "success", 200)
    expect(page.locator(".tabs a[data-task=gather] .dot.state-success")).to_be_visible()
    expect(page.locator("#summary")).to_have_text("48 units, 0 failed.")
    assert page.evaluate("window.loaded") == 1, "without being loaded again, after its own step had ended, too"
    page.goto(f"{site.address}/platerunner/oncall")
    expect(page.get_by_role("row").filter(has_text="Wells of two plates")).to_have_count(0)
