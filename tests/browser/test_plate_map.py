"""The plate map in Airflow's own pages: look, ask why, run three failed wells again; and its cost at 10,000 units."""

import json
import shutil
from collections import Counter

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, FrameLocator, Locator, Page, Route, expect
from tests.browser.conftest import Site, opened, wait_for
from tests.browser.failed_wells import EVIL, place_of
from tests.browser.looks import keep
from tests.plugins.records import leave

from platerunner.engine.planning.model import UnitState
from platerunner_unit.contract.category import Category

PICKED = ("B02", "C04", "D06")
OTHERS_AWAY = """for (const row of document.querySelectorAll("tbody tr"))
    if (!row.textContent.includes("Wells of two plates")) row.remove()"""
"""What other tests have left red is no part of the picture."""
COLOURS = """() => {
    const canvas = document.querySelector('#together canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return [0, 1, 2].map((part) => data.reduce((sum, byte, at) => sum + (at % 4 === part ? byte : 0), 0));
}"""
"""How much red, green and blue is in the channels together."""
PAGES = ("dags/mapped/pipeline", "dags/mapped/history", "dags/mapped/launches", "catalog", "")


def frame_of(page: Page, site: Site, run: str) -> FrameLocator:
    """The plate map as a tab of its task, within Airflow."""
    page.goto(f"{site.address}/dags/{run}/tasks/work/plugin/platerunner-map")
    frame = page.frame_locator("iframe[title='Plate map']")
    expect(frame.locator("#summary")).to_contain_text("units,")
    return frame


def mark_well(canvas: Locator, well: str) -> None:
    """Click a well of a plate of 96, with Shift."""
    canvas.click(position=place_of(canvas, well), modifiers=["Shift"])


def plate(frame: FrameLocator, name: str) -> int:
    names = frame.locator(".map h2").all_inner_texts()
    return names.index(name)


def test_the_map_says_why_and_names_are_text(page: Page, site: Site, failed_run: str) -> None:
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    frame = frame_of(page, site, failed_run)
    expect(frame.locator("#summary")).to_have_text("48 units, 4 failed.")
    expect(frame.locator("#legend button:visible")).to_have_count(4)
    assert plate(frame, EVIL) >= 0
    assert frame.locator("main img").count() == 0
    frame.get_by_text("The units as a list").click()
    frame.locator("#legend button", has_text="tool_error").click()
    frame.get_by_role("button", name="P1, B02: tool_error").click()
    unit = frame.locator("#unit")
    expect(unit.get_by_role("heading", name="P1, B02")).to_be_visible()
    expect(unit.get_by_text("What to do (scientist)")).to_be_visible()
    expect(unit.locator("pre").first).to_contain_text("the threshold is <b>negative</b>")
    keep(page, "plate_map_light")
    frame.get_by_role("link", name="Task and its log").click()
    page.wait_for_url("**/tasks/work", timeout=60_000)


def test_the_tasks_link_leads_to_its_map(page: Page, site: Site, failed_run: str, api: httpx.Client) -> None:
    address = f"dags/{failed_run.replace('/runs/', '/dagRuns/')}/taskInstances/work/links"
    page.goto(api.get(address).raise_for_status().json()["extra_links"]["Plate map"])
    expect(page.frame_locator("iframe").locator("#summary")).to_have_text("48 units, 4 failed.")


def test_the_arrow_keys_reach_every_well(page: Page, site: Site, failed_run: str) -> None:
    frame = frame_of(page, site, failed_run)
    canvas = frame.locator("canvas[role=application]").nth(plate(frame, "P1"))
    canvas.focus()
    said = frame.locator("#cursor")
    expect(said).to_have_text("P1, A01: succeeded")
    for key in ("ArrowDown", "ArrowRight"):
        canvas.press(key)
    expect(said).to_have_text("P1, B02: tool_error")
    canvas.press("Space")
    expect(said).to_have_text("P1, B02: tool_error, marked")
    expect(frame.get_by_role("button", name="Run the marked unit again", exact=True)).to_be_visible()
    frame.get_by_role("button", name="Unmark all").press("Enter")
    expect(frame.get_by_role("button", name="Run the marked unit again")).to_have_count(0)
    canvas.focus()
    canvas.press("Enter")
    expect(frame.locator("#unit h2")).to_have_text("P1, B02")


def test_dark_where_airflow_is_dark(page: Page, site: Site, failed_run: str) -> None:
    page.add_init_script("localStorage.setItem('theme', 'dark')")
    frame = frame_of(page, site, failed_run)
    expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    frame.get_by_text("The units as a list").click()
    frame.get_by_role("button", name="P1, C04").click()
    expect(frame.locator("#unit h2")).to_have_text("P1, C04")
    keep(page, "plate_map_dark")


def test_what_was_chosen_is_in_the_address_and_what_cannot_be_shown_says_so(
    chromium: Browser, site: Site, failed_run: str
) -> None:
    with opened(chromium, site, site.user) as page:
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(f"{site.address}/platerunner/dags/{failed_run}/tasks/work/")
        page.get_by_text("The units as a list").click()
        page.get_by_role("button", name="P1, B02: tool_error").click()
        heading = page.locator("#unit h2")
        expect(heading).to_be_in_viewport()
        page.locator("#legend button", has_text="tool_error").click()
        asked: list[Route] = []
        page.route("**/unit?*", lambda route: asked.append(route))
        page.reload()
        expect(heading).to_have_text("P1, B02")
        expect(page.locator("#legend button[aria-pressed=true]")).to_contain_text("tool_error")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than the screen"

        page.get_by_text("The units as a list").click()
        with page.expect_request("**/unit?*"):
            page.locator("#list button").first.click()
        late, last = asked
        last.abort()
        expect(page.locator("#unit")).to_contain_text("Airflow does not answer.")
        with page.expect_response("**/unit?*") as answer:
            late.continue_()
        answer.value.finished()
        page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        expect(page.locator("#unit")).to_contain_text("Airflow does not answer.")
        page.unroute("**/unit?*")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("#unit").get_by_role("heading", name="Attempts")).to_be_visible()


def test_a_number_is_chosen_by_keyboard_and_a_colleague_who_gets_the_address_sees_the_same(
    chromium: Browser, site: Site, failed_run: str
) -> None:
    with opened(chromium, site, site.user) as page:
        page.goto(f"{site.address}/platerunner/dags/{failed_run}/tasks/work/")
        expect(page.locator("#failure")).to_contain_text("First failure: work, P1, ")
        expect(page.locator("#failure")).to_contain_text(" acts: ")
        expect(page.locator("#progress")).to_contain_text("44 of 48 wells done, 4 failed, took")
        page.locator("#plate-filter").fill("p1")
        expect(page.locator("#maps .map")).to_have_count(1)
        page.locator("#values summary").press("Enter")
        expect(page.locator("#value-said")).to_contain_text("to choose from")
        page.locator("#value-column").fill("seconds")
        page.locator("#value-column").press("Enter")
        expect(page.locator("#value-said")).to_contain_text("48 wells, 0 without a number")
        canvas = page.locator("#value-maps canvas")
        canvas.focus()
        canvas.press("ArrowDown")
        canvas.press("ArrowRight")
        expect(page.locator("#cursor")).to_contain_text("P1, B02: ")
        canvas.press("Enter")
        expect(page.locator("#unit h2")).to_have_text("P1, B02")
        assert Axe().run(page).response["violations"] == [], "axe finds nothing at all"
        keep(page, "plate_map_numbers")
        address = page.url
    with opened(chromium, site, "eve") as page:
        page.goto(address)
        expect(page.locator("#unit h2")).to_have_text("P1, B02")
        expect(page.locator("#scale-title")).to_have_text("Duration of the last attempt")
        expect(page.locator("#value-maps .map")).to_have_count(1)
        page.get_by_role("button", name="Back to states").click()
        expect(page.locator("#legend")).to_be_visible()
        expect(page.locator("#maps .map")).to_have_count(1)


def test_the_outer_address_has_what_was_chosen_within_airflow(page: Page, site: Site, failed_run: str) -> None:
    frame = frame_of(page, site, failed_run)
    frame.locator("#plate-filter").fill("P1")
    page.reload()
    expect(frame.locator("#maps .map")).to_have_count(1)
    frame.get_by_role("link", name="gather").click()
    expect(frame.locator("#summary")).to_contain_text("This step was not reached")
    page.reload()
    expect(frame.get_by_role("heading", name="gather", level=1)).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_violation(page: Page, site: Site, failed_run: str, theme: str) -> None:
    run_page = f"{site.address}/platerunner/dags/{failed_run}/tasks/work/"
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    found = {}
    others = [f"{site.address}/platerunner/{each}" for each in PAGES]
    for address in (run_page, *others):
        page.goto(address)
        if address == run_page:
            page.get_by_text("The units as a list").click()
            page.get_by_role("button", name="P1, B02").click()
            expect(page.locator("#unit h2")).to_have_text("P1, B02")
            page.get_by_role("button", name="Run all 4 failed again").click()
        if address.endswith("pipeline"):
            page.get_by_role("button", name="Plan").click()
            expect(page.locator("#plan")).to_contain_text("pending", timeout=90_000)
        keep(page, f"{address.strip('/').rpartition('/')[2]}_{theme}")
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                found[address, violation["id"]] = [node["html"][:200] for node in violation["nodes"]]
    assert found == {}


def test_on_call_results_and_channels_on_a_phone_by_keyboard_alone(
    chromium: Browser, site: Site, failed_run: str, api: httpx.Client
) -> None:
    api.patch("dags/illumination", json={"is_paused": True}).raise_for_status()  # its run stays queued
    run = api.post("dags/illumination/dagRuns", json={"logical_date": None}).raise_for_status().json()["dag_run_id"]
    folder = site.results / "illumination/corrected/Demo1/B02"
    folder.mkdir(parents=True, exist_ok=True)  # a second try has it
    for channel in ("DNA", "GFP"):
        shutil.copy(site.data / f"Demo1/B02_s1_{channel}.tif", folder / f"Demo1_B02_s1_Corr{channel}.tiff")
    with opened(chromium, site, site.user) as page:
        page.set_viewport_size({"width": 390, "height": 800})
        page.goto(f"{site.address}/platerunner/oncall")
        row = page.get_by_role("row").filter(has_text="Wells of two plates")
        row.get_by_role("link", name="work").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(row.get_by_role("button", name="Yes, run it again")).to_be_focused()
        expect(row.get_by_role("button")).to_be_in_viewport(ratio=1)
        page.evaluate(OTHERS_AWAY)
        look_closely(page, "oncall")

        page.goto(f"{site.address}/platerunner/dags/{failed_run}/tasks/work/results/")
        page.get_by_role("button", name="Where from").first.press("Enter")
        expect(page.locator("#preview dt").first).to_have_text("Made by")
        look_closely(page, "results")

        page.goto(f"{site.address}/platerunner/dags/illumination/runs/{run}/tasks/illum_apply/results/")
        page.locator("#fields button").press("Enter")
        brightest = page.get_by_role("slider", name="DNA: brightest")
        expect(brightest).to_be_visible()
        before = page.evaluate(COLOURS)
        brightest.press("Home")
        brighter = page.evaluate(COLOURS)
        page.get_by_role("checkbox", name="GFP").press("Space")
        alone = page.evaluate(COLOURS)
        assert brighter[2] > before[2] > 0, "DNA is blue"
        assert (alone[0], alone[1] < brighter[1]) == (0, True), "GFP was green, and is off"
        look_closely(page, "channels")


def look_closely(page: Page, name: str) -> None:
    """In both themes: nothing is wider than the screen, and axe finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    for theme in ("light", "dark"):
        page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
        keep(page, f"{name}_{theme}")
        found = [each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
        assert found == [], (name, theme)


def test_a_viewer_may_look_and_no_more(chromium: Browser, site: Site, failed_run: str) -> None:
    with opened(chromium, site, "eve") as page:
        page.goto(f"{site.address}/platerunner/dags/{failed_run}/tasks/work/")
        expect(page.locator("#summary")).to_have_text("48 units, 4 failed.")
        assert page.locator("#pick-failed").count() == 0
        forged = """async () => (await fetch('rerun', {method: 'POST', headers: {'Content-Type': 'application/json',
            'X-Platerunner-Token': 'x'}, body: JSON.stringify({units: ['plate=P1/well=B02']})})).status"""
        assert page.evaluate(forged) == 403


def test_ten_thousand_units(page: Page, site: Site, failed_run: str, api: httpx.Client) -> None:
    """Reported, not asserted: how long until the units are on the screen, and the memory of the page."""
    asked = {"logical_date": None, "conf": {"dry_run": True}}
    run = api.post("dags/mapped/dagRuns", json=asked).raise_for_status().json()["dag_run_id"]
    wait_for(lambda: api.get(f"dags/mapped/dagRuns/{run}").json()["state"] in ("success", "failed"), 120)
    wells = [f"{chr(65 + row)}{column:02}" for row in range(16) for column in range(1, 25)]
    units = [f"plate=Q{number // 384:02}/well={wells[number % 384]}" for number in range(10_000)]
    failed = {unit: list(Category)[1 + number % 22] for number, unit in enumerate(units) if number % 41 == 0}
    states = dict.fromkeys(units, UnitState.PENDING)
    leave(site.results / "mapped", states, succeeded=tuple(set(units) - set(failed)), failed=failed, run_id=run)
    address = f"{site.address}/platerunner/dags/mapped/runs/{run}/tasks/work/"
    measured = []
    for _ in range(3):
        page.goto(address)
        expect(page.locator("#summary")).to_have_text(f"10,000 units, {len(failed)} failed.")
        page.wait_for_function("performance.getEntriesByName('platerunner:painted').length > 0")
        marks = "Object.fromEntries(performance.getEntriesByType('mark').map((m) => [m.name, Math.round(m.startTime)]))"
        heap = page.evaluate("Math.round(performance.memory.usedJSHeapSize / 2 ** 20)")
        map_json = "performance.getEntriesByType('resource').find((r) => r.name.endsWith('map.json'))"
        fetched = page.evaluate(
            f"(({{duration, encodedBodySize}}) => [Math.round(duration), encodedBodySize])({map_json})"
        )
        measured.append({"marks_ms": page.evaluate(marks), "heap_mib": heap, "map_json_ms_bytes": fetched})
    print("10,000 units:", json.dumps(measured))
    keep(page, "ten_thousand_units")
    assert page.locator(".map canvas").count() == 27


def test_three_failed_wells_run_again_from_the_map(page: Page, site: Site, failed_run: str, api: httpx.Client) -> None:
    started = site.data / "mapped" / "started"
    started.unlink()
    (site.data / "mapped" / "fixed").touch()
    frame = frame_of(page, site, failed_run)
    canvas = frame.locator("canvas[role=application]").nth(plate(frame, "P1"))
    canvas.scroll_into_view_if_needed()
    for well in PICKED:
        mark_well(canvas, well)
    frame.get_by_role("button", name="Run the 3 marked again").click()
    keep(page, "plate_map_rerun")
    frame.get_by_role("button", name="Run again", exact=True).click()
    expect(frame.get_by_text("3 units run again: work was cleared, with gather after it.")).to_be_visible()
    address = failed_run.replace("mapped/runs", "dags/mapped/dagRuns")
    wait_for(lambda: (task := api.get(f"{address}/taskInstances/work").json())["try_number"] == 2 and ended(task), 200)
    assert Counter(started.read_text().splitlines()) == {f"P1 {well}": 1 for well in PICKED}
    left = frame_of(page, site, failed_run)
    expect(left.locator("#summary")).to_have_text("48 units, 1 failed.")
    keep(page, "plate_map_after")
    assert api.get(f"{address}/taskInstances/work").json()["state"] == "failed", "the fourth well still has no result"


def ended(task: dict[str, str]) -> bool:
    return task["state"] in {"success", "failed"}
