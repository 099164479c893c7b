"""Whatever is in a ledger, all who read it go on: what is not known is counted as unknown, and adds nothing."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from tests.provider.engine.ledger.test_costs import row

from platerunner.batch.model import Ask
from platerunner.engine.estimates.fit import fit
from platerunner.engine.estimates.measured import measured_of
from platerunner.engine.estimates.samples import History, Like
from platerunner.engine.ledger.chargeback import charge_back
from platerunner.engine.ledger.columns import table
from platerunner.engine.ledger.comparison import compare_runs
from platerunner.engine.ledger.costs import group_by, sum_up
from platerunner.engine.ledger.usage import usage_of
from platerunner.engine.ledger.waste import find_savings

NOON = "2026-11-30T12:00:00.000+00:00"
GOOD = {
    "module": "cellprofiler",
    "image": "cellprofiler:4.2.8",
    "digest": "sha256:1",
    "owner": "ada",
    "bytes_in": 10**6,
}
NO_PRICE = {"usd": None, "usd_instance": None, "usd_volume": None, "hourly": None, "share": None}
BAD = {
    "a clock that ran backwards": row(**GOOD, **NO_PRICE, started=NOON, seconds=None),
    "a job without stoppedAt": row(**GOOD, **NO_PRICE, ended=None, seconds=None),
    "a job that never began": row(**{**GOOD, "bytes_in": None}, **NO_PRICE, started=None, ended=None, seconds=0.0),
    "a role that may not ask for prices": row(**GOOD, **NO_PRICE),
    "an instance that nobody knows": row(**GOOD, **NO_PRICE, instance=None, instance_vcpus=None, instance_memory=None),
    "a row of an older version": {**table().fit({"job": "j", "verdict": "succeeded", "attempt": 1}), "step": "measure"},
    "a verdict of a newer version": row(**GOOD, **NO_PRICE, verdict="abducted"),
    "tags with =, ; and unicode": row(**GOOD, tags={"a=b": "c;d=e", "µ\n": "日本", "": ""}, **NO_PRICE),
    "more tags than Batch takes": row(**GOOD, tags={f"tag-{n}": "x" * 256 for n in range(60)}, **NO_PRICE),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_all_who_read_the_ledger_go_on(bad):
    good = [row(**GOOD, peak_memory=2**30) for _ in range(12)]
    rows = [*good[:6], bad, *good[6:]]
    group = group_by("verdict")
    assert group is not None
    costs = sum_up(iter(rows), lambda _: True, group)
    assert costs.total.attempts == 13
    assert costs.total.unknown == 1, "and no price is zero"
    assert costs.total.usd == pytest.approx(12 * 0.125)
    month = list(csv.DictReader(StringIO(charge_back(rows, "2026"))))
    assert float(month[-1]["usd"]) == pytest.approx(12 * 0.125)
    assert sum(each.sum.attempts for each in usage_of(rows)) == 13
    assert find_savings(rows) == find_savings(good)
    assert compare_runs(rows, "one", "two")[0].before is not None

    like = Like("demo", "measure", "cellprofiler", "sha256:1", own_command=False)
    known = History(rows, [like]).find(like)
    assert known is not None
    line = fit(known[1].samples, 15.0)
    assert line.seconds(10**6) == pytest.approx(900.0, rel=0.01)
    assert measured_of([each.peak_memory for each in known[1].samples if each.peak_memory]).units == 12
    rates = [each.usd_for(Ask(1, 8 * 2**30, 0, 60.0, "spot")) for each in known[1].samples]
    assert {round(rate, 9) for rate in rates if rate is not None} == {round(0.125 / 900, 9)}


def test_a_run_with_failures_reclaims_and_an_escalation_by_hand():
    """Ten units of a run on two instances of 4 vCPUs and 16 GiB, worked out on paper.

    Each asks for 1 vCPU and 4 GiB: a quarter, 0.24 USD an hour on spot, 0.60 on demand, of which it pays 0.06 and 0.15.
    Eight took half an hour: 8 x 0.03 = 0.24. One failed for good after 20 minutes: 0.02. One lost its spot instance
    after 10 minutes, twice: 2 x 0.01; went on demand, ran out of memory after 12 minutes: 0.03; and came through with
    8 GiB, half an instance, in 30 minutes: 0.15. In all 0.46 USD, of which failed ones took 0.02 + 0.02 + 0.03 = 0.07.
    The spot instance was there from 10:00 to 13:00: 0.72 USD, of which jobs paid 0.28. The other from 13:00 to 14:00:
    0.60, of which jobs paid 0.18. So 0.44 + 0.42 were idle, and the bill is 1.32.
    """
    at = datetime(2026, 11, 30, 10, tzinfo=UTC)

    def attempt(begin: float, minutes: float, verdict: str = "succeeded", *, spot: bool = True, share: float = 0.25):
        hourly = 0.24 if spot else 0.60
        usd = hourly * share * minutes / 60
        times = {"started": at + timedelta(minutes=begin), "ended": at + timedelta(minutes=begin + minutes)}
        return row(
            **{name: moment.isoformat() for name, moment in times.items()}, verdict=verdict, seconds=minutes * 60,
            instance="i-spot" if spot else "i-demand", hourly=hourly, share=share, usd=usd, usd_instance=usd,
            instance_since=(at if spot else at + timedelta(hours=3)).isoformat(),
        )  # fmt: skip

    rows = [attempt(30 * (n // 4), 30) for n in range(8)]
    rows += [attempt(60, 20, "tool_error")]
    rows += [attempt(60, 10, "spot_interrupted"), attempt(170, 10, "spot_interrupted")]
    rows += [attempt(180, 12, "out_of_memory", spot=False), attempt(210, 30, spot=False, share=0.5)]
    group = group_by("verdict")
    assert group is not None
    found = sum_up(iter(rows), lambda _: True, group)
    assert {name: (each.attempts, round(each.usd, 9)) for name, each in found.groups.items()} == {
        "succeeded": (9, 0.39),
        "tool_error": (1, 0.02),
        "spot_interrupted": (2, 0.02),
        "out_of_memory": (1, 0.03),
    }
    assert (found.total.usd, found.total.usd_failed) == (pytest.approx(0.46), pytest.approx(0.07))
    assert (found.idle, found.bill) == (pytest.approx(0.86), pytest.approx(1.32))
