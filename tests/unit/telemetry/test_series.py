"""How many series Prometheus keeps: as many for ten thousand units as for ten."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime

from tests.unit.telemetry.conftest import outcome

from platerunner_unit.contract.category import CATEGORIES
from platerunner_unit.contract.telemetry.signals import HISTOGRAM, UNIT, Metric
from platerunner_unit.telemetry.buffer import Result
from platerunner_unit.telemetry.measures import points

MOST = 300
"""Series of a step on a plate, as docs/reference/telemetry.md promises."""
Series = tuple[str, tuple[tuple[str, str], ...]]


def test_ten_thousand_units_have_no_more_series_than_is_promised() -> None:
    lot = random.Random(1)
    few = series_of(lot, 500)
    many = series_of(lot, 10_000)
    assert few == many, "whatever else happens to units, no series is added"
    assert {name for name, _ in many} == {metric.name for metric in UNIT}, "else the count says nothing of a metric"
    assert 100 < sum(map(width, many)) <= MOST


def series_of(lot: random.Random, count: int) -> set[Series]:
    """Metrics with their attributes, after so many attempts of which no two are alike."""
    return {
        (metric.name, tuple(sorted(attributes.items())))
        for number in range(count)
        for metric, _, attributes in points(attempt(lot, number), lot.randrange(100))
    }


def attempt(lot: random.Random, number: int) -> Result:
    made = replace(
        outcome(lot.choice([*CATEGORIES]).value), unit=f"plate=P1/well={number}", attempt=lot.randrange(1, 9)
    )
    usage = {"peak_memory": lot.randrange(10**11), "disk": lot.randrange(10**12), "cpu_s": lot.random() * 1e5}
    made.usage.update({**usage, "requested": {"memory": lot.randrange(1, 10**11), "disk": lot.randrange(1, 10**12)}})
    made.timing.update(dict.fromkeys(("stage_in_s", "tool_s", "stage_out_s"), lot.random() * 1e4))
    started = datetime.fromisoformat(made.timing["started"]).timestamp()
    return Result(made, 0, lot.randrange(10**9), started + lot.uniform(-1e5, 1e5))


def width(series: Series) -> int:
    """How many series Prometheus makes of it: of a histogram each bucket, the one without a bound, sum and count."""
    metric: Metric = next(metric for metric in UNIT if metric.name == series[0])
    return len(metric.buckets) + 3 if metric.kind == HISTOGRAM else 1
