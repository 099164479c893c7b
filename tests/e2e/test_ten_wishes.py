"""What users of StarryNight could not do, each as real runs on the embedded cloud that count the units that ran.

docs/how-to/ten-wishes.md tells scientists how.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.embedded import embedded, wait_for

from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.loader import load_text

SPEC = """
version: 1
pipeline: wishes
title: Two plates, two cycles
owner: tests
workspace: "{{ workspace_root }}"
dataset:
  root: "{{ data_root }}"
  files:
    raw:
      path: "{plate}/{well}_c{cycle:int}_{channel}.txt"
      complete: [channel]
defaults:
  image: base:latest
  resources: {vcpus: 1, memory: 200 MiB, timeout: 5 min}
  retry: {attempts: 2, memory: x3}
steps:
  align:
    module: command
    foreach: [plate, well, cycle]
    inputs: {raw: dataset.raw}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.aligned}", "{inputs.raw}"]}
    outputs: {aligned: "aligned/{plate}/{well}_c{cycle}.txt"}
  analysis:
    module: command
    foreach: [plate, well]
    inputs: {aligned: align.aligned}
    with: {argv: [sh, -c, 'cat "$@" > "$0"', "{outputs.cells}", "{inputs.aligned}"]}
    outputs: {cells: "cells/{plate}/{well}.txt"}
"""
PLATES, WELLS, CYCLES, CHANNELS = ("P1", "P2"), ("A01", "A02"), (1, 2), ("DAPI", "GFP")
ANALYSIS = "foreach: [plate, well]\n"
GREEDY = """    with:
      argv: [sh, -c, "python -c 'd = bytearray(300 << 20)' && cat $1 > $0", "{outputs.cells}", "{inputs.aligned}"]
"""
ALL_ALIGN = {f"plate={p}/well={w}/cycle={c}" for p in PLATES for w in WELLS for c in CYCLES}
ALL_ANALYSIS = {f"plate={p}/well={w}" for p in PLATES for w in WELLS}


@dataclass
class Screen:
    """A screen on the embedded cloud.

    :param spec: its YAML text, to be edited as a scientist does.
    """

    folder: Path
    spec: str = SPEC
    runs: int = 0

    def image(self, plate, well, cycle, channel, text=""):
        path = self.folder / f"data/{plate}/{well}_c{cycle}_{channel}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text or f"{plate} {well} {cycle} {channel}\n")
        return path

    def edit(self, old, new):
        assert old in self.spec
        self.spec = self.spec.replace(old, new)

    def steps(self, **asked):
        """The steps of one run of the whole pipeline, in order, each of its own process's making."""
        self.runs += 1
        pipeline = load_text(self.spec, self.folder / "wishes.yaml")
        roots = {"data_root": str(self.folder / "data"), "workspace_root": str(self.folder / "workspace")}
        options = RunOptions.of(asked, pipeline)
        for step in pipeline.modules:
            context = RunContext({}, **roots, run_id=f"run-{self.runs}", options=options)
            yield StepRun(PlaterunnerHook(), pipeline, step.name, context)

    def run(self, **asked):
        """Step to the units that ran."""
        return {run.scope.step.name: to_the_end(run) for run in self.steps(**asked)}


def to_the_end(run):
    run.start()
    wait_for(lambda: not (run.waiting_for() or run.collect()))
    run.finish()
    return {unit for submission in run.scope.state_file.load().submissions for unit in submission.units}


@pytest.fixture(scope="module")
def aws():
    with embedded() as account:
        yield account


@pytest.fixture
def screen(aws, tmp_path, monkeypatch):
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    connection = {"conn_type": "platerunner", "extra": aws.cloud.connection()}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
    screen = Screen(tmp_path)
    for plate in PLATES:
        for well in WELLS:
            for cycle in CYCLES:
                for channel in CHANNELS:
                    screen.image(plate, well, cycle, channel)
    return screen


def test_1_start_before_all_images_have_arrived(screen):
    late = [screen.image("P2", "A02", 2, channel) for channel in CHANNELS]
    for path in late:
        path.rename(path.with_suffix(".not_yet"))
    first = screen.run()
    assert first["align"] == ALL_ALIGN - {"plate=P2/well=A02/cycle=2"}
    for path in late:
        path.with_suffix(".not_yet").rename(path)
    second = screen.run()
    assert second == {"align": {"plate=P2/well=A02/cycle=2"}, "analysis": {"plate=P2/well=A02"}}


def test_2_add_a_cycle_in_mid_experiment_without_losing_what_is_done(screen):
    assert screen.run() == {"align": ALL_ALIGN, "analysis": ALL_ANALYSIS}
    for channel in CHANNELS:
        screen.image("P1", "A01", 3, channel)
    assert screen.run() == {"align": {"plate=P1/well=A01/cycle=3"}, "analysis": {"plate=P1/well=A01"}}


def test_3a_retry_on_a_larger_machine_by_itself_and_at_once_the_next_time(screen):
    [plain] = [line for line in SPEC.splitlines(keepends=True) if "outputs.cells}" in line]
    screen.edit(plain, GREEDY)
    screen.edit("base:latest", "imaging:latest")
    screen.run(only=["plate=P1/well=A01"])
    [*_, analysis] = screen.steps()
    first = StepRun(analysis.scope.hook, analysis.scope.pipeline, "analysis", RunContext(
        {}, analysis.scope.context.data_root, analysis.scope.context.workspace_root, run_id="run-1"
    )).scope.state_file.load()  # fmt: skip
    memory = [submission.resources["memory"] >> 20 for submission in first.submissions]
    assert memory == [200, 600]
    ran = screen.run()
    assert ran["analysis"] == ALL_ANALYSIS - {"plate=P1/well=A01"}


def test_3b_rerun_a_finished_subset_with_a_newer_pipeline(screen):
    screen.run()
    newer = """{argv: [sh, -c, 'sort "$@" > "$0"', "{outputs.cells}", "{inputs.aligned}"]}"""
    screen.edit(ANALYSIS, f"{ANALYSIS}    overrides: [{{where: {{plate: P1}}, with: {newer}}}]\n")
    assert screen.run() == {"align": set(), "analysis": {"plate=P1/well=A01", "plate=P1/well=A02"}}
    asked = screen.run(rerun=["analysis:plate=P2/well=A01"])
    assert asked == {"align": set(), "analysis": {"plate=P2/well=A01"}}, "or ask for it, with nothing changed"


def test_4_exclude_or_replace_corrupted_images(screen):
    screen.run()
    screen.image("P1", "A01", 1, "DAPI", "a good copy\n")
    assert screen.run() == {"align": {"plate=P1/well=A01/cycle=1"}, "analysis": {"plate=P1/well=A01"}}
    screen.edit("defaults:", "  exclude: [{plate: P2, well: A02, cycle: 2, because: out of focus}]\ndefaults:")
    assert screen.run() == {"align": set(), "analysis": {"plate=P2/well=A02"}}
    assert (screen.folder / "workspace/cells/P2/A02.txt").read_text() == "P2 A02 1 DAPI\nP2 A02 1 GFP\n"


@pytest.mark.parametrize(
    ("where", "units"),
    [
        ("{plate: P2}", {"plate=P2/well=A01", "plate=P2/well=A02"}),  # wish 5
        ("{plate: P2, well: A02}", {"plate=P2/well=A02"}),  # wish 6
    ],
)
def test_5_and_6_another_version_for_one_plate_or_one_well(screen, where, units):
    screen.run()
    screen.edit(ANALYSIS, f"{ANALYSIS}    overrides: [{{where: {where}, image: imaging:latest}}]\n")
    assert screen.run() == {"align": set(), "analysis": units}


def test_7_survive_the_death_of_the_launching_machine(screen, aws):
    # Killed processes: tests/e2e/test_killed.py and test_chaos.py. Here the task is forgotten while its jobs run.
    first = next(screen.steps())
    first.start()
    submitted = aws.cloud.calls["batch.submitjob"]
    again = StepRun(PlaterunnerHook(), first.scope.pipeline, "align", first.scope.context)
    assert to_the_end(again) == ALL_ALIGN
    assert aws.cloud.calls["batch.submitjob"] == submitted


def test_8_correct_a_wrong_channel_map(screen):
    screen.edit("      complete:", "      rename: {channel: {DAPI: DNA, GFP: ER}}\n      complete:")
    screen.edit(
        "foreach: [plate, well, cycle]\n    inputs: {raw: dataset.raw}",
        "foreach: [plate, well, cycle, channel]\n    inputs: {raw: dataset.raw}",
    )
    screen.edit("aligned/{plate}/{well}_c{cycle}.txt", "aligned/{plate}/{well}_c{cycle}_{channel}.txt")
    screen.run()
    screen.edit("GFP: ER", "GFP: AGP")
    ran = screen.run()
    assert ran["align"] == {f"{unit}/channel=AGP" for unit in ALL_ALIGN}, "the units of the other channel are done"
    assert ran["analysis"] == ALL_ANALYSIS


def test_9_correct_another_parameter_and_rerun_only_what_it_touches(screen):
    screen.run()
    screen.edit("""'cat "$@" > "$0"', "{outputs.cells}\"""", """'cat "$@" | sort > "$0"', "{outputs.cells}\"""")
    assert screen.run() == {"align": set(), "analysis": ALL_ANALYSIS}


def test_10_mix_round_and_square_acquisition(screen):
    """The cycles of one arm are another file set, with names of its own."""
    for plate in PLATES:
        for well in WELLS:
            (screen.folder / f"data/{plate}/round_{well}_f7.txt").write_text(f"{plate} {well} round\n")
    screen.edit("defaults:", '    round: {path: "{plate}/round_{well}_f{field:int}.txt"}\ndefaults:')
    screen.edit("inputs: {aligned: align.aligned}", "inputs: {aligned: align.aligned, round: dataset.round}")
    screen.edit('"{outputs.cells}", "{inputs.aligned}"', '"{outputs.cells}", "{inputs.aligned}", "{inputs.round}"')
    assert screen.run() == {"align": ALL_ALIGN, "analysis": ALL_ANALYSIS}
    assert (screen.folder / "workspace/cells/P1/A02.txt").read_text().endswith("P1 A02 2 GFP\nP1 A02 round\n")
    (screen.folder / "data/P1/round_A01_f8.txt").write_text("one more\n")
    assert screen.run() == {"align": set(), "analysis": {"plate=P1/well=A01"}}
