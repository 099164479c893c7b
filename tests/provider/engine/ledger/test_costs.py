"""Sums, idle instances, savings and comparisons, checked by hand."""

import pytest

from platerunner.engine.ledger.columns import table
from platerunner.engine.ledger.comparison import compare_runs
from platerunner.engine.ledger.costs import group_by, sum_up
from platerunner.engine.ledger.waste import find_savings, percentile

GIB = 1024**3


def row(**values) -> dict:
    """A job that held half of an instance of 1 USD an hour for a quarter of an hour: 0.125 USD."""
    base = {
        "job": "j", "run": "one", "pipeline": "demo", "step": "measure", "plate": "P1", "verdict": "succeeded",
        "attempt": 1, "tags": {},
        "submitted": "2026-11-30T10:00:00.000+00:00", "started": "2026-11-30T10:00:00.000+00:00",
        "ended": "2026-11-30T10:15:00.000+00:00", "seconds": 900.0, "instance": "i-1", "instance_type": "m7i.xlarge",
        "instance_since": "2026-11-30T09:45:00.000+00:00", "instance_vcpus": 4.0, "instance_memory": 16 * GIB,
        "vcpus": 1, "memory": 8 * GIB, "share": 0.5,
        "hourly": 1.0, "usd_instance": 0.125, "usd_volume": 0.0, "usd": 0.125,
    }  # fmt: skip
    return table().fit({**base, **values})


def costs(rows, wanted=lambda _: True, by="verdict"):
    group = group_by(by)
    assert group is not None
    return sum_up(iter(rows), wanted, group)


LATER = {"started": "2026-11-30T10:30:00.000+00:00", "ended": "2026-11-30T10:45:00.000+00:00"}
ROWS = [
    row(),
    row(verdict="spot_interrupted", **LATER),
    row(verdict="unknown", usd=None, usd_instance=None, hourly=None, instance=None, seconds=None),
]


def test_jobs_and_the_idle_rest_of_their_instance_make_its_bill():
    found = costs(ROWS)
    assert {name: (each.attempts, each.usd, each.unknown) for name, each in found.groups.items()} == {
        "succeeded": (1, 0.125, 0),
        "spot_interrupted": (1, 0.125, 0),
        "unknown": (1, 0.0, 1),
    }
    assert (found.total.failed, found.total.usd_failed, found.total.unknown) == (2, 0.125, 1)
    assert found.bill == pytest.approx(1.0), "an hour of it, from 9:45 to 10:45"
    assert found.idle == pytest.approx(0.75)


def test_runs_that_share_an_instance_share_its_idle_rest_by_what_they_took():
    rows = [row(), row(run="two", usd=0.375, usd_instance=0.375, **LATER)]
    of_one, of_two = (costs(rows, lambda each, run=run: each["run"] == run) for run in ("one", "two"))
    assert of_one.idle == pytest.approx(0.5 * 0.25)
    assert of_one.bill + of_two.bill == pytest.approx(costs(rows).bill) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("month", {"2026-11"}),
        ("plate", {"P1", ""}),
        ("project", {"µ=1", ""}),
        ("tag:cost center", {"", "7"}),
        ("owner", {""}),
    ],
)
def test_costs_are_summed_by_columns_months_and_tags(by, groups):
    assert (
        set(costs([row(tags={"project": "µ=1"}), row(plate=None, tags={"cost center": "7"})], by=by).groups) == groups
    )


@pytest.mark.parametrize("by", ["", "tag:", "job", "tags", "usd", "Owner"])
def test_costs_are_not_summed_by_anything_else(by):
    assert group_by(by) is None


def test_memory_that_is_paid_for_and_not_used_is_named_with_the_line_that_saves_it():
    """Of 20 units one took 2 GiB; 99 of 100 are all of them. 8 of 16 GiB are half of it, 1 of 4 vCPUs a quarter."""
    rows = [row(plate=f"P{n % 2}", peak_memory=GIB if n else 2 * GIB) for n in range(20)]
    [saving] = find_savings(rows)
    assert (saving.step, saving.line, saving.plates) == ("measure", "memory: 2560 MiB", 2)
    assert saving.because == "asked for 8 GiB, and 99 of 100 units took 2 GiB at most"
    assert saving.usd == pytest.approx(20 * (0.125 - 0.125 * 0.5)), "from there on the vCPU is what is paid for"


def test_vcpus_that_are_paid_for_and_not_used_are_named():
    rows = [row(vcpus=4, memory=GIB, share=1.0, usd_instance=0.25, peak_memory=GIB, cpu_s=100, tool_s=80)] * 10
    [saving] = find_savings(rows)
    assert (saving.line, saving.usd) == ("vcpus: 2", pytest.approx(10 * 0.125))


@pytest.mark.parametrize(
    "rows",
    [
        [row(peak_memory=GIB)] * 9,  # too few to say
        [row(peak_memory=7 * GIB)] * 20,  # needed
        [row(peak_memory=GIB, verdict="tool_error")] * 20,  # what failed early took little
        [row(peak_memory=GIB)] * 20 + [row(peak_memory=GIB, memory=2 * GIB)],  # fixed already
        [row(peak_memory=GIB, share=None, instance_memory=None, usd_instance=None)] * 20,  # no price
    ],
)
def test_nothing_is_named_that_would_not_save(rows):
    assert find_savings(rows) == []


def test_a_percentile_is_a_value_that_was_seen():
    assert [percentile(range(1, 101), share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 50, 99, 100]


def test_two_runs_are_compared_by_medians_of_what_succeeded():
    rows = [row(seconds=n, usd=n / 100) for n in (10.0, 20.0, 90.0)]
    rows += [
        row(run="two", seconds=10.0, usd=0.3, instance_type="c7i.xlarge"),
        row(run="two", verdict="stalled", seconds=9e9),
    ]
    rows += [row(run="two", step="extra", usd=None)]
    first, extra = compare_runs(rows, "one", "two")
    assert (first.step, first.time, first.money) == ("measure", 0.5, pytest.approx(1.5))
    assert first.after is not None
    assert first.after.on == ("c7i.xlarge",)
    assert (extra.step, extra.before, extra.time, extra.money) == ("extra", None, None, None)
