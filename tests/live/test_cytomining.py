"""What the profiling programs refuse, note and keep, on small made-up tables: each case a unit of its own."""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

DRIVER = """
import contextlib, io, json, sys
from platerunner_unit.cytomining.__main__ import main
said = []
for name, path in json.load(open(sys.argv[1])):
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        code = main([name, path])
    lines = [line for line in err.getvalue().splitlines() if line.startswith("platerunner-cytomining")]
    said.append([code, lines[-1] if lines else ""])
print(json.dumps(said))
"""
CELLS = "Metadata_Plate,Metadata_Well,Metadata_ImageNumber,Metadata_ObjectNumber,Cells_AreaShape_Area,Cells_Blank\n"
MAP = "well_position,treatment\nA01,DMSO\nA02,DMSO\nB1,drug\n"
FLAT = "Metadata_Plate,Metadata_Well,Cells_a,Cells_b\nP1,A01,1,4\nP1,A02,1,4\nP2,A01,1,4\n"
PROFILES = (
    "Metadata_Plate,Metadata_Well,Metadata_treatment,Cells_a,Cells_b\nP1,A01,DMSO,1,4\nP1,A02,DMSO,2,1\nP2,A01,x,9,2\n"
)
WELLS = {
    well: {
        "image": "ImageNumber,Metadata_Plate,Metadata_Well,Metadata_Site\n"
        f"1,0512,{well},1\n2,0512,{well},02\n3,0512,{well},3\n",
        "cells": "ImageNumber,ObjectNumber,Parent_Nuclei,AreaShape_Area\n"
        f"1,1,1,{area + 1}\n2,1,1,{area + 2}\n2,2,3,{area + 3}\n",
    }
    for well, area in (("A01", 10), ("B02", 20))
}
"""Tables of wells, each of which counts its image sets from 1; the third has no cell."""


def cells() -> str:
    wells = ("A01", "A02", "B01")
    return CELLS + "".join(f"0512,{w},{n},1,{10 * n + k},\n" for n, w in enumerate(wells, 1) for k in (0, 2, 7))


class Cases:
    """Units to be run by one process, since each start takes seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.units = folder, []

    def add(self, program: str, inputs: dict[str, str], outputs: dict[str, str], **params: Any) -> Path:
        place = self.folder / str(len(self.units))
        place.mkdir()
        for name, text in inputs.items():
            (place / f"{name}.csv").write_text(text)
        self._add(program, place, {name: [(place / f"{name}.csv", {})] for name in inputs}, outputs, params)
        return place

    def add_wells(self, program: str, wells: dict[str, dict[str, str]], outputs: dict[str, str]) -> Path:
        """A unit whose inputs are tables of several wells, as their analyses wrote them."""
        place = self.folder / str(len(self.units))
        found: dict[str, list[tuple[Path, dict[str, str]]]] = {}
        for well, tables in wells.items():
            (place / well).mkdir(parents=True)
            for name, text in tables.items():
                (place / well / f"{name}.csv").write_text(text)
                found.setdefault(name, []).append((place / well / f"{name}.csv", {"plate": "0512", "well": well}))
        self._add(program, place, found, outputs, {})
        return place

    def _add(
        self,
        program: str,
        place: Path,
        inputs: Mapping[str, Sequence[tuple[Path, dict[str, str]]]],
        outputs: Mapping[str, str],
        params: Mapping[str, Any],
    ) -> None:
        unit = {
            "unit": "plate=0512", "values": {}, "params": params, "notes": str(place / "notes.txt"),
            "inputs": {name: [{"path": str(p), "values": v} for p, v in files] for name, files in inputs.items()},
            "outputs": {name: [{"path": str(place / to), "values": {}}] for name, to in outputs.items()},
        }  # fmt: skip
        (place / "unit.json").write_text(json.dumps(unit))
        self.units.append([program, str(place / "unit.json")])

    def run(self, cytomining: Path) -> list[list[Any]]:
        (self.folder / "cases.json").write_text(json.dumps(self.units))
        home = cytomining.parents[1]
        argv = [home / "bin" / "python", "-c", DRIVER, self.folder / "cases.json"]
        env = {"HOME": str(home / "home"), "PATH": "/usr/bin:/bin", "TMPDIR": str(self.folder)}
        done = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=250)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(300)
def test_bad_tables_plate_maps_and_parameters_end_in_a_sentence_with_a_remedy(cytomining: Path, tmp_path: Path) -> None:
    cases, said = Cases(tmp_path), []

    def refused(sentence: str, program: str, inputs: dict[str, str], **params: Any) -> None:
        outputs = {"profiles": {"normalized": "n.csv"}, "select": {"selected": "s.csv", "consensus": "c.csv"}}
        cases.add(program, inputs, outputs.get(program, {"numbers": "n.json"}), **params)
        said.append(sentence)

    refused("has no row: write one for each well", "profiles", {"cells": cells(), "platemap": "well,treatment\n"})
    refused("1 well (0512 B01); add a row", "profiles", {"cells": cells(), "platemap": MAP.replace("B1,drug\n", "")})
    refused(
        "line 5: `Z` is no well of any plate: fix it, or delete the row",
        "profiles",
        {"cells": cells(), "platemap": f"{MAP}Z,x\n"},
    )
    refused(
        "has no column that names the well: call it `well_position`",
        "profiles",
        {"cells": cells(), "platemap": "where,what\nA01,x\n"},
    )
    refused(
        "A01 is in line 2, too: leave one row of each well", "profiles", {"cells": cells(), "platemap": f"{MAP}A1,x\n"}
    )
    refused("chooses 0 wells; normalising needs two", "profiles", {"cells": cells()}, samples="Metadata_Well == 'H12'")
    refused("is no question to these columns: Metadata_Plate", "profiles", {"cells": cells()}, samples="treatment == 1")
    refused("has no column Metadata_Well", "profiles", {"cells": cells().replace("Metadata_Well", "Metadata_W")})
    refused("`replicates: ['drug']` must name columns", "select", {"profiles": PROFILES}, replicates=["drug"])
    refused(
        "No feature in X meets the variance threshold",
        "select",
        {"profiles": FLAT},
        operations=["variance_threshold"],
        replicates=["well"],
    )
    refused(
        "no `Cells_A`; the nearest are",
        "report",
        {"profiles": PROFILES},
        replicates=["treatment"],
        features=["Cells_A"],
    )
    refused(
        "replicates correlate by -1.00 in the median, less than `min_correlation: 0.3`",
        "report",
        {"profiles": PROFILES},
        replicates=["treatment"],
        min_correlation=0.3,
    )

    for (code, line), sentence in zip(cases.run(cytomining), said, strict=True):
        assert (code, sentence in line) == (1, True), (sentence, line)


@pytest.mark.timeout(300)
def test_profiles_name_what_has_no_value_keep_names_as_text_and_are_the_same_bytes_again(
    cytomining: Path, tmp_path: Path
) -> None:
    cases = Cases(tmp_path)
    levels = {"aggregated": "a.csv", "annotated": "b.csv", "normalized": "n.csv.gz"}
    first, again = (cases.add("profiles", {"cells": cells(), "platemap": MAP}, levels) for _ in range(2))
    wells = "".join(f"P1,A{n:02},{'DMSO' if n < 4 else 'x'},{n},{n * n % 7},{n % 3}\n" for n in range(1, 7))
    by_umap = {"profiles": "Metadata_Plate,Metadata_Well,Metadata_treatment,Cells_a,Cells_b,Cells_c\n" + wells}
    seen, seen_again = (
        cases.add("report", by_umap, {"umap": "u.png", "components": "c.png"}, replicates=["treatment"])
        for _ in range(2)
    )
    few = cases.add("report", {"profiles": PROFILES}, {"umap": "u.png"}, replicates=["treatment"])
    converted = cases.add_wells("convert", WELLS, {"cells": "cells.parquet"})
    assert cases.run(cytomining) == [[0, ""]] * 6
    cells_stayed_with_their_image_set(converted / "cells.parquet")
    pictures = [path.read_bytes() for path in (seen / "u.png", seen_again / "u.png", seen / "c.png", few / "u.png")]
    assert pictures[0] == pictures[1]
    assert len({*pictures}) == 3
    head, *rows = (first / "b.csv").read_text().splitlines()
    assert "Metadata_treatment" in head.split(",")
    assert all("0512" in row for row in rows)
    assert [row.split(",")[1] for row in (first / "a.csv").read_text().splitlines()[1:]] == ["A01", "A02", "B01"]
    note = "1 feature (Cells_Blank) without a value in any well of the aggregated profiles.\n"
    assert (first / "notes.txt").read_text() == note
    assert (first / "n.csv.gz").read_bytes() == (again / "n.csv.gz").read_bytes()


def cells_stayed_with_their_image_set(path: Path) -> None:
    told = ("Metadata_Plate", "Metadata_Well", "Metadata_Site", "Cells_AreaShape_Area")
    assert sorted(tuple(row[column] for column in told) for row in pq.read_table(path).to_pylist()) == [
        ("0512", "A01", "02", 12), ("0512", "A01", "02", 13), ("0512", "A01", "1", 11),
        ("0512", "B02", "02", 22), ("0512", "B02", "02", 23), ("0512", "B02", "1", 21),
    ]  # fmt: skip


@pytest.mark.timeout(300)
def test_cells_are_flagged_by_their_own_numbers_and_one_without_a_number_hides_no_other(
    cosmicqc: Path, tmp_path: Path
) -> None:
    areas = [100 + n % 5 for n in range(30)]
    areas[7], areas[9] = 400, 1  # beyond two standard deviations of the others; one below
    lines = [f"0512,A{n // 10 + 1:02},{area if n != 20 else ''},{n}" for n, area in enumerate(areas)]
    cells = "\n".join(["Metadata_Plate,Metadata_Well,Nuclei_AreaShape_Area,Cells_b", *lines, ""])
    thresholds = tmp_path / "thresholds.yml"
    thresholds.write_text(
        "thresholds: {large: {Nuclei_AreaShape_Area: 2}, small: {Nuclei_AreaShape_Area: -1}, absent: {Nuclei_a: 1}}\n"
    )
    cases, asked = Cases(tmp_path), {"thresholds": str(thresholds)}
    outputs = {"flagged": "f.csv", "kept": "k.csv", "numbers": "n.json"}
    good = cases.add("flag", {"cells": cells}, outputs, conditions=["large", "small"], **asked)
    for params in ({"conditions": ["huge"], **asked}, asked, {}):
        cases.add("flag", {"cells": cells}, outputs, **params)
    first, *refused = cases.run(cosmicqc)

    assert first == [0, ""]
    kept = (good / "k.csv").read_text().splitlines()
    numbers = [area for n, area in enumerate(areas) if n != 20]
    mean, deviation = statistics.fmean(numbers), statistics.pstdev(numbers)
    beyond = {n for n, area in enumerate(areas) if n != 20 and not -1 <= (area - mean) / deviation <= 2}
    assert beyond == {7, 9}
    assert [int(row.rpartition(",")[2]) for row in kept[1:]] == [n for n in range(30) if n not in beyond]
    assert all("0512" in row for row in kept[1:])
    flagged = list(csv.DictReader((good / "f.csv").open(newline="")))
    assert [n for n, row in enumerate(flagged) if row["Metadata_cqc_large_is_outlier"] == "True"] == [7]
    assert json.loads((good / "n.json").read_text())["flagged"] == {"large": 1, "small": 1}
    notes = (good / "notes.txt").read_text().splitlines()
    assert notes[0] == "2 of 30 cells flagged (large 1, small 1)."
    assert notes[1].endswith("not all conditions were looked at: 1.")
    sentences = (
        "has no condition `huge`; it has large, small, absent",
        "the cells have no `Nuclei_a`, which the condition `absent` needs",
        "the cells have no `Nuclei_AreaShape_FormFactor`, which the condition `small_and_low_formfactor_nuclei` needs",
    )
    for (code, line), sentence in zip(refused, sentences, strict=True):
        assert (code, sentence in line) == (1, True), (sentence, line)
