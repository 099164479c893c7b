"""A budget: nothing is submitted before somebody approves, and what was approved is not asked about again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.embedded import Account, embedded

from platerunner.batch.poller import Pace
from platerunner.engine.gates.budget_run import read_estimate
from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.runs.direct import DirectRun
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
budget: {per_run: 0.0000001 USD, on_exceed: ask}
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.sh"}}
defaults: {image: base:latest, resources: {vcpus: 1, memory: 100 MiB}, retry: {attempts: 1}}
steps:
  work:
    module: command
    foreach: [plate, well]
    inputs: {tool: dataset.raw}
    with: {argv: [sh, "{inputs.tool}", "{outputs.copy}"]}
    outputs: {copy: "copies/{plate}/{well}.txt"}
  whole:
    module: command
    inputs: {all: work.copy}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.sum}", "{inputs.all}"]}
    outputs: {sum: "sum.txt"}
"""
GATE = "within-budget"
PACE = Pace(first=0.1, fastest=0.1, slowest=0.3)


class Lab:
    def __init__(self, folder: Path, aws: Account) -> None:
        self.folder, self.aws, self.text, self.number = folder, aws, SPEC, 0
        self.asked: list[str] = []

    def write(self, *wells: str) -> None:
        (self.folder / "data/P1").mkdir(parents=True, exist_ok=True)
        for well in wells:
            flag = f"test -e {self.folder}/fixed || exit 3\n" if well == "A02" else ""
            (self.folder / f"data/P1/{well}.sh").write_text(f'{flag}echo {well} > "$1"\n')

    def play(self, choice: str = "Approve", comment: str = "well spent", **options: Any) -> tuple[str, str]:
        """A run to its end: how it ended, and what a failure said; who asks is noted with what is shown."""
        self.number, self.asked = self.number + 1, []
        pipeline = load_text(self.text, self.folder / "lab.yaml")
        roots = {"data_root": str(self.folder / "data"), "workspace_root": str(self.folder / "ws")}
        asked = RunOptions.of(options, pipeline)
        context = RunContext({}, **roots, run_id=f"run-{self.number}", options=asked)
        run = DirectRun(DirectAccess({**self.aws.cloud.connection(), **roots}), pipeline, context, PACE)
        said = ""
        for event in run.events():
            said = event["message"] if event["event"] == "failure" else said
            if event.get("states", {}).get(GATE, {}).get("-1") == "awaiting_input" and not self.asked:
                self.asked = read_estimate(Storage(roots["workspace_root"]), context.run_id)
                assert set(event["states"]) == {GATE}, "nothing else has begun"
                run.answer(GATE, -1, choice, comment)
        return event["state"], said


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with embedded() as account:
        yield account


@pytest.fixture
def lab(aws: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    return Lab(tmp_path, aws)


@pytest.mark.slow
def test_what_was_approved_is_not_asked_about_again_and_all_else_is(lab: Lab, aws: Account) -> None:
    lab.write("A01", "A02")
    assert lab.play()[0] == "failed", "one of its units fails"
    assert "what this run would cost is not known: no price is known of work, whole" in lab.asked[0].replace("W", "w")

    (lab.folder / "fixed").touch()
    assert (lab.play()[0], lab.asked) == ("success", []), "the rest of what was approved"
    assert (lab.play()[0], lab.asked) == ("success", []), "nothing to do"

    lab.write("A03")
    submitted = aws.cloud.calls["batch.submitjob"]
    state, said = lab.play("Reject", "wait for December")
    assert (state, aws.cloud.calls["batch.submitjob"]) == ("failed", submitted)
    assert "wait for December" in said
    assert lab.asked[0].startswith("This run would cost ")
    assert any(line.startswith("work: from 2 attempts before") for line in lab.asked)
    assert (lab.play()[0], bool(lab.asked)) == ("success", True)
    assert (lab.play(rerun=["work:well=A01"])[0], bool(lab.asked)) == ("success", True), "to run again costs again"

    lab.text = lab.text.replace('argv: [sh, "', 'argv: [sh, -e, "')
    lab.text = lab.text.replace("on_exceed: ask", "on_exceed: stop")
    submitted = aws.cloud.calls["batch.submitjob"]
    state, said = lab.play()
    assert (state, aws.cloud.calls["batch.submitjob"], lab.asked) == ("failed", submitted, [])
    assert f"and may cost 0.0000001 ({lab.folder}/lab.yaml:5): run fewer plates" in said

    lab.text = lab.text.replace("on_exceed: stop", "on_exceed: tell")
    assert (lab.play()[0], lab.asked) == ("success", [])
    lab.text = lab.text.replace("per_run: 0.0000001 USD, on_exceed: tell", "per_run: 9 USD, per_plate: 9 USD")
    lab.write("A04")
    assert (lab.play()[0], lab.asked) == ("success", []), "within the budget"
