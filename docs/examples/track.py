"""Follow the brightest spot from frame to frame: a stand-in for a lab's own tracker."""

import csv
import json
import sys
from pathlib import Path

import tifffile

unit = json.loads(Path(sys.argv[1]).read_text())
target = Path(unit["outputs"]["tracks"][0]["path"])
target.parent.mkdir(parents=True, exist_ok=True)
with target.open("w", newline="") as stream:
    writer = csv.writer(stream)
    writer.writerow(["t", "channel", "row", "column"])
    for frame in unit["inputs"]["frames"]:
        pixels = tifffile.imread(frame["path"])
        row, column = divmod(int(pixels.argmax()), pixels.shape[1])
        writer.writerow([frame["values"]["t"], frame["values"]["channel"], row, column])
