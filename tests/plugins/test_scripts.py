"""A page's script with one name declared twice never runs, and the page says "Loading" forever."""

import re
from collections import Counter
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[2] / "plugins/platerunner_pages/static").glob("*.js"))
DECLARED = re.compile(r"^(?:export )?(?:(?:async )?function|const|let|class) (\w+)", re.MULTILINE)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_each_name_is_declared_once(path: Path) -> None:
    names = Counter(DECLARED.findall(path.read_text()))
    assert [name for name, times in names.items() if times > 1] == []
