"""Six wells of a plate in real images, from the files to profiles: real CellProfiler, CytoTable and pycytominer."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.conftest import ROOT, Result

IMAGES = ROOT.parent / "shared" / "images" / "illum_plate"
REQUIRED = "PLATERUNNER_REQUIRE_PLATE" in os.environ
SPECS = ROOT / "dag_specs"
BY_HAND = Path(__file__).with_name("cells_by_hand.py")
PROFILES = """
  cells:
    module: cytomining.convert
    foreach: [plate]
    inputs: {image: measure.image, cells: measure.cells}
    outputs: {cells: "profiles/{plate}_cells.parquet"}
  profiles:
    module: cytomining.profiles
    foreach: [plate]
    inputs: {cells: cells.cells}
    outputs: {aggregated: "profiles/{plate}.parquet", normalized: "profiles/{plate}_normalized.parquet"}
"""

pytestmark = [
    pytest.mark.cellprofiler,
    pytest.mark.skipif(
        not IMAGES.is_dir() and not REQUIRED, reason=f"the real plate is not beside the checkout ({IMAGES.name})"
    ),
]


def test_six_wells_twice_and_after_touching_one_image(
    platerunner: Callable[..., Result],
    cellprofiler: str,
    cytomining: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The command looks beside and above where it is called, which is a folder of the test's own.
    monkeypatch.setenv("PLATERUNNER_CELLPROFILER", str(shutil.which(cellprofiler)))
    monkeypatch.setenv("PLATERUNNER_CYTOMINING", str(cytomining))
    shutil.copytree(SPECS / "pipelines", tmp_path / "specs" / "pipelines")
    spec = tmp_path / "specs" / "illumination.yaml"
    spec.write_text((SPECS / "illumination.yaml").read_text() + PROFILES)
    data = tmp_path / "data"
    data.mkdir()
    for image in IMAGES.glob("*_O0[1-6]f*.TIF"):
        shutil.copyfile(image, data / image.name)
    args = ("run", spec, "--local", "--data-root", data, "--workspace-root", tmp_path / "results", "--approve-all")

    first = platerunner(*args, timeout=900)
    assert first.code == 0, first.out + first.err
    assert {name: step["succeeded"] for name, step in first.summary["steps"].items()} == {
        "illum_calc": 1, "illum_apply": 6, "measure": 6, "check_report": 1, "report": 1,
        "cells": 1, "profiles": 1,
    }  # fmt: skip
    by_hand = compare(cytomining, tmp_path / "results" / "illumination")
    assert by_hand.pop("wells") == 6
    assert max(by_hand.values()) < 1e-9, by_hand

    second = platerunner(*args)
    assert second.code == 0
    assert all(step["done_before"] == step["units"] for step in second.summary["steps"].values())

    touched = data / "AS_09047_050428030001_O05f01d2.TIF"
    touched.write_bytes(touched.read_bytes() + b"\0\0")  # no reader of TIFF looks behind its last table
    third = platerunner(*args)
    assert third.code == 0
    assert third.step("illum_apply")["succeeded"] == 1
    assert third.step("illum_apply")["done_before"] == 5


def compare(cytomining: Path, workspace: Path) -> dict[str, float]:
    """How far the profiles are from those that a person makes of the same tables."""
    home = cytomining.parents[1]
    env = {"HOME": str(home / "home"), "PATH": "/usr/bin:/bin"}
    argv = [home / "bin" / "python", BY_HAND, workspace]
    done = subprocess.run(argv, capture_output=True, text=True, env=env, timeout=500)
    assert done.returncode == 0, done.stderr
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
