"""The page of the catalog: what this Airflow may run, escaped; who used it, as far as a user may see."""

import json
from datetime import UTC, datetime

import pytest
from tests.plugins.conftest import HIDDEN
from tests.provider.engine.ledger.test_costs import row
from tests.specs import wells

from platerunner.batch.model import Submission
from platerunner.engine.ledger.files import Ledger
from platerunner_pages.known.workspaces import _hook
from platerunner_unit.contract.storage import Storage

PAGE = "/platerunner/catalog"
EVIL = "<script>alert(1)</script>"
OWN = f"""version: 1
modules:
  lab.spots:
    title: "Spots {EVIL}"
    description: Counts spots.
    tool: command
    image: spots:1.0
    argv: [spots]
    version: 1.4.0
    status: deprecated
    replaced_by: imaging.montage
    until: 2027-06-01
    changelog: {{1.4.0: Half spots count.}}
images: {{"spots:1.0": {{status: trial, owner: ada}}}}
"""


@pytest.fixture
def governed(site, monkeypatch):
    """An Airflow with a catalog of its own and a shared ledger."""
    (site.folder / "catalog").mkdir()
    (site.folder / "catalog/lab.yaml").write_text(OWN)
    extra = {
        "queues": {"spot": "q"},
        "region": "us-east-1",
        "policy": "approved_only",
        "ledger": f"{site.folder}/shared",
    }
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": "platerunner", "extra": extra}))
    monkeypatch.setenv("PLATERUNNER_CATALOG", str(site.folder / "catalog"))
    _hook.cache_clear()
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    for name in ("lab", HIDDEN):
        ran = Submission(1, "n", "single", 1, (0,), "q", job_id=name, submitted_at=now)
        rows = [row(module="lab.spots", image=f"spots-of-{name}", pipeline=name, submitted=now, job=name, unit="u")]
        Ledger(Storage(f"{site.folder}/shared")).write(name, ran, rows)
    return site


def text_of(site, role="user", query="") -> str:
    return " ".join(site.client(role).get(f"{PAGE}{query}").text.split())


def test_modules_and_images_are_shown_with_what_is_thought_of_them(governed):
    text = text_of(governed)
    assert "runs approved modules and images alone" in text
    assert ">deprecated until 2027-06-01</td>" in text
    assert '<td data-head="Instead">imaging.montage</td>' in text
    assert "<li>1.4.0: Half spots count.</li>" in text
    assert '<th scope="row">spots:1.0</th><td data-head="Status">trial</td><td data-head="Owner">ada</td>' in text
    assert '<th scope="row">cellprofiler:4.2.8</th><td data-head="Status">approved</td>' in text
    assert EVIL not in text


def test_usage_is_counted_of_pipelines_that_a_user_may_see(governed):
    assert "No pipeline that you may see" in text_of(governed, query="?usage=true")
    for name in ("lab", HIDDEN):
        governed.add(wells(name, folder=f"/{name}"))
    shown = text_of(governed, query="?usage=true")
    assert ("spots-of-lab" in shown, f"spots-of-{HIDDEN}" in shown) == (True, False)
    assert f"spots-of-{HIDDEN}" in text_of(governed, "admin", "?usage=true")
    assert "spots-of-lab" not in text_of(governed)


def test_a_catalog_that_cannot_be_read_is_told_and_nobody_sees_it_without_a_login(governed):
    (governed.folder / "catalog/lab.yaml").write_text("version: 2")
    from platerunner.catalog.loader import loaded

    loaded.cache_clear()
    answer = governed.client("user").get(PAGE)
    assert (answer.status_code, "The catalog cannot be read" in answer.text) == (502, True)
    assert governed.client(None).get(PAGE).status_code == 401
