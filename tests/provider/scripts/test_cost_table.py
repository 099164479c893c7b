"""The cost tables are those of the prices, and a price that changes makes them stale."""

import importlib.util
from pathlib import Path

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
    assert PRICES["written_down"] > "2026"
    assert all(source.startswith("https://aws.amazon.com/") for source in PRICES["sources"])
