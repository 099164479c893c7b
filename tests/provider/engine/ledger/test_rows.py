"""What a job's row says of times and money, whatever clocks, Batch and ECS leave out."""

import pytest

from platerunner.batch.hosts import Host
from platerunner.batch.model import Ask
from platerunner.batch.views import JobView
from platerunner.engine.ledger.charges import charge
from platerunner.engine.ledger.rows import EndedJob, Told, divided
from platerunner.engine.prices.book import PriceBook
from platerunner.engine.prices.model import Asked, Price
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.manifest import UnitTask
from platerunner_unit.contract.outcome import Outcome
from platerunner_unit.contract.storage import Storage

GIB = 1024**3
TASK = UnitTask("well=A01", {"well": "A01"}, "f")
TOLD = {"started": "1970-01-01T00:00:05+00:00", "ended": "1970-01-01T00:00:09+00:00"}


def view(**values) -> JobView:
    return JobView("job", status="FAILED", **values)


def outcome(timing: dict) -> Told:
    return Told.of(Outcome("p", "r", "s", "well=A01", {}, "f", 1, Verdict("succeeded", ""), timing=timing))


@pytest.mark.parametrize(
    ("view", "timing", "seconds"),
    [
        (view(started_at=10.0, stopped_at=12.5), TOLD, 2.5),
        (view(started_at=10.0, stopped_at=10.0), TOLD, 0.0),
        (view(started_at=12.0, stopped_at=10.0), TOLD, None),  # a clock that ran backwards
        (view(started_at=4.0), TOLD, 5.0),  # no stoppedAt: the container's own end
        (view(started_at=4.0), {}, None),
        (view(stopped_at=12.0), {}, 0.0),  # cancelled, or lost, before it began
        (None, TOLD, 4.0),  # Batch has forgotten it
        (None, {"started": "yesterday", "ended": "1970-01-01T00:00:09+00:00"}, None),
        (None, {}, None),
    ],
)
def test_seconds_are_those_that_somebody_saw_or_null(view, timing, seconds):
    assert EndedJob("job", TASK, "unknown", view, outcome(timing)).seconds == seconds


def test_the_units_of_a_job_take_together_what_it_took_each_by_its_runner_s_time():
    seen = view(started_at=10.0, stopped_at=22.0)
    known = [EndedJob("job", TASK, "succeeded", seen, outcome(TOLD)), EndedJob("job", TASK, "unknown", seen, None)]
    longer = EndedJob("job", TASK, "succeeded", seen, outcome({**TOLD, "ended": "1970-01-01T00:00:13+00:00"}))
    alone = EndedJob("other", TASK, "succeeded", seen, outcome(TOLD))
    assert [each.seconds for each in divided([*known, longer, alone])] == [4.0, 0.0, 8.0, 12.0]
    assert [each.seconds for each in divided([known[1], known[1]])] == [6.0, 6.0]


class Table:
    """Prices by item and name."""

    def __init__(self, **prices: float) -> None:
        self.prices, self.asked = prices, []

    def find(self, asked: Asked) -> Price | None:
        self.asked.append(asked)
        usd = self.prices.get("_".join(filter(None, (asked.item, asked.name.replace(".", "_")))))
        return None if usd is None else Price(usd, "table", "2026-11-01")


HOST = Host("arn", "i-1", "m7i.xlarge", "eu-west-1a", 4.0, 16 * GIB)
ALL = {"on_demand_m7i_xlarge": 0.2, "spot_m7i_xlarge": 0.08, "volume_gp3": 0.001}
FARGATE = {"fargate_vcpu": 0.04, "fargate_memory": 0.004, "fargate_storage": 0.0001}


def cost(folder, prices: dict, ask: Ask, host=HOST, seconds=1800.0, platform="EC2"):
    book = PriceBook(Storage(str(folder)), "", "eu-west-1", Table(**prices))
    return charge(ask, platform, host, None if seconds is None else (7200.0, seconds), book)


def ask(vcpus=1.0, memory=2 * GIB, disk=10 * GIB, capacity="on_demand") -> Ask:
    return Ask(vcpus, memory, disk, 3600, capacity)


def test_a_job_pays_the_larger_of_its_shares_for_as_long_as_it_held_them(tmp_path):
    by_vcpus = cost(tmp_path, ALL, ask(vcpus=2, memory=GIB))
    assert (by_vcpus.share, by_vcpus.usd_instance) == (0.5, pytest.approx(0.2 * 0.5 * 0.5))
    assert by_vcpus.usd == pytest.approx(by_vcpus.usd_instance + 0.001 * 10 * 0.5)
    by_memory = cost(tmp_path, ALL, ask(vcpus=1, memory=12 * GIB, capacity="spot"))
    assert (by_memory.share, by_memory.usd_instance) == (0.75, pytest.approx(0.08 * 0.75 * 0.5))
    assert cost(tmp_path, ALL, ask(memory=20 * GIB)).share == 1.0


@pytest.mark.parametrize(
    ("prices", "host", "seconds"),
    [
        ({**ALL, "on_demand_m7i_xlarge": None}, HOST, 60.0),
        ({**ALL, "volume_gp3": None}, HOST, 60.0),
        (ALL, None, 60.0),
        (ALL, Host("arn", "i-1"), 60.0),
        (ALL, HOST, None),
    ],
)
def test_what_is_not_known_is_null_and_never_zero(tmp_path, prices, host, seconds):
    assert cost(tmp_path, prices, ask(), host, seconds).usd is None


def test_a_job_that_never_ran_costs_nothing_whatever_is_known(tmp_path):
    assert cost(tmp_path, {}, ask(), None, 0.0).usd == 0.0


def test_fargate_charges_vcpus_memory_and_disk_beyond_20_gib_for_a_minute_at_least(tmp_path):
    short = cost(tmp_path, FARGATE, ask(vcpus=2, memory=4 * GIB), None, 6.0, "FARGATE")
    assert short.usd == pytest.approx((0.04 * 2 + 0.004 * 4) / 60)
    large = cost(tmp_path, FARGATE, ask(disk=50 * GIB), None, 3600.0, "FARGATE")
    assert large.usd_volume == pytest.approx(0.0001 * 30)
    assert cost(tmp_path / "other", {"fargate_vcpu": 0.04}, ask(), None, 60.0, "FARGATE").usd is None
