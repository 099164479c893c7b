"""A unit's page, and what a name, a record or an address cannot make it do."""

import gzip
import re
import struct
import time

import pytest
from tests.plugins.conftest import HIDDEN
from tests.plugins.records import leave, wells_and_sums

from platerunner.engine.planning.model import UnitState
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_pages.requests import tokens
from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.unit_keys import log_key, parse_unit_id, unit_id

EVIL = '<script>alert("x")</script>'
UNIT = unit_id({"plate": EVIL, "well": "A01"}, ("plate", "well"))
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 4, 4) + b"\x08\x02\0\0\0"
STEP = "/platerunner/dags/lab/runs/run-1/tasks/work"


def outcome(workspace, *, keys=("made/a.png",), log="", unit=UNIT):
    outputs = tuple(OutputRecord("made", key, 10, "0") for key in keys)
    verdict = Verdict(str(Category.OUT_OF_MEMORY), f"It met {EVIL}.", f"Killed {EVIL}")
    usage = {"peak_memory": 2 << 30, "requested": {"memory": 4 << 30}}
    timing = {"ended": "2026-01-02T03:04:05+00:00", "tool_s": 125}
    return Outcome(
        "lab", "run-1", "work", unit, parse_unit_id(unit), "fp", 2, verdict, outputs=outputs, usage=usage,
        timing=timing, log=log,
    )  # fmt: skip


@pytest.fixture
def lab(site):
    site.add(wells_and_sums("lab"))
    site.start("lab", work="failed")
    workspace = leave(site.workspace / "lab", {UNIT: UnitState.PENDING}, failed={UNIT: Category.OUT_OF_MEMORY})
    site.storage = workspace
    return site


def unit_page(site, unit=UNIT, role="viewer"):
    return site.client(role).get(f"{STEP}/unit", params={"id": unit})


def test_it_says_what_happened_and_what_to_do(lab):
    log = log_key("run-1", "work", UNIT, 2)
    lab.storage.put(log, gzip.compress(b"first\n" * 5000 + b"the last line\n"))
    OutcomeStore(lab.storage).write(outcome(lab.storage, log=log))
    text = unit_page(lab).text
    for part in (CATEGORIES[Category.OUT_OF_MEMORY].hint.split("`")[0], "2.0 GiB of 4.0 GiB", "2 min", "the last line"):
        assert part in text
    assert "Run this unit again" not in text
    assert "Run this unit again" in unit_page(lab, role="user").text


def test_scripts_in_names_and_lines_are_text(lab):
    OutcomeStore(lab.storage).write(outcome(lab.storage, keys=(f"made/{EVIL}.png",)))
    for page in (unit_page(lab), lab.client("user").get(f"{STEP}/")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "unsafe" not in page.headers["content-security-policy"]
    assert "&lt;script&gt;alert" in unit_page(lab).text


@pytest.mark.parametrize("unit", ["../../../../etc", "plate=P1/..", "%2e%2e/%2e%2e", "all", ""])
def test_a_unit_that_the_step_does_not_have_is_nothing(lab, unit):
    assert unit_page(lab, unit).status_code == 404


def test_a_record_cannot_point_out_of_the_workspace(lab):
    (lab.folder / "secret.png").write_bytes(PNG)
    keys = ("../secret.png", "/etc/hostname.txt", "_platerunner/runs/run-1/work/state.json", "a/../../secret.png")
    OutcomeStore(lab.storage).write(outcome(lab.storage, keys=keys, log="_platerunner/logs/../../../secret.png"))
    text = unit_page(lab).text
    assert "/files/" not in text
    assert "its log is not where logs are kept" in text
    for key in keys:
        token = tokens.sign("file", "ada", "lab", "run-1", "work", key)
        assert lab.client("viewer").get(f"/platerunner/files/{token}").status_code in (404, 502)


def test_a_picture_is_served_to_its_reader_for_minutes(lab, monkeypatch):
    lab.storage.put("made/a.png", PNG)
    OutcomeStore(lab.storage).write(outcome(lab.storage))
    address = re.search(r'src="(/platerunner/files/[^"]+)"', unit_page(lab).text)[1]
    answer = lab.client("viewer").get(address)
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert lab.client("viewer", "eve").get(address).status_code == 404
    assert lab.client(None).get(address).status_code == 401
    assert lab.client("viewer").get(address[:-3] + "abc").status_code == 404
    now = time.time()
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: now + tokens.FILE_S + 2)
    assert lab.client("viewer").get(address).status_code == 404


def test_an_address_of_a_dag_that_may_not_be_seen_any_more_is_nothing(lab):
    lab.add(wells_and_sums(HIDDEN))
    lab.start(HIDDEN, work="failed")
    leave(lab.workspace / HIDDEN, {UNIT: UnitState.DONE}).put("made/a.png", PNG)
    token = tokens.sign("file", "ada", HIDDEN, "run-1", "work", "made/a.png")
    assert lab.client("user").get(f"/platerunner/files/{token}").status_code == 404
    assert lab.client("admin").get(f"/platerunner/files/{token}").status_code == 200


def test_oversized_pictures_are_refused(lab, monkeypatch):
    lab.storage.put("made/a.png", PNG[:16] + struct.pack(">II", 60_000, 60_000) + PNG[24:])
    token = tokens.sign("file", "ada", "lab", "run-1", "work", "made/a.png")
    answer = lab.client("viewer").get(f"/platerunner/files/{token}")
    assert answer.status_code == 413
    assert "too large" in answer.json()["detail"]
    monkeypatch.setattr("platerunner_pages.requests.served_files.LARGEST", 20)
    assert lab.client("viewer").get(f"/platerunner/files/{token}").status_code == 413


LINKS = {
    "out of the workspace": ("made/a.png", "{outside}/secret.png"),
    "in a folder": ("out", "{outside}"),
    "to what is hidden": ("made/a.png", "{workspace}/_platerunner/hidden.png"),
    "to a file that is not served": ("made/a.png", "{workspace}/made/a.py"),
    "in a circle": ("made/a.png", "a.png"),
    "to nothing": ("made/a.png", "b.png"),
}


@pytest.mark.parametrize(("name", "target"), LINKS.values(), ids=LINKS)
def test_a_link_shows_only_what_its_file_would(lab, name, target):
    workspace, outside = lab.storage.local, lab.folder / "outside"
    outside.mkdir()
    (outside / "secret.png").write_bytes(PNG)
    for key in ("_platerunner/hidden.png", "made/a.py"):
        lab.storage.put(key, PNG)
    link = workspace / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target.format(outside=outside, workspace=workspace))
    key = name if name.endswith(".png") else f"{name}/secret.png"
    token = tokens.sign("file", "ada", "lab", "run-1", "work", key)
    assert lab.client("viewer").get(f"/platerunner/files/{token}").status_code == 404


def test_a_link_within_the_workspace_is_followed(lab):
    lab.storage.put("made/b.png", PNG)
    (lab.storage.local / "made" / "a.png").symlink_to("b.png")
    token = tokens.sign("file", "ada", "lab", "run-1", "work", "made/a.png")
    assert lab.client("viewer").get(f"/platerunner/files/{token}").content == PNG


def test_a_log_that_is_a_link_out_of_the_logs_is_not_shown(lab):
    log = log_key("run-1", "work", UNIT, 2)
    (lab.folder / "secret.gz").write_bytes(gzip.compress(b"a secret\n"))
    path = lab.storage.local / log
    path.parent.mkdir(parents=True)
    path.symlink_to(lab.folder / "secret.gz")
    OutcomeStore(lab.storage).write(outcome(lab.storage, log=log))
    assert "a secret" not in unit_page(lab).text
