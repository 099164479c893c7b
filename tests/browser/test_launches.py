"""Files that ask for runs, with a real scheduler and triggerer, and the page that lists what became of them."""

import json
from typing import Any

from playwright.sync_api import Page, expect
from tests.browser.conftest import Site, until_seen
from tests.browser.looks import fits
from tests.browser.test_started_and_told import client, tell_of_arrivals

BUCKET = "launching"
SCRIPTS = {
    "BR00117035": 'echo done > "$1"',
    "BR00117036": "exit 3",
    "BR00117037": 'until [ -e FOLDER/go ]; do sleep 1; done; echo done > "$1"',
}


def test_launches_of_all_kinds_are_on_the_page(page: Page, site: Site) -> None:
    for plate, script in SCRIPTS.items():
        path = site.data / "launched" / plate / "A01.sh"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script.replace("FOLDER", str(site.data / "launched")) + "\n")
    s3 = client(site, "s3")
    tell_of_arrivals(site, s3, BUCKET)
    for number, plate in enumerate((*SCRIPTS, "BR00117099"), 1):
        asks = {"launch": f"2026-11-batch-{number}", "pipeline": "launched", "params": {"plate": plate}}
        s3.put_object(Bucket=BUCKET, Key=f"cells/batch-{number}.json", Body=json.dumps(asks).encode())
    for name, text in BROKEN.items():
        s3.put_object(Bucket=BUCKET, Key=f"cells/{name}", Body=text.encode())
    here = f"{site.address}/platerunner/dags/launched/launches"
    for number, state in enumerate(("COMPLETE", "FAILED", "RUNNING", "FAILED"), 1):
        row = page.get_by_role("row").filter(has_text=f"2026-11-batch-{number}")
        until_seen(page, here, row.get_by_role("cell", name=state, exact=True))
    rows = {row.split()[0]: row for row in page.locator("tbody tr").all_inner_texts()}
    assert sorted(rows) == [f"2026-11-batch-{number}" for number in range(1, 5)]
    assert "1 of 1 units failed" in rows["2026-11-batch-2"]
    assert "{plate} has the values BR00117035" in rows["2026-11-batch-4"]
    for name in BROKEN:
        expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert fits(page, "launches") == []
    (site.data / "launched/go").touch()
    page.get_by_role("link", name="2026-11-batch-2").click()
    expect(page.get_by_text("launch-2026-11-batch-2").first).to_be_visible()


BROKEN: dict[str, Any] = {
    "no_plate.json": '{\n "launch": "no-plate",\n "pipeline": "launched",\n "params": {"cycles": 0}\n}',
    "half.json": '{"launch": "half", ',
    "other.yaml": "launch: other\npipeline: lunched\nparams: {plate: BR00117035}\n",
}
