"""What data cost on AWS, as tables in terraform/README.md, from terraform/prices.yaml.   cost_table.py [--check]

Between its marks the README has the tables made again; ``--check`` changes nothing and fails if they are stale.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

TERRAFORM = Path(__file__).parents[1] / "terraform"
START, END = "<!-- costs -->", "<!-- end of costs -->"
IMAGES = 1_000_000
GIB, TIB = 1024**3, 1024


def tables(prices: Mapping[str, Any]) -> Iterator[str]:
    """A million images by storage class, and a TiB by the way that it goes."""
    gib = IMAGES * prices["image_bytes"] / GIB
    yield (
        f"A million images of {prices['image_bytes'] / 1e6:.1f} MB are {gib:,.0f} GiB. US dollars by list prices of"
        f" {prices['region']}, written down in {prices['written_down']}:"
    )
    yield from (
        "",
        "| storage class | a month | to write once | to read once | paid at least |",
        "|---|---|---|---|---|",
    )
    for name, price in prices["storage"].items():
        watched = price.get("thousand_watched", 0) * IMAGES / 1000
        cells = (
            gib * price["gib_month"] + watched,
            price["thousand_writes"] * IMAGES / 1000,
            gib * price["read_gib"],
        )
        least = f"{price['least_days']} days" if price["least_days"] else "no"
        yield f"| {name} | {' | '.join(f'{usd:,.0f}' for usd in cells)} | {least} |"
    yield from ("", "| a TiB | US dollars |", "|---|---|")
    for way, price in prices["traffic"].items():
        yield f"| {way} | {price * TIB:,.0f} |"


def main() -> int:
    """Write the tables, or check them."""
    readme = TERRAFORM / "README.md"
    text = readme.read_text()
    prices = yaml.safe_load((TERRAFORM / "prices.yaml").read_text())
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    fresh = "\n".join([f"{before}{START}", *tables(prices), f"{END}{after}"])
    if "--check" in sys.argv[1:]:
        print("stale: run scripts/cost_table.py" if fresh != text else "fresh")
        return int(fresh != text)
    readme.write_text(fresh)
    return 0


if __name__ == "__main__":
    sys.exit(main())
