"""What a unit's program leaves for its next attempt, through the whole runner."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from tests.embedded import wait_for
from tests.unit.bench import Bench, folder_bench

LEAVE = """
cd {unit}; mkdir -p made; printf first > made/a; printf same > made/b; printf same > made/c; chmod 750 made/a
touch -d 2001-02-03T04:05:06Z made/a; ln -s a made/link; ln -s /etc/hostname made/elsewhere; exit 3
"""
PREFIX = "_platerunner/carried/s/plate=P1/well=A01/"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path, PLATERUNNER_KEEP_WORK="1")


def script(bench: Bench, text: str) -> tuple[str, ...]:
    """A shell that starts in what is carried."""
    return ("sh", "-c", text.replace("{unit}", f"{bench.work}/carried"))


def carries(bench: Bench, text: str):
    return bench.run(bench.step(script(bench, text), carries=True), bench.unit())


def listed(bench: Bench) -> list[str]:
    return sorted(file["name"] for file in json.loads(bench.store.get(f"{PREFIX}list.json"))["files"])


def test_a_failed_attempt_leaves_its_folder_to_the_next_one_with_times_modes_and_links(bench) -> None:
    failed = carries(bench, LEAVE)
    assert failed.category == "tool_error"
    assert listed(bench) == ["made/a", "made/b", "made/c", "made/link"], "a link out of the folder is not carried"
    contents = [stored.key for stored in bench.store.list(PREFIX) if not stored.key.endswith("list.json")]
    assert len(contents) == 2, "the same content is kept once"
    look = "cd {unit}/made; stat -c '%n %a %Y' a; cat a link c; rm b c; printf second > a"
    assert carries(bench, look).stdout.decode().splitlines()[:2] == ["a 750 981173106", "firstfirstsame"]
    assert listed(bench) == ["made/a", "made/link"]
    contents = [stored.key for stored in bench.store.list(PREFIX) if not stored.key.endswith("list.json")]
    assert [bench.store.get(key) for key in contents] == [b"second"], "what nothing names any more is taken away"


def test_what_cannot_be_used_any_more_is_told_and_left(bench) -> None:
    carries(bench, LEAVE)
    for stored in bench.store.list(PREFIX):
        if not stored.key.endswith("list.json"):
            bench.store.delete(stored.key)
    again = carries(bench, "ls {unit}")
    assert again.outcome is not None
    assert b"so this one begins with nothing" in bench.log(again.outcome)
    assert b"made" not in again.stdout


def test_a_list_that_leads_out_of_the_folder_is_not_followed(bench) -> None:
    file = {"name": "../out/x", "sha256": "", "size": 1, "mtime_ns": 0, "mode": 0o777, "link": "/etc/hostname"}
    bench.store.put(f"{PREFIX}list.json", json.dumps({"format": 1, "files": [file]}).encode())
    ran = carries(bench, "ls {unit}/../out")
    assert ran.outcome is not None
    assert b"`../out/x` leads out of the folder" in bench.log(ran.outcome)
    assert not ran.stdout.startswith(b"x")


def test_an_attempt_that_has_to_stop_leaves_its_folder_too(bench) -> None:
    text = "printf half > {unit}/a; trap 'exit 1' TERM; while :; do sleep 0.1; done"
    process = bench.start(bench.step(script(bench, text), carries=True), bench.unit())
    wait_for(lambda: (bench.work / "carried/a").exists() or None)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=200)
    outcome = bench.outcome()
    assert outcome is not None
    assert outcome.verdict.category == "stopped_by_user"
    assert listed(bench) == ["a"]


def test_units_of_other_modules_carry_nothing(bench) -> None:
    assert bench.run(bench.step(("true",)), bench.unit()).outcome is not None
    assert not list(bench.store.list("_platerunner/carried/"))
