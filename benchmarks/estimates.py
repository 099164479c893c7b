"""How far estimates are off: each plate of each ledger is held out in turn, and told from all the others.

    python benchmarks/estimates.py [--cpu] [--sizes] WORKSPACE_OR_LEDGER...

With `--sizes` plates whose inputs are of a size are held out together, so that all are estimated from other sizes. With
`--cpu` the seconds are those of the CPU: what is off with the one and not with the other is other work on the machine.

There is no sum over plates: for plates of one size it is exact whatever they took, since each tells of the others.

A plate of a ledger is what its attempts took that succeeded; sizes of inputs are those that they had. It says nothing
of sizes that are not known before, since steps before have still to write the files: `plan --cost` tells these apart.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from math import log2

from platerunner.catalog.loader import load_catalog
from platerunner.engine.estimates.fit import fit
from platerunner.engine.estimates.samples import Group
from platerunner.engine.ledger.columns import Row
from platerunner.engine.ledger.place import find_ledger
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

Lot = tuple[str, str, str]
"""Ledger, pipeline and plate."""


def main(places: Iterable[str], *, cpu: bool, sizes: bool) -> None:
    lots = read_lots(places, cpu=cpu)
    if sizes:
        lots = by_size(lots)
    print("held out: step, units, seconds told and seen, off; USD told and seen, off")
    for held, rows in lots.items():
        history = [row for lot, others in lots.items() if lot != held for row in others]
        sums = [0.0] * 4
        for step in dict.fromkeys(row["step"] for row in rows):
            told = tell(history, [row for row in rows if row["step"] == step])
            if told is None:
                continue
            sums = [whole + part for whole, part in zip(sums, told, strict=True)]
            print(f"{' '.join(held[1:])}: {step}, {sum(row['step'] == step for row in rows)}, {shown(told)}")
        if sums[1]:
            print(f"{' '.join(held[1:])}: all steps, {len(rows)}, {shown(sums)}")


def read_lots(places: Iterable[str], *, cpu: bool) -> dict[Lot, list[Row]]:
    """What succeeded, by plate."""
    lots: dict[Lot, list[Row]] = defaultdict(list)
    for place in places:
        for row in find_ledger(Storage(place)).rows():
            if cpu:
                row = {**row, "seconds": row["cpu_s"]}
            if row["verdict"] == Category.SUCCEEDED.value and row["seconds"]:
                lots[place, row["pipeline"], row["plate"] or "(no plate)"].append(row)
    return lots


def by_size(lots: Mapping[Lot, list[Row]]) -> dict[Lot, list[Row]]:
    """Plates of a pipeline whose inputs are of a size, as one."""
    found: dict[Lot, list[Row]] = defaultdict(list)
    for (place, pipeline, _), rows in lots.items():
        mean = sum(row["bytes_in"] or 0 for row in rows) / len(rows)
        found[place, pipeline, f"about {2 ** round(log2(max(mean, 1))):,} bytes"] += rows
    return found


def tell(history: Iterable[Row], rows: list[Row]) -> list[float] | None:
    """Seconds told and seen, USD told and seen; None without history."""
    group, first = Group(), rows[0]
    for row in history:
        if (row["pipeline"], row["step"], row["module"]) == (first["pipeline"], first["step"], first["module"]):
            group.add(row)
    if not group.samples:
        return None
    takes = load_catalog()[first["module"]].takes
    line = fit(group.samples, takes.start if takes else 0.0)
    seconds = sum(line.seconds(row["bytes_in"]) for row in rows) * line.mean
    rate = group.usd / group.seconds
    return [seconds, sum(row["seconds"] for row in rows), seconds * rate, sum(row["usd"] or 0.0 for row in rows)]


def shown(told: list[float]) -> str:
    seconds, seen, usd, paid = told
    money = f"{usd:.2g} and {paid:.2g}, {usd / paid - 1:+.0%}" if paid else "no price"
    return f"{seconds:.1f} and {seen:.1f}, {seconds / seen - 1:+.0%}; {money}"


if __name__ == "__main__":
    given = [each for each in sys.argv[1:] if not each.startswith("--")]
    main(given, cpu="--cpu" in sys.argv, sizes="--sizes" in sys.argv)
