"""One table of all sources' volumes: each row checked, and each volume that was asked for and is not there named."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from platerunner_em.fetching import DataError

COLUMNS = (
    "source", "dataset", "state", "z", "y", "x", "dtype", "voxel_z_nm", "voxel_y_nm", "voxel_x_nm", "levels", "blocks",
    "sha256", "title", "doi", "licence", "url",
)  # fmt: skip
_LARGEST_VOXEL_NM = 100_000


def run(unit: Mapping[str, Any]) -> None:
    """Write the table.

    :param unit: the content of ``unit.json``; `expected` of its params names what each source was asked for.
    :raises DataError: if a record is wrong, or two are of one volume.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for files in unit["inputs"].values():
        for file in files:
            row = _row(Path(file["path"]))
            key = (row["source"], row["dataset"])
            if key in found:
                raise DataError(f"{key[0]} {key[1]} is there twice")
            found[key] = row
    missing = [key for key in _expected(unit["params"]) if key not in found]
    rows = [*found.values(), *({"source": s, "dataset": d, "state": "failed"} for s, d in missing)]
    (target,) = unit["outputs"]["table"]
    with Path(target["path"]).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["source"], row["dataset"])))
    with Path(unit["notes"]).open("a", encoding="utf-8") as stream:
        for source, dataset in missing:
            stream.write(f"{source} {dataset} is not there: its loader failed, and its step says why\n")


def _expected(params: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for source, datasets in params.get("expected", {}).items():
        for dataset in datasets if isinstance(datasets, list) else [datasets]:
            yield str(source), str(dataset)


def _row(path: Path) -> dict[str, Any]:
    """A volume's row, if its record says all that it should.

    :raises DataError: if it does not.
    """
    try:
        record = json.loads(path.read_text())
        (z, y, x), (nz, ny, nx) = record["shape"], record["voxel_nm"]
        row = {name: record[name] for name in ("source", "dataset", "dtype", "levels", "blocks", "sha256", "url")}
        np.dtype(row["dtype"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path.name} is no record of a volume: {error!r}") from error
    for name, value in (("a side", (z, y, x)), ("`levels`", (row["levels"],)), ("`blocks`", (row["blocks"],))):
        if not all(isinstance(each, int) and each > 0 for each in value):
            raise DataError(f"{path.name}: {name} is no whole number above 0: {value}")
    if not all(0 < float(nm) < _LARGEST_VOXEL_NM for nm in (nz, ny, nx)):
        raise DataError(f"{path.name}: voxels of {nz} by {ny} by {nx} nm cannot be")
    about = {name: str(record.get(name) or "") for name in ("title", "doi", "licence")}
    sizes = {"z": z, "y": y, "x": x, "voxel_z_nm": nz, "voxel_y_nm": ny, "voxel_x_nm": nx}
    return {**row, **sizes, **about, "state": "loaded"}
