"""The demo in the browser: trigger from the form, look at the gate, approve with a comment, see it finish."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import Site, opened, until_seen

GATE = "Are the corrected images flat, sharp and full of cells?"


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    """Of somebody who logs in as people do."""
    with opened(chromium, site) as page:
        page.goto(site.address)
        page.fill("input[name=username]", site.user)
        page.fill("input[name=password]", site.password)
        page.click("button[type=submit]")
        page.wait_for_url(lambda url: "login" not in url)
        yield page


def test_trigger_the_form_wait_at_the_gate_approve_and_finish(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/dags/demo")
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text("What does the work; cellprofiler needs")).to_be_visible()
    form.locator("textarea[name=element_wells]").fill("B02\nC03")
    form.get_by_role("button", name="Trigger", exact=True).click()
    page.wait_for_url("**/dags/demo/runs/**")
    run = page.url.split("?")[0].rstrip("/")

    waiting = page.get_by_role("row").filter(has_text="Approval Required").filter(has_text=GATE)
    until_seen(page, f"{site.address}/required_actions", waiting)
    waiting.first.get_by_role("link").first.click()
    expect(page.get_by_role("heading", name=GATE)).to_be_visible()
    expect(page.get_by_text("gates/check/Demo1/montage.png")).to_be_visible()
    page.locator("textarea[name=element_comment]").fill("flat, and full of cells")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Response received at")).to_be_visible()

    # The run's own state is in the header; the tasks' are below, and most of them succeed long before the run does.
    until_seen(page, run, page.get_by_test_id("header-card").get_by_text("Success", exact=True))
    workspace = site.results / "demo"
    assert (workspace / "report" / "Demo1" / "Demo1_Count_Nuclei.png").stat().st_size > 1000
    (decision,) = (workspace / "_platerunner" / "gates" / "check").rglob("*.json")
    assert "flat, and full of cells" in json.dumps(json.loads(decision.read_text()))
