"""Only what changed runs: touched, damaged and fixed images, on the demo's pipeline with the imaging tools."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import ROOT, Result

from platerunner.local.demo_plate import make_plate

DEMO = ROOT / "dag_specs" / "demo.yaml"


@pytest.fixture
def demo(platerunner: Callable[..., Result], tmp_path: Path) -> Callable[..., Result]:
    """Run the demo's spec."""
    return on_a_plate(platerunner, tmp_path, DEMO, wells=3)


@pytest.fixture
def wells(platerunner: Callable[..., Result], tmp_path: Path) -> Callable[..., Result]:
    """Run a spec whose first step takes each well on its own."""
    return on_a_plate(platerunner, tmp_path, Path(__file__).with_name("specs") / "wells.yaml", wells=5)


def on_a_plate(platerunner: Callable[..., Result], tmp_path: Path, spec: Path, wells: int) -> Callable[..., Result]:
    """Run a spec on a plate with 2 sites a well in the test's folder."""
    make_plate(tmp_path / "data", wells=wells, sites=2)

    def run(*args: str) -> Result:
        roots = ("--data-root", tmp_path / "data", "--workspace-root", tmp_path / "results")
        return platerunner("run", spec, "--local", "--approve-all", *roots, *args)

    return run


def image(tmp_path: Path, well: int = 1) -> Path:
    """An image of one well."""
    wells = sorted({path.name.split("_")[0] for path in (tmp_path / "data").rglob("*.tif")})
    return next((tmp_path / "data").rglob(f"{wells[well]}_s1_DNA.tif"))


def test_the_second_run_does_nothing_and_a_touched_image_reruns_its_well(
    demo: Callable[..., Result], tmp_path: Path
) -> None:
    first = demo()
    assert first.code == 0, first.out + first.err
    assert first.summary["state"] == "success"
    assert first.counts("illum_apply") == {
        "units": 3, "succeeded": 3, "done_before": 0, "failed": 0, "waiting": 0, "categories": {"succeeded": 3},
    }  # fmt: skip

    second = demo()
    assert second.code == 0
    assert {name: (step["units"], step["done_before"]) for name, step in second.summary["steps"].items()} == {
        "illum_calc": (1, 1), "illum_apply": (3, 3), "measure": (3, 3), "check_report": (1, 1), "report": (1, 1),
    }  # fmt: skip

    touched = image(tmp_path)
    os.utime(touched)
    assert demo().counts("illum_apply")["done_before"] == 3, "the same bytes are the same image"

    touched.write_bytes(touched.read_bytes() + b"\0\0")  # no reader of TIFF looks behind its last table
    third = demo()
    assert third.code == 0
    # The plate's function is calculated again, comes out the same, and so holds the other wells back no longer.
    assert third.step("illum_calc")["succeeded"] == 1
    assert (third.step("illum_apply")["succeeded"], third.step("illum_apply")["done_before"]) == (1, 2)


DAMAGED = {
    1: (lambda path: path.write_bytes(path.read_bytes()[:-2000]), "input_unreadable", "cut off"),
    2: (lambda path: path.write_bytes(b""), "input_unreadable", "is empty"),
    4: (lambda path: path.unlink(), "input_missing", "_s1_DNA.tif"),
}
"""Number of a well to what happened to an image of it, and what the run says of that."""


def test_damaged_images_fail_their_wells_alone_and_mending_them_runs_those_wells(
    wells: Callable[..., Result], tmp_path: Path
) -> None:
    good = {number: image(tmp_path, number) for number in DAMAGED}
    content = {path: path.read_bytes() for path in good.values()}
    for number, (damage, _, _) in DAMAGED.items():
        damage(good[number])

    broken = wells()
    assert broken.code == 1
    assert broken.summary["state"] == "failed"
    assert broken.counts("measure") == {
        "units": 5, "succeeded": 2, "done_before": 0, "failed": 3, "waiting": 0,
        "categories": {"succeeded": 2, "input_unreadable": 2, "input_missing": 1},
    }  # fmt: skip
    for number, (_, category, phrase) in DAMAGED.items():
        assert phrase in outcome(tmp_path, good[number], category)["verdict"]["sentence"]

    for path in good.values():
        path.write_bytes(content[path])
    fixed = wells()
    assert fixed.code == 0, fixed.out + fixed.err
    assert (fixed.step("measure")["succeeded"], fixed.step("measure")["done_before"]) == (3, 2)
    assert fixed.step("report")["succeeded"] == 1


def outcome(tmp_path: Path, damaged: Path, category: str) -> dict[str, Any]:
    """The only stored outcome of an image's well in a category."""
    well = damaged.name.split("_")[0]
    stored = tmp_path / "results" / "wells" / "_platerunner" / "outcomes"
    (path,) = (found for found in stored.rglob(f"*.{category}.*.json") if f"well={well}" in str(found))
    return json.loads(path.read_text())
