"""The table of metrics, and how many series a step can have at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.unit.telemetry.conftest import outcome

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.signals import HISTOGRAM, Metric
from platerunner_unit.telemetry.buffer import Result
from platerunner_unit.telemetry.measures import points
from platerunner_unit.telemetry.reference import PAGE, render

MOST = 300


def test_a_step_on_a_plate_has_at_most_300_series_whatever_happens() -> None:
    # Every category, with all that a unit can tell, queued and with clocks that contradict each other.
    series = {
        (metric.name, tuple(sorted(attributes.items()))): width(metric)
        for ended in everything()
        for at in (0.0, 4e9)
        for metric, _, attributes in points(Result(ended, 0, 1, at), 1)
    }
    assert {name for name, _ in series} == {metric.name for metric in signals.UNIT}
    assert sum(series.values()) <= MOST


def everything() -> Iterator[Outcome]:
    usage: Mapping[str, object] = {
        "peak_memory": 1 << 30, "disk": 1 << 30, "cpu_s": 1.0, "requested": {"memory": 1 << 31, "disk": 1 << 31},
    }  # fmt: skip
    for category in Category:
        made = outcome(category.value)
        made.usage.clear()
        made.usage.update(usage)
        made.timing["stage_out_s"] = 1.0
        yield made


def width(metric: Metric) -> int:
    """Series of one stream in Prometheus: a histogram's buckets, the one without a bound, its sum and its count."""
    return len(metric.buckets) + 3 if metric.kind == HISTOGRAM else 1


def test_names_are_unique_and_points_carry_what_the_table_says() -> None:
    table = {metric.name: metric for metric in (*signals.UNIT, *signals.WORKER)}
    assert len(table) == len(signals.UNIT) + len(signals.WORKER)
    for ended in everything():
        for metric, _, attributes in points(Result(ended, 0, 1, 0.0), 1):
            assert set(attributes) == set(table[metric.name].attributes), metric.name


def test_the_reference_page_is_fresh() -> None:
    page = (Path(__file__).parents[4] / PAGE).read_text()
    assert all(f"| `{metric.name}` |" in page for metric in (*signals.UNIT, *signals.WORKER))
    assert page == render(page), "run: make docs"
