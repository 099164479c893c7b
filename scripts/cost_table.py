"""What data and plates cost on AWS, as tables, from terraform/prices.yaml and a ledger.   cost_table.py [--check]

Between its marks terraform/README.md has the tables made again, by prices of us-east-1; ``--check`` changes nothing and
fails if they are stale. ``--region NAME`` prints them for another region, if its prices are on file. ``--plates
COSTS.json ...`` prints what plates cost, of what ``platerunner cost SPEC --by plate --json`` has printed.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import yaml

TERRAFORM = Path(__file__).parents[1] / "terraform"
START, END = "<!-- costs -->", "<!-- end of costs -->"
REGION = "us-east-1"
"""Whose prices the README shows."""
IMAGES = 1_000_000
GIB, TIB = 1024**3, 1024
FEW = 10
"""Plates under which there are no nine of ten."""


class CostError(Exception):
    """Something from which no table can be made; one sentence with the remedy."""


def tables(prices: Mapping[str, Any], region: str = REGION) -> Iterator[str]:
    """A million images by storage class, and a TiB by the way that it goes.

    :param prices: of `terraform/prices.yaml`.
    :raises CostError: if those of the region are not on file.
    """
    here = prices["regions"].get(region)
    if here is None:
        raise CostError(
            f"terraform/prices.yaml has no prices of {region}, but of {', '.join(prices['regions'])}: write them down "
            f"there from {prices['sources'][0]} and its other sources, with the month, or ask https://calculator.aws/"
        )
    gib = IMAGES * prices["image_bytes"] / GIB
    yield (
        f"A million images of {prices['image_bytes'] / 1e6:.1f} MB are {gib:,.0f} GiB. US dollars by list prices of"
        f" {region}, written down in {here['written_down']}:"
    )
    yield from (
        "",
        "| storage class | a month | to write once | to read once | paid at least |",
        "|---|---|---|---|---|",
    )
    for name, price in here["storage"].items():
        watched = price.get("thousand_watched", 0) * IMAGES / 1000
        cells = (
            gib * price["gib_month"] + watched,
            price["thousand_writes"] * IMAGES / 1000,
            gib * price["read_gib"],
        )
        least = f"{price['least_days']} days" if price["least_days"] else "no"
        yield f"| {name} | {' | '.join(f'{usd:,.0f}' for usd in cells)} | {least} |"
    yield from ("", "| a TiB | US dollars |", "|---|---|")
    for way, price in here["traffic"].items():
        yield f"| {way} | {price * TIB:,.0f} |"


def plates(costs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What a plate cost, a line for each file.

    :param costs: name of a file to what is in it.
    :raises CostError: if one is none of costs by plate.
    """
    yield from (
        "| costs of | plates | USD a plate | nine of ten up to | with attempts of unknown price |",
        "|---|---|---|---|---|",
    )
    for name, told in costs.items():
        groups = told.get("groups") if isinstance(told, dict) else None
        if not groups or "plate" not in groups[0]:
            raise CostError(
                f"{name} has no costs by plate: make it by `platerunner cost SPEC --by plate --json >{name}`"
            )
        unknown = [each for each in groups if each["attempts_without_price"]]
        known = sorted(each["usd"] for each in groups if each["plate"] and not each["attempts_without_price"])
        usual = f"{median(known):,.2f}" if known else "not known"
        high = f"{quantiles(known, n=10)[-1]:,.2f}" if len(known) >= FEW else f"fewer than {FEW} plates"
        yield f"| {name} | {len(known):,} | {usual} | {high} | {len(unknown):,} |"


def main(arguments: Sequence[str]) -> int:
    """Write the tables, print others, or check them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--region")
    parser.add_argument("--plates", nargs="+", type=Path, metavar="COSTS.json")
    given = parser.parse_args(arguments)
    prices = yaml.safe_load((TERRAFORM / "prices.yaml").read_text())
    try:
        if given.plates:
            print("\n".join(plates({str(path): json.loads(path.read_text()) for path in given.plates})))
            return 0
        if given.region:
            print("\n".join(tables(prices, given.region)))
            return 0
    except (CostError, OSError, ValueError) as error:
        print(f"cost_table.py: {error}", file=sys.stderr)
        return 2
    return _readme(prices, check=given.check)


def _readme(prices: Mapping[str, Any], *, check: bool) -> int:
    readme = TERRAFORM / "README.md"
    text = readme.read_text()
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    fresh = "\n".join([f"{before}{START}", *tables(prices), f"{END}{after}"])
    if check:
        print("stale: run scripts/cost_table.py" if fresh != text else "fresh")
        return int(fresh != text)
    readme.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
