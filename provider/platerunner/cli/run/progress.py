"""Showing how far a run is: bars on a terminal, a line per change otherwise."""

from collections.abc import Callable, Mapping
from typing import Self

from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from platerunner.cli.console import out
from platerunner.engine.estimates.texts import seconds_text
from platerunner.spec.model import Pipeline

WORDS = {
    "queued": "waits for a worker",
    "running": "running",
    "deferred": "jobs on Batch",
    "awaiting_input": "waits for approval",
    "success": "done",
    "failed": "failed",
    "upstream_failed": "not reached",
    "up_for_retry": "will be tried again",
    "skipped": "skipped",
}
ENDED = frozenset({"success", "failed", "upstream_failed", "skipped"})
STYLES = {"success": "green", "failed": "red", "upstream_failed": "yellow", "awaiting_input": "cyan"}


def _for_a_shell(message: str) -> str:
    """A failure's sentence with a remedy for the command line; verdicts and gates word it for Airflow's pages."""
    return (
        message.replace("Clear the task", "Run again")
        .replace("clear the task", "run again")
        .replace("clear this task to ask again", "run again to be asked again")
    )


class _Units(MofNCompleteColumn):
    """``4/6``; empty as long as the number of units is not known."""

    def render(self, task: Task) -> Text:
        return Text() if task.total is None else super().render(task)


class _Time(TimeElapsedColumn):
    """``about 3 min left`` while units end; else the time since the step began."""

    def render(self, task: Task) -> Text:
        left = None if task.finished else task.time_remaining
        if not left:
            return super().render(task)
        return Text(f"about {seconds_text(left)} left", style="progress.remaining")


class RunDisplay:
    """What a person sees while a run goes on.

    :param pipeline: its steps and gates get a bar each.
    :param counts: step name to (units ended, units submitted) of the jobs on Batch.
    :param done: name of a step or gate that has ended to (units done, units).
    """

    def __init__(
        self,
        pipeline: Pipeline,
        counts: Callable[[str], tuple[int, int]],
        done: Callable[[str], tuple[int, int]],
    ) -> None:
        self._names = list(pipeline.steps)
        self._counts = counts
        self._done = done
        self._states: dict[str, str] = {}
        columns = (
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=16),
            _Units(),
            TextColumn("{task.fields[word]}"),
        )
        self._progress = Progress(*columns, _Time(), console=out, disable=not out.is_terminal)
        self._bars: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        self._bars = {name: self._progress.add_task(name, total=None, start=False, word="") for name in self._names}
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def pause(self) -> None:
        """Take the bars away, so that something can be asked."""
        self._progress.stop()

    def resume(self) -> None:
        """Bring the bars back."""
        self._progress.start()

    def failed(self, name: str, message: str) -> None:
        """Say why a task failed.

        :param message: for a person.
        """
        out.print(f"{name}: {_for_a_shell(message)}", style="red", markup=False)

    def update(self, states: Mapping[str, str]) -> None:
        """Show the tasks' states.

        :param states: task id to Airflow's state.
        """
        for name in self._names:
            state = states.get(name, "")
            if state != self._states.get(name, ""):
                self._changed(name, state)
            if state in ("running", "deferred"):
                done, total = self._counts(name)
                self._progress.update(self._bars[name], completed=done, total=total or None)
        self._states = dict(states)

    def _changed(self, name: str, state: str) -> None:
        word = WORDS.get(state, state)
        style = STYLES.get(state, "default")
        self._progress.update(self._bars[name], word=f"[{style}]{word}[/]")
        if state in ("running", "deferred"):
            self._progress.start_task(self._bars[name])
        if state in ENDED:
            self._progress.stop_task(self._bars[name])
        if state in ("success", "failed") and out.is_terminal:
            done, total = self._done(name)
            self._progress.update(self._bars[name], completed=done, total=total or None)
        if not out.is_terminal and state in (*ENDED, "deferred", "awaiting_input", "up_for_retry"):
            out.print(f"{name}: {word}", markup=False)
