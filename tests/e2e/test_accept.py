"""`platerunner accept` on the embedded cloud: every line holds but those that an account alone can show."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from tests.e2e.conftest import Result

ACCOUNT_ALONE = {
    "What they cost is within what was estimated (nine of ten do not exceed it).",
    "The name that the gate hears is that of who has signed in.",
}


def test_the_embedded_cloud_is_accepted(platerunner: Callable[..., Result], tmp_path: Path) -> None:
    ran = platerunner("accept", "--local", "--report", tmp_path, timeout=1500)
    assert ran.code == 0, ran.out + ran.err
    lines = json.loads((tmp_path / "acceptance.json").read_text())["lines"]
    seen = {line["expected"]: line for line in lines}
    assert {name for name, line in seen.items() if line["judged"] != "holds"} == ACCOUNT_ALONE
    assert all(seen[name]["proof"] for name in ACCOUNT_ALONE)
    page = (tmp_path / "acceptance.html").read_text()
    assert len(re.findall('<td class="word">', page)) == len(lines) == 23
