"""What a person would type of `Cells.csv` tables alone: pandas and pycytominer, without Platerunner.

    python cells_by_hand.py WORKSPACE TABLES

TABLES is the folder of the workspace that has a folder per plate, with one per well. Prints, as JSON, the number of
wells, and how far each level of the workspace's profiles is from the one made here.
"""

import json
import sys
from pathlib import Path

import pandas as pd
import pycytominer

STRATA = ["Metadata_Plate", "Metadata_Well"]


def main(workspace: Path, tables: str) -> None:
    (plate,) = (folder for folder in (workspace / tables).iterdir() if folder.is_dir())
    cells = pd.concat([cells_of(well) for well in sorted(plate.iterdir())], ignore_index=True)
    features = [name for name in cells if name.startswith("Cells_")]
    aggregated = pycytominer.aggregate(cells, strata=STRATA, features=features)
    normalized = pycytominer.normalize(aggregated, features=features, method="standardize")
    found: dict[str, float] = {"wells": len(aggregated)}
    for level, frame in (("cells", cells), ("normalized", normalized)):
        stored = pd.read_parquet(workspace / "profiles" / f"{plate.name}_{level}.parquet")
        found[level] = distance(frame, stored, features)
    print(json.dumps(found))


def cells_of(well: Path) -> pd.DataFrame:
    table = pd.read_csv(well / "Cells.csv")
    drop = [c for c in table if c.startswith(("Metadata_", "Parent_")) or c in ("ImageNumber", "ObjectNumber")]
    features = table.drop(columns=drop).add_prefix("Cells_")
    return features.assign(Metadata_Plate=well.parent.name, Metadata_Well=well.name)


def distance(hand: pd.DataFrame, ours: pd.DataFrame, features: list[str]) -> float:
    """The largest difference of any number; infinite if rows, features or blanks differ."""
    if sorted(features) != sorted(c for c in ours if c.startswith("Cells_")) or len(hand) != len(ours):
        return float("inf")
    order = [*STRATA, "Cells_Location_Center_X", "Cells_Location_Center_Y"]
    left, right = (frame.sort_values(order)[features].astype(float).reset_index(drop=True) for frame in (hand, ours))
    if (left.isna() != right.isna()).any(axis=None):
        return float("inf")
    return float(((left - right).abs() / left.abs().clip(lower=1)).max(axis=None))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
