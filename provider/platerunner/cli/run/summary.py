"""What a run did, per step, from the results that the steps left in the workspace."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from platerunner.cli.console import counted, out
from platerunner.cli.run.progress import WORDS
from platerunner.engine.records.branches import load_branches
from platerunner.engine.records.codec import read_at_once
from platerunner.engine.records.results import load_result
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

COLUMNS = ("units", "succeeded", "done_before", "failed", "waiting")


@dataclass(frozen=True, slots=True)
class StepSummary:
    """One step's counts.

    :param succeeded: units that ran in this run and succeeded.
    :param done_before: units that had nothing to do.
    :param categories: verdict category to number of units, of those that ran.
    :param notes: what its plan said to a person.
    :param absent: what the dataset is asked for by name and has no file of.
    """

    units: int = 0
    succeeded: int = 0
    done_before: int = 0
    failed: int = 0
    waiting: int = 0
    categories: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    def failures(self) -> dict[str, int]:
        """The categories without that of success."""
        return {word: count for word, count in self.categories.items() if word != Category.SUCCEEDED}

    def words(self) -> str:
        """``24 units, 22 succeeded, 2 failed (2 input_unreadable)``: counts of 0 are left out."""
        counts = [f"{getattr(self, name)} {name.replace('_', ' ')}" for name in COLUMNS[1:] if getattr(self, name)]
        why = f" ({_words(self.failures())})" if self.failures() else ""
        return ", ".join([counted(self.units, "unit"), *counts]) + why


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One run's counts.

    :param state: Airflow's word for the DAG run, ``success`` or ``failed``; or ``waiting`` for an answer at a gate.
    """

    pipeline: str
    run_id: str
    state: str
    seconds: float
    steps: Mapping[str, StepSummary]

    @property
    def absent(self) -> list[str]:
        """What the dataset is asked for by name and has no file of."""
        return list(dict.fromkeys(each for step in self.steps.values() for each in step.absent))

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=2) + "\n")

    def show(self, states: Mapping[str, str]) -> None:
        """Print it, a line per step.

        :param states: task id to Airflow's state.
        """
        out.print(f"{self.pipeline}: {self.state} in {self.seconds:.0f} s", style="bold", markup=False)
        for name, step in self.steps.items():
            word = WORDS.get(states.get(name, ""), states.get(name, "-"))
            out.print(f"{name}: {word}, {step.words()}" if step.units else f"{name}: {word}", markup=False)
        # Each note once, however many steps read the same files.
        for note in dict.fromkeys(note for step in self.steps.values() for note in step.notes):
            out.print(f"  {note}", markup=False)


def summarise(pipeline: Pipeline, workspace: Storage, run_id: str, state: str, seconds: float) -> RunSummary:
    """Collect what every step recorded of itself in this run.

    :param workspace: the pipeline's.
    :param seconds: wall time of the run.
    """
    steps = {step.name: summarise_step(pipeline, workspace, run_id, step.name) for step in pipeline.modules}
    return RunSummary(pipeline.name, run_id, state, round(seconds, 1), steps)


def summarise_step(pipeline: Pipeline, workspace: Storage, run_id: str, step: str) -> StepSummary:
    """The counts of a step, in all its branches together; zeros if it left none."""
    branches = [each.key for each in load_branches(workspace, run_id)] if pipeline.in_branches(step) else [""]
    counts: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    notes: list[str] = []
    absent: list[str] = []
    found = read_at_once(lambda branch: load_result(workspace, run_id, step, branch), branches)
    for raw in (each for each in found if each is not None):
        counts.update({name: raw.get(name, 0) for name in COLUMNS})
        categories.update(raw.get("categories", {}))
        notes += raw.get("notes", ())
        absent += raw.get("absent", ())
    return StepSummary(
        **{name: counts[name] for name in COLUMNS},
        categories=dict(categories),
        notes=tuple(dict.fromkeys(notes)),
        absent=tuple(dict.fromkeys(absent)),
    )


def _words(categories: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in categories.items())
