"""The most that an environment may cost adds up, and is not known where a price is not."""

import re
from pathlib import Path

import pytest

FAMILIES = ["r7i", "r7a", "m6i"]


@pytest.fixture(autouse=True)
def scripts(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[3] / "scripts")


def told(region="eu-west-1", types=FAMILIES, disk=200, **more):
    """What the paper says of an environment of 80 cores that closes at 600 USD and idles for 285."""
    from approval.ceiling import cost
    from approval.plan import Plan

    spot = {"type": "SPOT", "max_vcpus": 64, "instance_type": types}
    hosts = [spot, {"type": "EC2", "max_vcpus": 16, "instance_type": ["r7i"]}]
    kinds = {
        "aws_batch_compute_environment": [{"compute_resources": [each]} for each in hosts],
        "aws_launch_template": [
            {"block_device_mappings": [{"ebs": [{"volume_size": disk, "iops": 3000, "throughput": 250}]}]}
        ],
        "aws_budgets_budget": [{"notification": [{"threshold": 80, "notification_type": "ACTUAL"}], "cost_filter": []}],
    }
    resources = [{"mode": "managed", "type": kind, "values": each} for kind, all_of in kinds.items() for each in all_of]
    outputs = {"budget_usd": 600, "control_plane_usd": {"airflow": 212, "network": 63, "other": 10, "total": 285}}
    raw = {
        "planned_values": {
            "root_module": {"resources": resources},
            "outputs": {name: {"value": value} for name, value in outputs.items()},
        },
        "variables": {name: {"value": value} for name, value in {"region": region, **more}.items()},
    }
    return "\n".join(cost(Plan("dev", raw)))


def usd(text, pattern):
    return float(re.search(pattern, text)[1].replace(",", ""))


@pytest.mark.parametrize(
    ("region", "vcpu", "disk"),
    [("us-east-1", 0.0761, 200 * 0.08 + 125 * 0.04), ("eu-west-1", 0.0852, 200 * 0.088 + 125 * 0.044)],
)
def test_the_most_is_the_sum_of_what_is_said_before_it(region, vcpu, disk):
    text = told(region)
    core = vcpu + disk / 730 / 2
    unseen, ending = usd(text, r"at most ([\d,]+) USD"), usd(text, r"gives them more: ([\d,]+) USD")
    assert unseen == round(80 * core * 12)
    assert ending == round(80 * core * 2)
    assert usd(text, r"The most in a month: ([\d,]+) USD") == pytest.approx(600 + unseen + ending + 285, abs=1.5)
    assert f"{core:.4f} USD an hour: r7a on demand in {region}" in text
    assert "Told at 80 % (actual)." in text
    assert "The budget counts all costs of the account." in text


def test_larger_disks_are_paid_for():
    assert usd(told(disk=2000), r"at most ([\d,]+) USD") > 1.9 * usd(told(), r"at most ([\d,]+) USD")


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"region": "sa-east-1"}, "hosts in sa-east-1"),
        ({"types": ["r7i", "g5"]}, "g5 in eu-west-1"),
        ({"types": ["g5.xlarge"]}, "g5.xlarge in eu-west-1"),
        ({"types": None}, "Fargate in eu-west-1"),
        ({"region": None}, "hosts in a region that the plan does not name"),
    ],
)
def test_what_has_no_price_on_file_makes_the_most_unknown_and_never_less(given, missing):
    text = told(**given)
    assert f"**The most in a month is not known**: no price of {missing} is on file." in text
    assert "The most in a month:" not in text


def test_prices_of_another_region_are_said_to_be_such():
    assert "by list prices of us-east-1 (`modules/stack/cost.tf`); none of eu-west-1 are on file" in told()
    assert told("us-east-1").endswith("by list prices of us-east-1 (`modules/stack/cost.tf`).")


def test_file_systems_of_runs_are_named_where_runs_may_make_them():
    assert "`fast_storage`" in told(fast_storage=True)
    assert "`fast_storage`" not in told(fast_storage=False)
