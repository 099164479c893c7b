"""Runs the live suite and writes its table into the docs.   python -m tests.live.report [pytest options]"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.conftest import CHECKOUT
from tests.live.situations import SITUATIONS

PAGE = CHECKOUT / "docs" / "reference" / "live-suite.md"
HEAD = """# Live suite

Written by `python -m tests.live.report`, which runs `tests/live` and puts down what it saw.

Every row was arranged first, with its verdict, and then run by the real CellProfiler {version} through the whole
runner: manifest, stage-in, checks, CellProfiler as a process, evidence, judge, stage-out, outcome. A test passes if
verdict, category, the telling words of the sentence, the exit code and the outputs in the workspace are what was
arranged. "Before" means that the runner found it without starting CellProfiler.

{count} tests, {passed} passed, in {minutes:.1f} min on {cores} cores.

## Situations

| arranged | verdict | category | sentence | found | s |
|---|---|---|---|---|---|
"""
TAIL = """
## More than one run

| arranged | result | s |
|---|---|---|
"""


@dataclass
class Rows:
    """A pytest plugin that keeps what the tests say of themselves."""

    tests: dict[str, bool] = field(default_factory=dict)
    situations: dict[str, str] = field(default_factory=dict)
    others: dict[str, list[tuple[str, float]]] = field(default_factory=dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's result."""
        if report.when != "call" and report.passed:
            return
        self.tests[report.nodeid] = report.passed
        told = dict(report.user_properties)
        if "verdict" in told:
            mark = "" if report.passed else " **(wrong)**"
            cells = (told["title"], told["verdict"] + mark, f"`{told['category']}`", told["sentence"], told["found"])
            self.situations[told["title"]] = f"| {' | '.join(map(_cell, cells))} | {report.duration:.1f} |"
        elif "group" in told:
            result = told["result"] if report.passed else "**failed**"
            self.others.setdefault(told["group"], []).append((result, report.duration))

    def page(self, minutes: float) -> str:
        """The page."""
        head = HEAD.format(
            version=_version(),
            count=len(self.tests),
            passed=sum(self.tests.values()),
            minutes=minutes,
            cores=os.cpu_count(),
        )
        rows = [self.situations[each.title] for each in SITUATIONS if each.title in self.situations]
        return head + "\n".join(rows) + "\n" + TAIL + "\n".join(self._other_rows()) + "\n"

    def _other_rows(self) -> list[str]:
        rows = []
        for group, results in self.others.items():
            distinct = sorted({result for result, _ in results})
            counted = [
                f"{sum(r == each for r, _ in results)} x {each}" if len(results) > 1 else each for each in distinct
            ]
            rows.append(f"| {group} | {'; '.join(counted)} | {sum(seconds for _, seconds in results):.1f} |")
        return rows


def _cell(text: str) -> str:
    """Text for a table, without what differs from run to run."""
    text = re.sub(r"/\S*/test_\w+?\d*/", "", text).replace(f"{CHECKOUT}/", "")
    return text.replace("|", "\\|").replace("\n", " ").strip()


def _version() -> str:
    program = os.environ.get("PLATERUNNER_CELLPROFILER") or str(CHECKOUT / ".cellprofiler" / "bin" / "cellprofiler")
    ran = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return ran.stdout.split()[-1] if ran.stdout.split() else "4.2"


def main(options: list[str]) -> int:
    """Run and write.

    :param options: for pytest, on top of its own.
    :returns: pytest's exit code.
    """
    rows, began = Rows(), time.monotonic()
    code = pytest.main([str(Path(__file__).parent), "-n", "2", "-q", *options], plugins=[rows])
    PAGE.write_text(rows.page((time.monotonic() - began) / 60))
    print(f"{PAGE.relative_to(CHECKOUT)} written")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
