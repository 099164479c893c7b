"""The shipped spec of pooled Cell Painting on a small plate: every path, and what runs when something changes."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.provider.engine.planning.lab import Lab

from platerunner.engine.planning.context import left_out

SPECS = Path(__file__).parents[4] / "dag_specs"
FILES = (
    "1_CP_Illum",
    "2_CP_Apply_Illum",
    "3_CP_SegmentationCheck",
    "5_BC_Illum",
    "6_BC_Apply_Illum",
    "7_BC_Preprocess",
    "9_Analysis",
    "9_Analysis_painting",
)
PARAMS: dict[str, Any] = {
    "batch": "Batch1", "plates": [], "painting_only": False, "pipelines": "pcpip", "overlap": 10,
    "painting_shape": "round", "barcoding_shape": "square",
}  # fmt: skip
CP = ["cp_illum_calc", "cp_illum_apply", "cp_segcheck", "cp_stitch_crop"]
BARCODING = {"bc_illum_calc": 2, "bc_illum_apply": 2, "bc_preprocess": 2, "bc_stitch_crop": 1, "analysis": 2}
BC = ["bc_illum_calc", "bc_illum_apply", "bc_preprocess", "bc_stitch_crop"]


class Pooled(Lab):
    """Runs what the params leave in."""

    def run(self) -> dict[str, list[str]]:
        self.runs += 1
        idle = left_out(self.pipeline, self.context())
        return {step.name: self.run_step(step.name) for step in self.pipeline.modules if step.name not in idle}

    def work(self) -> dict[str, int]:
        """A run: step to the number of units that ran, without the reports of gates."""
        return {name: len(units) for name, units in self.run().items() if units and not name.endswith("_report")}

    def keys(self) -> set[str]:
        return {found.key for found in self.workspace.list() if not found.key.startswith(("_platerunner/", "gates/"))}


@pytest.fixture
def pooled(tmp_path: Path) -> Pooled:
    folder = tmp_path / "pcpip"
    (folder / "plugins").mkdir(parents=True)
    for name in (*(f"{each}.cppipe" for each in FILES), "stitch_crop.py", "Barcodes.csv", "plugins/callbarcodes.py"):
        (folder / name).write_text(name)
    (tmp_path / "_dyes.yaml").write_text((SPECS / "_dyes.yaml").read_text())
    text = (SPECS / "pcpip.yaml").read_text().replace("range: [1, 100]", "range: [1, 2]")
    text = re.sub(r"(?m)^workspace: .*$", 'workspace: "{{ workspace_root }}/lab"', text)
    lab = Pooled(tmp_path, text, params=PARAMS)
    for site in range(1, 18):
        for channel in ("w1", "w5"):
            write(lab, f"painting/A1_s{site}_{channel}.tiff")
    for cycle in (1, 2):
        shoot_cycle(lab, cycle)
    return lab


def write(lab: Lab, name: str) -> None:
    path = lab.images / "Batch1" / "images" / "P1" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)


def shoot_cycle(lab: Lab, cycle: int) -> None:
    for site in (1, 2):
        for channel in ("DAPI", "A"):
            write(lab, f"barcoding/c{cycle}/A1_s{site}_{channel}.tiff")


@pytest.mark.slow
def test_all_nine_steps_write_every_path_of_the_table(pooled):
    planned = {step: len(plan.units) for step, plan in pooled.plan_all().items()}
    work = pooled.work()
    assert work == {**dict.fromkeys(CP, 1), **BARCODING}
    assert {step: planned[step] for step in work} == work
    keys = pooled.keys()
    assert keys >= {
        "illum/P1/P1_IllumDNA.npy",
        "illum/P1/P1_IllumMito.npy",
        "images_corrected/painting/P1-A1/Plate_P1_Well_A1_Site_17_CorrDNA.tiff",
        "images_corrected/painting/P1-A1/PaintingIllumApplication_ConfluentRegions.csv",
        "images_segmentation/P1-A1/Plate_P1_Well_A1_Site_17_CorrDNA_SegmentCheck.png",
        "images_segmentation/P1-A1/SegmentationCheck_Image.csv",
        "images_corrected_stitched/painting/P1-A1/Stitched_CorrDNA.tiff",
        "images_corrected_cropped/painting/P1-A1/Corr_Mito_Tile_2.tiff",
        "images_corrected_stitched_10X/painting/P1-A1/Stitched_CorrMito.tiff",
        "illum/P1/P1_Cycle2_IllumDAPI.npy",
        "images_aligned/barcoding/P1-A1-2/Plate_P1_Well_A1_Site_2_Cycle1_A.tiff",
        "images_aligned/barcoding/P1-A1-2/BarcodingApplication_Image.csv",
        "images_corrected/barcoding/P1-A1-1/BarcodePreprocessing_BarcodeFoci.csv",
        "images_corrected_cropped/barcoding/P1-A1/Cycle2_A_Tile_1.tiff",
        "workspace/analysis/P1-A1-1/BarcodeFoci.csv",
        "workspace/analysis/P1-A1-2/Cells.csv",
    }
    checked = {key for key in keys if key.endswith("_SegmentCheck.png")}
    assert {re.search(r"Site_(\d+)_", key)[1] for key in checked} == {"1", "17"}
    assert pooled.work() == {}


@pytest.mark.slow
def test_a_new_cycle_runs_only_what_it_touches(pooled):
    pooled.work()
    shoot_cycle(pooled, 3)
    assert pooled.work() == {**BARCODING, "bc_illum_calc": 1}
    assert pooled.work() == {}


def test_a_painting_only_screen_ends_without_barcoding(pooled):
    (pooled.images / "Batch1" / "images" / "P1" / "barcoding").rename(pooled.folder / "elsewhere")
    pooled.params = {**PARAMS, "painting_only": True}
    planned = {step for step, plan in pooled.plan_all().items() if plan.units and not step.endswith("_report")}
    assert planned == {*CP, "painting_analysis"}
    assert pooled.work() == {**dict.fromkeys(CP, 1), "painting_analysis": 2}
    assert {f"workspace/analysis_painting/P1-A1-{tile}/Cells.csv" for tile in (1, 2)} <= pooled.keys()


def test_both_arms_run_side_by_side(pooled):
    steps = pooled.pipeline.steps

    def before(name: str) -> set[str]:
        return {each for direct in steps[name].upstream for each in (direct, *before(direct))}

    assert not before("cp_stitch_qc") & set(BC)
    assert not before("bc_stitch_qc") & set(CP)
    assert {*CP, *BC} <= before("analysis")


@pytest.mark.slow
def test_another_analysis_for_one_plate_runs_that_plate_alone(pooled):
    pooled.work()
    pooled.spec = pooled.spec.replace(
        "  analysis:\n", "  analysis:\n    overrides: [{where: {plate: P1, tile: 2}, image: cellprofiler:4.2.6}]\n"
    )
    pooled.digests = {"cellprofiler:4.2.6": "sha256:6"}
    assert pooled.work() == {"analysis": 1}
