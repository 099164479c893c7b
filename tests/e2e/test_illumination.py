"""Three wells of a plate in real images, from the files to a heat map: real CellProfiler.

Profiles are those of tests/e2e/test_cell_painting.py, and of the example for the Phenix in tests/e2e/test_examples.py.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.conftest import ROOT, Result

IMAGES = ROOT.parent / "shared" / "images" / "illum_plate"
REQUIRED = "PLATERUNNER_REQUIRE_PLATE" in os.environ
pytestmark = [
    pytest.mark.cellprofiler,
    pytest.mark.skipif(
        not IMAGES.is_dir() and not REQUIRED, reason=f"the real plate is not beside the checkout ({IMAGES.name})"
    ),
]


def test_three_wells_twice_and_after_touching_one_image(
    platerunner: Callable[..., Result], cellprofiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The command looks beside and above where it is called, which is a folder of the test's own.
    monkeypatch.setenv("PLATERUNNER_CELLPROFILER", str(shutil.which(cellprofiler)))
    spec = ROOT / "dag_specs" / "illumination.yaml"
    data = tmp_path / "data"
    data.mkdir()
    for image in IMAGES.glob("*_O0[3-5]f*.TIF"):
        shutil.copyfile(image, data / image.name)
    args = ("run", spec, "--local", "--data-root", data, "--workspace-root", tmp_path / "results", "--approve-all")

    first = platerunner(*args, timeout=900)
    assert first.code == 0, first.out + first.err
    assert {name: step["succeeded"] for name, step in first.summary["steps"].items()} == {
        "illum_calc": 1, "illum_apply": 3, "measure": 3, "check_report": 1, "report": 1,
    }  # fmt: skip

    second = platerunner(*args)
    assert second.code == 0
    assert all(step["done_before"] == step["units"] for step in second.summary["steps"].values())

    touched = data / "AS_09047_050428030001_O05f01d2.TIF"
    touched.write_bytes(touched.read_bytes() + b"\0\0")  # no reader of TIFF looks behind its last table
    third = platerunner(*args)
    assert third.code == 0
    assert third.step("illum_apply")["succeeded"] == 1
    assert third.step("illum_apply")["done_before"] == 2
