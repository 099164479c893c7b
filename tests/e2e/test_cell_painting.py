"""From a samplesheet to profiles: real CellProfiler, CytoTable and pycytominer; numbers as by hand."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.conftest import Result

from platerunner.local.painted_plate import make_plate, write_samplesheet

BY_HAND = Path(__file__).with_name("profiles_by_hand.py")
PLATE = "0512"  # a number to every reader that is not told that plates are names

pytestmark = [pytest.mark.cellprofiler, pytest.mark.timeout(1800)]


def test_a_samplesheet_becomes_the_profiles_that_a_person_would_make(
    platerunner: Callable[..., Result],
    cellprofiler: str,
    cytomining: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PLATERUNNER_CELLPROFILER", str(shutil.which(cellprofiler)))
    monkeypatch.setenv("PLATERUNNER_CYTOMINING", str(cytomining))
    painted = make_plate(tmp_path / "data", plate=PLATE, treatments=("DMSO", "large nuclei"), size=128)
    sheet = write_samplesheet(tmp_path / "data" / "samplesheet.csv", painted)
    folder, results = tmp_path / "screen", tmp_path / "results"

    made = platerunner("new", "cell-painting", sheet, "--out", folder, "--control", "DMSO")
    assert made.code == 0, made.out + made.err
    # With four wells nearly all features correlate, and pycytominer compares each pair in Python.
    spec = folder / "screen.yaml"
    text = spec.read_text()
    few = "operations: [variance_threshold, drop_na_columns, blocklist]"
    spec.write_text(text.replace('{replicates: "{{ params.replicates }}"}', f"{{replicates: [treatment], {few}}}"))
    assert few in spec.read_text()
    args = ("run", spec, "--local", "--workspace-root", results, "--approve-all")
    first = platerunner(*args, timeout=1400)
    assert first.code == 0, first.out + first.err
    assert {name: step["succeeded"] for name, step in first.summary["steps"].items()} == {
        "illum_calc": 1, "illum_apply": 4, "segcheck": 4, "segcheck_qc_report": 1, "analysis": 4, "report": 1,
        "cells": 1, "profiles": 1, "selected": 1, "pictures": 1, "profiles_qc_report": 1,
    }  # fmt: skip

    workspace = results / "screen"
    by_hand = compare(cytomining, workspace, folder / "platemap.csv")
    counts = by_hand.pop("counts")
    assert counts == {site.well: site.cells for site in painted}
    assert max(by_hand.values()) < 1e-9, by_hand
    numbers = json.loads((workspace / "profiles/report/numbers.json").read_text())
    assert numbers["wells"] == len(painted)

    second = platerunner(*args)
    assert second.code == 0
    assert all(step["done_before"] == step["units"] for step in second.summary["steps"].values())


def compare(cytomining: Path, workspace: Path, platemap: Path) -> dict[str, float]:
    home = cytomining.parents[1]
    argv = [home / "bin" / "python", BY_HAND, workspace, PLATE, platemap, "DMSO"]
    done = subprocess.run(
        argv, capture_output=True, text=True, env={"HOME": str(home / "home"), "PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
