"""The table of docs/reference/microscopes.md: what `platerunner new` makes of public listings.

python scripts/microscope_table.py LISTINGS > docs/reference/microscopes.md

LISTINGS has a folder `NAME-names` for each, with `files.txt` and, by hand or from the instrument's own index,
`expected.csv`: a line per file with plate, well, site, channel, z and t.
"""

import csv
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from platerunner.engine.planning.raw_files.survey import FileSetFound, survey
from platerunner_unit.contract.storage import Storage

HEAD = """# Microscopes: what is made of public listings

<!-- Made by `python scripts/microscope_table.py LISTINGS`. -->

Each line is a listing that an instrument, or a public collection, really has; some are parts of one. `platerunner new`
looked at the names alone. Its counts were compared with the instrument's index, the collection's own table, or what a
person read; where these say otherwise their number stands behind. Names that were not read are thumbnails, or no
images.

| listing | names | microscope | read | plates | wells | sites | channels | planes | time points |
|---|---|---|---|---|---|---|---|---|---|
"""
COLUMNS = {
    "plates": "plate",
    "wells": "well",
    "sites": "site",
    "channels": "channel",
    "planes": "z",
    "time points": "t",
}


def rows(listings: Path) -> Iterator[str]:
    """A line of the table for each listing."""
    for folder in sorted(listings.glob("*/*-names")):
        names = [line.removeprefix("s3://") for line in (folder / "files.txt").read_text().splitlines() if line]
        listing = folder.relative_to(listings).as_posix().removesuffix("-names")
        cells = [listing, f"{len(names):,}", *_counts(names, _known(folder / "expected.csv"))]
        yield f"| {' | '.join(cells)} |"


def _known(path: Path) -> dict[str, dict[str, str]]:
    if not path.exists():
        return {}
    with path.open(newline="") as table:
        return {row["file"].removeprefix("s3://"): row for row in csv.DictReader(table)}


def _counts(names: list[str], known: dict[str, dict[str, str]]) -> list[str]:
    with tempfile.TemporaryDirectory() as root:
        for name in names:
            path = Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        found = survey(Storage(root)).found
    if not found:
        return ["none fits", "0", *[""] * len(COLUMNS)]
    first = found[0]
    presets = ", ".join(dict.fromkeys(f"`{each.fit.preset.name}`" for each in found))
    rows = [row for name, row in known.items() if first.fit.pattern.match(name) is not None]
    return [
        presets,
        f"{sum(each.files for each in found):,}",
        *(_cell(first, what, column, rows) for what, column in COLUMNS.items()),
    ]


def _cell(found: FileSetFound, what: str, column: str, rows: list[dict[str, str]]) -> str:
    counts = {**found.counts(), "wells": found.wells}
    values = {(row["plate"], row[column]) if what == "wells" else row[column] for row in rows if row[column]}
    mine = counts.get(what)
    if mine is None:
        return f"not in the names; {len(values)}" if len(values) > 1 else ""
    return f"{mine:,}" if not values or len(values) == mine else f"{mine:,}; {len(values):,}"


if __name__ == "__main__":
    sys.stdout.write(HEAD + "\n".join(rows(Path(sys.argv[1]))) + "\n")
