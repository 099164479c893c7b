"""What a person sees while a run goes on."""

import pytest
from tests.provider.cli.test_split import SPEC

from platerunner.cli.run.progress import RunDisplay
from platerunner.spec.loader import load_text
from platerunner_unit.contract.category import CATEGORIES, Category


@pytest.mark.parametrize("category", list(Category))
def test_a_shell_has_no_task_to_clear(category, tmp_path, capsys):
    display = RunDisplay(load_text(SPEC, tmp_path / "lab.yaml"), lambda _: (0, 0))
    display.failed("work", f"1 of 6 units failed. {CATEGORIES[category].hint}")
    said = capsys.readouterr().out
    assert said.startswith("work: 1 of 6 units failed.")
    assert "clear the task" not in said.lower()
