"""What a person sees while a run goes on."""

import pytest
from rich.console import Console
from tests.provider.cli.test_split import SPEC

from platerunner.cli.run import progress
from platerunner.cli.run.progress import RunDisplay
from platerunner.spec.loader import load_text
from platerunner_unit.contract.category import CATEGORIES, Category


@pytest.mark.parametrize("category", list(Category))
def test_a_shell_has_no_task_to_clear(category, tmp_path, capsys):
    display = RunDisplay(load_text(SPEC, tmp_path / "lab.yaml"), lambda _: (0, 0), lambda _: (0, 0))
    display.failed("work", f"1 of 6 units failed. {CATEGORIES[category].hint}")
    said = capsys.readouterr().out
    assert said.startswith("work: 1 of 6 units failed.")
    assert "clear the task" not in said.lower()


def test_a_bar_of_what_has_ended_says_what_was_done_in_the_end(tmp_path, monkeypatch):
    """Batch is asked every two seconds: what it said last is of before the end."""
    shown = Console(width=80, force_terminal=True, color_system=None)
    monkeypatch.setattr(progress, "out", shown)
    display = RunDisplay(load_text(SPEC, tmp_path / "lab.yaml"), lambda _: (2, 6), lambda _: (5, 6))
    with shown.capture() as captured, display:
        display.update({"work": "deferred"})
        display.update({"work": "failed"})
    last = [line for line in captured.get().splitlines() if "work" in line][-1]
    assert "5/6 failed" in last
    assert "0/?" not in captured.get()


def test_a_bar_says_how_long_the_rest_takes_by_what_has_ended(tmp_path, monkeypatch):
    """Ten seconds for each unit, by a clock of the test's own; 80 columns hold the line."""
    shown = Console(width=80, force_terminal=True, color_system=None)
    monkeypatch.setattr(progress, "out", shown)
    ended = iter((0, 1, 2))
    display = RunDisplay(load_text(SPEC, tmp_path / "lab.yaml"), lambda _: (next(ended), 32), lambda _: (32, 32))
    with shown.capture() as captured, display:
        moments = [0]
        monkeypatch.setattr(display._progress, "get_time", lambda: moments[-1])
        for moment in (0, 10, 20):
            moments.append(moment)
            display.update({"work": "deferred"})
        display._progress.refresh()
        display.update({"work": "success"})
    assert any("2/32" in line and "about 5 min left" in line for line in captured.get().splitlines())
    assert "left" not in captured.get().splitlines()[-1]
