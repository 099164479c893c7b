"""Files that arrive, the launches that they become, and what lies beside those that become none."""

import json
from pathlib import Path

import pytest
from tests.provider.engine.launches.test_config import GOOD, PIPELINE
from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.documents.reader import MAX_BYTES
from platerunner.engine.launches.intake import Intake
from platerunner.engine.records.codec import RecordError
from platerunner.engine.records.launches import Launch, Launches, LaunchState, Refused
from platerunner_unit.contract.storage import Storage


class Site:
    def __init__(self, files: str, workspace: Path):
        self.files, self.workspace = Storage(files), Storage(str(workspace))
        self.launches = Launches(self.workspace)

    def put(self, name: str, text: str | bytes) -> None:
        self.files.put(name, text.encode() if isinstance(text, str) else text)

    def look(self, *, settle: bool = True) -> list[Launch | Refused]:
        intake = Intake(PIPELINE, self.files, self.workspace, ("spot",))
        found = list(intake.look())
        for taken in found if settle else ():
            intake.settle(taken)
        return [taken.what for taken in found]


def launch(name: str, plate: str = "P1") -> str:
    return GOOD.replace("b7", name).replace("P1", plate).join("{}")


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(str(tmp_path / "files"), tmp_path / "workspace")


def test_fifty_files_of_which_ten_are_broken(tmp_path):
    with s3_bucket() as bucket:
        site = Site(f"s3://{bucket}/launches", tmp_path)
        for n in range(40):
            site.put(f"{n:02}.json", launch(f"good-{n}", f"P{n}"))
        for n in range(10):
            site.put(f"bad/{n}.yaml", f"launch: bad-{n}\npipeline: cells\nparams:\n  sigma: -{n + 1}\n")
        found = site.look()
        assert sum(isinstance(each, Launch) for each in found) == 40
        assert sum(isinstance(each, Refused) for each in found) == 10
        said = json.loads(site.files.get("bad/bad-3.rejected.json"))
        assert (said["error"], said["missing"]) == ("MissingRequiredParametersError", ["plate"])
        assert [problem["line"] for problem in said["problems"]] == [3, 4]
        assert site.look() == []
        assert len(site.launches.all()) == 40
        assert len(site.launches.all_refused()) == 10


def test_a_file_that_was_fixed_is_taken_and_what_refused_it_goes(site):
    site.put("a.json", launch("a").replace("plate", "plat"))
    assert isinstance(site.look()[0], Refused)
    site.put("a.json", launch("a"))
    assert isinstance(site.look()[0], Launch)
    assert not site.files.exists("a.rejected.json")
    assert site.launches.all_refused() == []


def test_the_same_launch_twice_is_one_and_another_of_its_name_is_refused(site):
    site.put("a.json", launch("a"))
    first = site.look()
    site.put("again.yaml", "launch: a\npipeline: cells\nparams: {plate: P1}\n")
    assert site.look() == first
    site.put("other.json", launch("a", "P2"))
    (refused,) = site.look()
    assert "is the name of a launch that" in refused.sentence
    assert site.launches.load("a").params == {"plate": "P1"}


def test_a_process_that_dies_before_it_has_settled_takes_the_file_again(site):
    site.put("a.json", launch("a"))
    assert site.look(settle=False) == site.look()
    assert len(site.launches.all()) == 1


def test_a_file_too_large_is_not_read(site, monkeypatch):
    site.put("a.json", b" " * (MAX_BYTES + 1))
    monkeypatch.setattr(Storage, "get_tagged", lambda *_: pytest.fail("read it"))
    assert "a launch has at most 1 MiB" in site.look()[0].sentence


def test_a_file_replaced_while_it_is_read_is_taken_whole_and_looked_at_once(site, monkeypatch):
    site.put("a.json", launch("old"))
    read = Storage.get_tagged

    def replaced(self, key):
        if key == "a.json":
            monkeypatch.setattr(Storage, "get_tagged", read)
            site.put("a.json", launch("new"))
        return read(self, key)

    monkeypatch.setattr(Storage, "get_tagged", replaced)
    assert [each.id for each in site.look()] == ["new"]
    assert site.look() == []


@pytest.mark.slow
def test_a_thousand_at_once(site):
    for n in range(1000):
        site.put(f"{n}.json", launch(f"l{n}"))
    assert len({each.id for each in site.look()}) == 1000


def test_names_cannot_leave_the_folder(site):
    site.put("a.json", launch("../../a"))
    (refused,) = site.look()
    assert (refused.name, refused.launch) == ("a", "")
    assert sorted(found.key for found in site.files.list()) == ["a.json", "a.rejected.json"]


def test_states_go_one_way_until_the_end(site):
    site.put("a.json", launch("a"))
    site.look()
    for state in (LaunchState.WAITING, LaunchState.READY, LaunchState.RUNNING, LaunchState.WAITING, LaunchState.FAILED):
        site.launches.note("a", state, cause="out of memory" if state is LaunchState.FAILED else "")
    found = site.launches.load("a")
    assert (found.state, found.cause) == (LaunchState.FAILED, "out of memory")
    assert [state for state, _ in found.past] == ["RECEIVED", "WAITING", "READY", "RUNNING"]
    site.launches.note("unknown", LaunchState.RUNNING)
    assert site.launches.load("unknown") is None


def test_records_that_are_damaged_or_newer_say_what_to_do(site):
    for content, said in ((b"{", "upload the launch's file again"), (b'{"format": 9}', "upgrade")):
        site.workspace.put("_platerunner/launches/a.json", content)
        with pytest.raises(RecordError, match=said):
            site.launches.load("a")
