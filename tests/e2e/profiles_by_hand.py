"""What a person would type: CytoTable and pycytominer on CellProfiler's tables, without Platerunner.

    python profiles_by_hand.py WORKSPACE PLATE PLATEMAP CONTROL

Prints, as JSON, how far each level of the workspace's profiles is from the one made here.
"""

import json
import sys
import tempfile
from pathlib import Path

import cytotable
import numpy as np
import pandas as pd
import pycytominer
from parsl.config import Config
from parsl.executors import ThreadPoolExecutor


def main(workspace: Path, plate: str, platemap: Path, control: str) -> None:
    wells = sorted(path for path in (workspace / "features" / plate).iterdir() if path.is_dir())
    cells = pd.concat([joined(well) for well in wells], ignore_index=True)
    ours = pd.read_parquet(workspace / "profiles" / plate / f"{plate}_cells.parquet")
    found = {"cells": distance(cells, ours), "cytotable": distance(converted(wells[0]), of_well(ours, wells[0].name))}
    strata = ["Metadata_Plate", "Metadata_Well"]
    aggregated = pycytominer.aggregate(cells, strata=strata)
    told = pd.read_csv(platemap, dtype=str).query(f"plate == '{plate}'").drop(columns="plate")
    annotated = pycytominer.annotate(aggregated, told, join_on=["Metadata_well_position", "Metadata_Well"])
    normalized = pycytominer.normalize(annotated, samples=f"Metadata_treatment == '{control}'", method="standardize")
    operations = ["variance_threshold", "drop_na_columns", "blocklist"]
    selected = pycytominer.feature_select(normalized, operation=operations)
    consensus = pycytominer.consensus(selected, replicate_columns=["Metadata_treatment"])
    levels = {
        "": aggregated,
        "_augmented": annotated,
        "_normalized": normalized,
        "_normalized_feature_select": selected,
    }
    for suffix, frame in levels.items():
        stored = pd.read_parquet(workspace / "profiles" / plate / f"{plate}{suffix}.parquet")
        found[suffix or "aggregated"] = distance(frame.sort_values("Metadata_Well"), stored)
    found["consensus"] = distance(consensus, pd.read_parquet(workspace / "profiles" / "consensus.parquet"))
    found["counts"] = ours.groupby("Metadata_Well").size().to_dict()
    print(json.dumps(found))


def joined(well: Path) -> pd.DataFrame:
    """The cells of a well, by pandas alone."""
    tables = {name: pd.read_csv(well / f"{name}.csv") for name in ("Cytoplasm", "Cells", "Nuclei")}
    frames = {}
    for name, table in tables.items():
        features = table.drop(columns=[c for c in table if c.startswith("Metadata_")])
        frames[name] = features.add_prefix(f"{name}_")
    frame = frames["Cytoplasm"]
    for name in ("Cells", "Nuclei"):
        left = ["Cytoplasm_ImageNumber", f"Cytoplasm_Parent_{name}"]
        frame = frame.merge(frames[name], left_on=left, right_on=[f"{name}_ImageNumber", f"{name}_ObjectNumber"])
    drop = [c for c in frame if c.endswith(("_ImageNumber", "_ObjectNumber")) or "_Parent_" in c]
    names = tables["Cytoplasm"][["Metadata_Plate", "Metadata_Well"]].astype(str)
    return pd.concat([names, frame.drop(columns=drop)], axis=1)


def converted(well: Path) -> pd.DataFrame:
    """The cells of a well, by CytoTable's own preset."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(executors=[ThreadPoolExecutor(max_threads=2)], run_dir=f"{folder}/parsl", usage_tracking=0)
        target = f"{folder}/well.parquet"
        # The preset names ObjectNumber without saying whose; object tables with metadata have more columns in common.
        source = Path(folder) / "tables"
        source.mkdir()
        for name in ("Image", "Cytoplasm", "Cells", "Nuclei"):
            table = pd.read_csv(well / f"{name}.csv")
            kept = table if name == "Image" else table.drop(columns=[c for c in table if c.startswith("Metadata_")])
            if name == "Image":
                kept = kept.assign(FileName_None="")
            kept.to_csv(source / f"{name}.csv", index=False)
        cytotable.convert(
            source_path=str(source),
            dest_path=target,
            dest_datatype="parquet",
            preset="cellprofiler_csv",
            parsl_config=config,
        )
        return pd.read_parquet(target)


def of_well(frame: pd.DataFrame, well: str) -> pd.DataFrame:
    return frame[frame["Metadata_Well"] == well].reset_index(drop=True)


def distance(hand: pd.DataFrame, ours: pd.DataFrame) -> float:
    """The largest difference of any number; infinite if rows, features or blanks differ."""
    compartments = ("Cells_", "Nuclei_", "Cytoplasm_")
    columns = sorted(c for c in hand if c.startswith(compartments))
    if columns != sorted(c for c in ours if c.startswith(compartments)) or len(hand) != len(ours) or not columns:
        return float("inf")
    left, right = hand[columns].to_numpy(float), ours[columns].to_numpy(float)
    if (np.isnan(left) != np.isnan(right)).any():
        return float("inf")
    difference = np.nan_to_num(np.abs(left - right) / np.maximum(1.0, np.abs(left)))
    return float(difference.max())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4])
