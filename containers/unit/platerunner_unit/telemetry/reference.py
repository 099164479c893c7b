"""Writes the tables of metrics into docs/reference/telemetry.md: ``python -m platerunner_unit.telemetry.reference``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.signals import Metric

PAGE = "docs/reference/telemetry.md"
_TABLES = {"unit": signals.UNIT, "worker": signals.WORKER}
_PLACE = re.compile(r"(<!-- table (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render(page: str) -> str:
    """The page with its tables as the code has them.

    :param page: Markdown, with a comment where each table begins and ends.
    """
    return _PLACE.sub(lambda place: place[1] + "\n".join(_table(_TABLES[place[2]])) + "\n" + place[3], page)


def _table(metrics: Sequence[Metric]) -> Iterator[str]:
    yield "| metric | kind | unit | what it is | attributes |"
    yield "|---|---|---|---|---|"
    for metric in metrics:
        named = "; ".join(f"`{name}`: {values}" for name, values in metric.attributes.items())
        yield f"| `{metric.name}` | {metric.kind} | {metric.unit} | {metric.meaning} | {named or '-'} |"


if __name__ == "__main__":
    sys.stdout.write(render(Path(PAGE).read_text("utf-8")))
