"""A run without Airflow: real jobs of the embedded cloud, gates, branches, and what goes wrong."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.embedded import Account, embedded, wait_for

from platerunner.batch.poller import Pace
from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.runs.direct import DirectRun
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.engine.steps.turns import Turns
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import StorageError

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
split: SPLIT
params: {merge: {type: boolean, default: true}}
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.sh"}}
defaults: {image: base:latest, resources: {vcpus: 1, memory: 100 MiB}}
steps:
  work:
    module: command
    foreach: [plate, well]
    inputs: {tool: dataset.raw}
    with: {argv: [sh, "{inputs.tool}", "{outputs.copy}"]}
    outputs: {copy: "copies/{plate}/{well}/Image.csv"}
    retry: {attempts: 1}
  look:
    gate: Is it well?
    show: {copies: work.copy}
    report: {columns: [n]}
APPROVERS  whole:
    module: command
    when: "{{ params.merge }}"
    needs: [look]
    inputs: {all: work.copy}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.sum}", "{inputs.all}"]}
    outputs: {sum: "sum.txt"}
"""
DONE = """printf 'ImageNumber,n\\n1,5\\n' > "$1\""""
PACE = Pace(first=0.1, fastest=0.1, slowest=0.3)


class Lab:
    """A data root, a workspace, and runs of one spec."""

    def __init__(self, folder: Path, aws: Account, split: str = "plate", approvers: str = "") -> None:
        self.folder = folder
        self.aws = aws
        self.text = SPEC.replace("SPLIT", split).replace(
            "APPROVERS", f"    approvers: [{approvers}]\n" if approvers else ""
        )
        self.number = 0
        self.run: DirectRun | None = None

    def write(self, name: str, script: str = DONE) -> None:
        path = self.folder / "data" / f"{name}.sh"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"echo {name} >> {self.folder}/started\n{script}\n")

    def starts(self) -> Counter[str]:
        started = self.folder / "started"
        lines = started.read_text().split() if started.exists() else []
        started.unlink(missing_ok=True)
        return Counter(lines)

    def new(self, **options: Any) -> DirectRun:
        self.number += 1
        pipeline = load_text(self.text, self.folder / "lab.yaml")
        roots = {"data_root": str(self.folder / "data"), "workspace_root": str(self.folder / "ws")}
        params = {"merge": options.pop("merge", True)}
        context = RunContext(params, **roots, run_id=f"run-{self.number}", options=RunOptions.of(options, pipeline))
        access = DirectAccess({**self.aws.cloud.connection(), **roots})
        self.run = DirectRun(access, pipeline, context, PACE)
        return self.run

    def play(self, answer: Callable[[str, int], tuple[str, str] | None], **options: Any) -> list[dict[str, Any]]:
        """Run to the end, or until nothing but an answer is missing; all events."""
        run, asked, events = self.new(**options), set[tuple[str, str]](), list[dict[str, Any]]()
        for event in run.events():
            events.append(event)
            if event["event"] == "refused":
                asked.discard(("look", str(event["index"])))
            for index, state in event.get("states", {}).get("look", {}).items():
                if state == "awaiting_input" and ("look", index) not in asked:
                    asked.add(("look", index))
                    if (said := answer("look", int(index))) is None:
                        return events
                    run.answer("look", int(index), *said)
        return events


def approve(name: str, index: int) -> tuple[str, str]:
    return "Approve", "flat"


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with embedded() as account:
        yield account


@pytest.fixture(autouse=True)
def environment(aws: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def lab(aws: Account, tmp_path: Path) -> Lab:
    return Lab(tmp_path, aws)


def end(events: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    assert events[-1]["event"] == "end"
    return events[-1]["state"], events[-1]["states"]


@pytest.mark.slow
def test_branches_gates_and_what_gathers_them_and_a_second_run_does_nothing(lab: Lab, aws: Account) -> None:
    for name in ("P1/A01", "P1/A02", "P2/A01"):
        lab.write(name)
    state, states = end(lab.play(approve))
    assert state == "success"
    assert states == {
        "split-by-plate": {"-1": "success"},
        "work": {"0": "success", "1": "success"},
        "look_report": {"0": "success", "1": "success"},
        "look": {"0": "success", "1": "success"},
        "whole": {"-1": "success"},
    }
    assert (lab.folder / "ws/sum.txt").read_text() == "ImageNumber,n\n1,5\n" * 3
    assert lab.starts() == {"P1/A01": 1, "P1/A02": 1, "P2/A01": 1}

    submitted = aws.cloud.calls["batch.submitjob"]
    asked: list[int] = []
    state, _ = end(lab.play(lambda _, index: asked.append(index) or ("Approve", "")))
    assert (state, asked) == ("success", []), "an approval of the same files stands"
    assert aws.cloud.calls["batch.submitjob"] == submitted


@pytest.mark.slow
def test_a_failure_says_why_and_holds_back_its_own_branch_alone(lab: Lab) -> None:
    lab.write("P1/A01", "echo 'ValueError: too dark'; exit 3")
    lab.write("P2/A01")
    events = lab.play(approve)
    state, states = end(events)
    assert state == "failed"
    assert (states["work"], states["look"]) == (
        {"0": "failed", "1": "success"},
        {"0": "upstream_failed", "1": "success"},
    )
    assert states["whole"] == {"-1": "upstream_failed"}
    [failure] = [event for event in events if event["event"] == "failure"]
    assert (failure["task"], failure["index"]) == ("work", 0)
    assert "1 of 1 units failed" in failure["message"]


@pytest.mark.slow
def test_what_may_lack_a_branch_goes_on_without_it(aws: Account, tmp_path: Path) -> None:
    lab = Lab(tmp_path, aws, split="{by: plate, tolerate: 1}")
    lab.write("P1/A01", "exit 3")
    lab.write("P2/A01")
    state, states = end(lab.play(approve))
    assert (state, states["whole"]) == ("success", {"-1": "success"})
    assert (tmp_path / "ws/sum.txt").read_text() == "ImageNumber,n\n1,5\n"


@pytest.mark.slow
def test_a_rejection_fails_the_gate_and_the_next_run_asks_again(lab: Lab) -> None:
    lab.write("P1/A01")
    events = lab.play(lambda *_: ("Reject", "blurred"))
    assert end(events)[1]["look"] == {"0": "failed"}
    [failure] = [event for event in events if event["event"] == "failure"]
    assert "rejected" in failure["message"]
    assert "blurred" in failure["message"]
    assert end(lab.play(approve))[0] == "success"
    assert lab.starts() == {"P1/A01": 1}


@pytest.mark.slow
def test_an_answer_that_does_not_count_is_said_and_it_asks_again(lab: Lab) -> None:
    lab.write("P1/A01")
    answers = iter([("Reject", ""), ("Approve", "now")])
    events = lab.play(lambda *_: next(answers))
    assert end(events)[0] == "success"
    [refused] = [event for event in events if event["event"] == "refused"]
    assert "a rejection needs a comment" in refused["message"]


def test_who_is_no_approver_is_refused(aws: Account, tmp_path: Path) -> None:
    lab = Lab(tmp_path, aws, approvers="somebody-else")
    lab.write("P1/A01")
    answers = iter([("Approve", ""), None])
    events = lab.play(lambda *_: next(answers))
    [refused] = [event for event in events if event["event"] == "refused"]
    assert "no approver of this gate (somebody-else)" in refused["message"]


@pytest.mark.slow
def test_a_gate_keeps_nobody_else_waiting(lab: Lab) -> None:
    lab.write("P1/A01")
    lab.write("P2/A01", f"while [ ! -e {lab.folder}/go ]; do sleep 0.1; done; " + DONE)
    seen: list[str] = []

    def late(_: str, index: int) -> tuple[str, str]:
        seen.append(f"asked {index}")
        (lab.folder / "go").touch()
        return "Approve", ""

    events = lab.play(late)
    first = next(e for e in events if e.get("states", {}).get("look", {}).get("0") == "awaiting_input")
    assert first["states"]["work"]["1"] in ("running", "deferred"), "the first plate asks while the second still runs"
    assert (end(events)[0], seen) == ("success", ["asked 0", "asked 1"])


def test_a_condition_that_does_not_hold_leaves_its_step_out(lab: Lab) -> None:
    lab.write("P1/A01")
    assert end(lab.play(approve, merge=False))[1]["whole"] == {"-1": "skipped"}


def test_no_files_at_all_is_one_sentence(lab: Lab) -> None:
    (lab.folder / "data").mkdir()
    events = lab.play(approve)
    assert end(events)[1]["split-by-plate"] == {"-1": "failed"}
    assert "matches `{plate}/{well}.sh`" in next(e["message"] for e in events if e["event"] == "failure")


def test_what_does_not_answer_is_tried_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platerunner.engine.runs.direct.PAUSE_S", 0.1)
    taken, take = [], Turns.take

    def once_broken(turns: Turns) -> Any:
        taken.append(turns)
        if len(taken) == 1:
            raise StorageError("the bucket does not answer")
        return take(turns)

    monkeypatch.setattr(Turns, "take", once_broken)
    lab.write("P1/A01")
    events = lab.play(approve)
    assert end(events)[0] == "success"
    assert any(
        "up_for_retry" in e["states"]["work"].values()
        for e in events
        if e["event"] == "states" and "work" in e["states"]
    )


@pytest.mark.slow
def test_a_fault_of_ours_fails_the_task_and_is_in_the_log(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("platerunner.engine.runs.direct.PAUSE_S", 0.1)
    monkeypatch.setattr(Turns, "take", lambda _: 1 / 0)
    lab.write("P1/A01")
    events = lab.play(approve)
    assert end(events)[0] == "failed"
    [failure] = [event for event in events if event["event"] == "failure"]
    assert failure["message"] == "ZeroDivisionError: division by zero; the log has where it happened"
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.slow
def test_who_stops_a_run_ends_its_jobs_and_the_next_one_goes_on(lab: Lab, aws: Account) -> None:
    lab.write("P1/A01", f"while [ ! -e {lab.folder}/go ]; do sleep 0.1; done; " + DONE)
    run = lab.new()
    events = run.events()
    while not (lab.folder / "started").exists():
        next(events)
    threads = {thread.name for thread in threading.enumerate()}
    assert "work 0" in threads
    events.close()
    wait_for(lambda: all(thread.name != "work 0" for thread in threading.enumerate()))
    wait_for(lambda: not aws.batch.list_jobs(jobQueue=aws.spot, jobStatus="RUNNING")["jobSummaryList"])
    (lab.folder / "go").touch()
    assert end(lab.play(approve))[0] == "success"
    assert lab.starts() == {"P1/A01": 2}
