"""The page of launches: none yet, some, refused files with what is wrong, and nothing that a file says as markup."""

import pytest
from tests.specs import wells

from platerunner.engine.records.launches import Launch, Launches, LaunchState, Refused
from platerunner_unit.contract.storage import Storage

PAGE = "/platerunner/dags/lab/launches"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def lab(site):
    spec = wells("lab", folder="/lab")
    site.add(spec.replace("version: 1", 'version: 1\nschedule: {on_config: "s3://lab-launches/lab/"}', 1))
    site.launches = Launches(Storage(str(site.workspace / "lab")))
    return site


def text_of(site) -> str:
    return " ".join(site.client("viewer").get(PAGE).text.split())


def test_a_pipeline_without_launches_says_so(lab):
    assert "No file has asked for a run yet" in text_of(lab)


def test_a_pipeline_that_waits_for_no_files_says_so(site):
    site.add(wells("lab", folder="/lab"))
    assert "No file starts this pipeline" in text_of(site)


def test_launches_and_refused_files_are_shown_and_escaped(lab):
    lab.launches.begin(Launch("b7", "lab", f"s3://in/{EVIL}.json", "d", {}))
    lab.launches.note("b7", LaunchState.FAILED, cause=f"out of memory {EVIL}", streams=("s/1",), log_group="/aws/g")
    problem = {
        "line": 3,
        "column": 1,
        "message": f"unknown key `{EVIL}`",
        "remedy": "Delete it.",
        "code": "unknown-key",
    }
    lab.launches.refuse(Refused("x", "s3://in/x.json", "", "InvalidLaunchError", (), (problem,)))
    text = text_of(lab)
    assert '<span class="state state-failed">FAILED</span>' in text
    assert "/runs/launch-b7/" in text
    assert "/aws/g: s/1" in text
    assert "Line 3: unknown key" in text
    assert EVIL not in text


def test_a_record_that_cannot_be_read_is_told(lab):
    Storage(str(lab.workspace / "lab")).put("_platerunner/launches/b7.json", b"{")
    answer = lab.client("viewer").get(PAGE, headers={"accept": "text/html"})
    assert answer.status_code == 502
    assert "upload the launch&#39;s file again" in answer.text


def test_only_who_may_see_the_dag_sees_them(lab):
    assert lab.client(None).get(PAGE).status_code == 401
