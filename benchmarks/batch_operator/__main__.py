"""Platerunner's step against the amazon provider's BatchOperator: same embedded cloud, same job, same run.

    uv run --with aiobotocore --with boto3 python -m benchmarks.batch_operator [PART ...] [--units 100 1000]

BatchOperator's deferrable mode needs aiobotocore, which is behind the newest boto3; `--with` gives both to this run
alone. Every part runs in processes of its own. Prints a line of JSON for each measurement, then the medians.
"""

import argparse
import json
import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator
from importlib.metadata import version

from benchmarks.batch_operator import parts
from benchmarks.batch_operator.lab import Lab

PARTS = ("carry", "real", "s3", "park", "step", "rows")
PACKAGES = ("apache-airflow", "apache-airflow-providers-amazon", "aiobotocore", "botocore")
KEYS = ("side", "units", "array_size", "triggers")


def measure(part: str, options: argparse.Namespace, lab: Lab) -> Iterator[parts.Row]:
    """All rows of a part, once."""
    plan: dict[str, list[Iterator[parts.Row]]] = {
        "carry": [parts.carry(lab, units, with_theirs=not options.ours) for units in options.units],
        "real": [parts.carry_real(lab, units) for units in options.units[:1]],
        "s3": [parts.carry_s3(lab, units) for units in (10, 50)],
        "park": [parts.park(lab, options.waiting, options.seconds)],
        "step": [parts.step(lab, units) for units in options.large],
        "rows": [
            *(parts.rows(lab, "ours", units) for units in options.rows),
            *(parts.rows(lab, "theirs", units) for units in options.rows[:2]),
        ],
    }
    for rows in plan[part]:
        yield from rows


def medians(rows: Iterable[parts.Row]) -> Iterator[parts.Row]:
    """One row for each side and size: the medians of its figures."""
    groups: dict[tuple[object, ...], list[parts.Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.get(key) for key in KEYS)].append(row)
    for group in groups.values():
        middle = {name: statistics.median(row[name] for row in group) for name in group[0] if name not in KEYS}
        yield {name: group[0][name] for name in KEYS if name in group[0]} | {"n": len(group)} | middle


def show(rows: Iterable[parts.Row]) -> None:
    """A table in Markdown for each set of columns."""
    header: list[str] = []
    for row in rows:
        if list(row) != header:
            header = list(row)
            print(f"\n| {' | '.join(header)} |\n|{'---|' * len(header)}")
        print(f"| {' | '.join(f'{value:g}' if isinstance(value, float) else str(value) for value in row.values())} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--units", type=int, nargs="+", default=[100, 1000], help="jobs to carry")
    parser.add_argument("--waiting", type=int, default=1000, help="triggers that wait")
    parser.add_argument("--seconds", type=int, default=60, help="for which they wait, at least")
    parser.add_argument("--large", type=int, nargs="+", default=[10, 1500, 10_000], help="units of one step")
    parser.add_argument("--rows", type=int, nargs="+", default=[10, 100, 1000], help="units; theirs for the first two")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cores", type=int, default=8, help="jobs at the same time")
    parser.add_argument("--ours", action="store_true", help="leave out BatchOperator where it takes long")
    options = parser.parse_args()
    print(platform.platform(), os.cpu_count(), "cores,", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    lab = Lab(options.cores)
    try:
        for part in options.parts:
            rows = []
            for _ in range(options.repeat):
                for row in measure(part, options, lab):
                    print(json.dumps(row), flush=True)
                    rows.append(row)
            show(medians(rows))
    finally:
        lab.close()


if __name__ == "__main__":
    main()
