"""The cost tables are those of the prices, and a price that changes makes them stale."""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
SPEC = importlib.util.spec_from_file_location("cost_table", ROOT / "scripts" / "cost_table.py")
costs = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(costs)
PRICES = yaml.safe_load((ROOT / "terraform" / "prices.yaml").read_text())


def test_the_tables_of_the_readme_are_fresh():
    assert "\n".join(costs.tables(PRICES)) in (ROOT / "terraform" / "README.md").read_text(), (
        "run: scripts/cost_table.py"
    )


def test_a_million_images_cost_what_their_bytes_do():
    lines = list(costs.tables({**PRICES, "image_bytes": 1024**3 // 1000}))  # 1,000 GiB, but for rounding
    assert "| STANDARD | 23 | 5 | 0 | no |" in lines
    assert "| GLACIER_IR | 4 | 20 | 30 | 90 days |" in lines


def test_prices_are_dated_and_say_where_they_come_from():
    assert all(region["written_down"] > "2026" for region in PRICES["regions"].values())
    assert all(source.startswith("https://aws.amazon.com/") for source in PRICES["sources"])


def test_a_region_without_prices_is_refused_and_those_that_have_some_are_named(capsys):
    assert costs.main(["--region", "eu-west-1"]) == 2
    said = capsys.readouterr().err
    assert "has no prices of eu-west-1, but of us-east-1: write them down there from https://aws.amazon.com/" in said
    moved = {**PRICES, "regions": {**PRICES["regions"], "eu-west-1": PRICES["regions"]["us-east-1"]}}
    assert "list prices of eu-west-1, written down in" in next(costs.tables(moved, "eu-west-1"))


def plates(*prices: float | None):
    found = [
        {"plate": f"P{n}", "usd": usd or 0.0, "attempts_without_price": int(usd is None)}
        for n, usd in enumerate(prices)
    ]
    return {"groups": found, "usd": sum(each["usd"] for each in found)}


def test_a_plate_costs_what_plates_did_without_those_of_which_a_price_is_missing():
    assert "| run.json | 11 | 6.00 | 10.80 | 1 |" in list(costs.plates({"run.json": plates(*range(1, 12), None)}))
    assert "| run.json | 2 | 1.50 | fewer than 10 plates | 0 |" in list(costs.plates({"run.json": plates(1, 2)}))
    assert "| run.json | 0 | not known | fewer than 10 plates | 1 |" in list(costs.plates({"run.json": plates(None)}))


@pytest.mark.parametrize("content", [{"groups": [{"step": "x"}]}, {"groups": []}, []])
def test_costs_that_are_not_by_plate_are_refused_with_the_command(tmp_path, capsys, content):
    path = tmp_path / "costs.json"
    path.write_text(json.dumps(content))
    assert costs.main(["--plates", str(path)]) == 2
    assert "`platerunner cost SPEC --by plate --json" in capsys.readouterr().err
