"""Pooled Cell Painting, all nine steps and all gates, as real jobs on the embedded cloud that count the units that ran.

The spec is the shipped one. A lab's catalog folder replaces its modules by `command` modules that write the same files
from small images, as docs/how-to/specs.md tells.
"""

import json
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import tifffile
import yaml
from tests.embedded import embedded

from platerunner.catalog.loader import SHIPPED, VARIABLE
from platerunner.engine.gates.decisions import Decision
from platerunner.engine.gates.gate_run import GateRun
from platerunner.engine.planning.context import RunContext, left_out
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.loader import load_text
from platerunner.spec.steps import Gate

SPECS = Path(__file__).parents[2] / "dag_specs"
WRITER = Path(__file__).parent / "pcpip" / "writer.py"
PIPELINES = ("1_CP_Illum", "2_CP_Apply_Illum", "3_CP_SegmentationCheck", "5_BC_Illum", "6_BC_Apply_Illum",
             "7_BC_Preprocess", "9_Analysis", "9_Analysis_painting")  # fmt: skip
BARCODING = {"bc_illum_apply": 1, "bc_preprocess": 1, "bc_stitch_crop": 1, "analysis": 2}
ONE_PLATE = {
    "cp_illum_calc": 1, "cp_illum_apply": 1, "cp_segcheck": 1, "cp_stitch_crop": 1, "bc_illum_calc": 2, **BARCODING,
}  # fmt: skip
BARCODING_GATES = {"bc_illum_qc", "bc_align_qc", "bc_barcodes_qc", "bc_stitch_qc", "analysis_qc"}
ALL_GATES = {"cp_illum_qc", "cp_segcheck_qc", "cp_stitch_qc", *BARCODING_GATES}
# The table of docs and facts: what each of the nine steps writes for plate P1.
PATHS = """
illum/P1/P1_IllumDNA.npy
images_corrected/painting/P1-A1/Plate_P1_Well_A1_Site_17_CorrDNA.tiff
images_corrected/painting/P1-A1/PaintingIllumApplication_{Image,Cells,Nuclei,ConfluentRegions,Experiment}.csv
images_segmentation/P1-A1/Plate_P1_Well_A1_Site_17_CorrMito_SegmentCheck.png
images_segmentation/P1-A1/SegmentationCheck_{Image,Cells,Nuclei,Experiment}.csv
images_corrected_stitched/painting/P1-A1/Stitched_CorrDNA.tiff
images_corrected_cropped/painting/P1-A1/Corr_DNA_Tile_2.tiff
images_corrected_stitched_10X/painting/P1-A1/Stitched_CorrMito.tiff
illum/P1/P1_Cycle2_IllumDAPI.npy
images_aligned/barcoding/P1-A1-1/Plate_P1_Well_A1_Site_1_Cycle2_A.tiff
images_aligned/barcoding/P1-A1-1/BarcodingApplication_{Image,Experiment}.csv
images_corrected/barcoding/P1-A1-1/Plate_P1_Well_A1_Site_1_Cycle1_DAPI.tiff
images_corrected/barcoding/P1-A1-1/BarcodePreprocessing_{BarcodeFoci,Image,Experiment,Nuclei}.csv
images_corrected_stitched/barcoding/P1-A1/Stitched_Cycle1_A.tiff
images_corrected_cropped/barcoding/P1-A1/Cycle2_A_Tile_1.tiff
images_corrected_stitched_10X/barcoding/P1-A1/Stitched_Cycle2_DAPI.tiff
workspace/analysis/P1-A1-2/{Image,Cells,Nuclei,Cytoplasm,Foci,BarcodeFoci,Experiment}.csv
workspace/analysis/P1-A1-2/overlays/Cells.png
"""


@dataclass
class Screen:
    """A screen on the embedded cloud, run as `platerunner run` runs it, but for Airflow."""

    folder: Path
    spec: str
    runs: int = 0
    approved: set[str] = field(default_factory=set)

    def shoot_cycle(self, plate: str, cycle: int) -> None:
        for channel in ("DAPI", "A"):
            self._image(plate, f"barcoding/c{cycle}/A1_s1_{channel}.tiff")

    def shoot_painting(self, plate: str) -> None:
        for site in range(1, 18):
            for channel in ("w1", "w5"):
                self._image(plate, f"painting/A1_s{site}_{channel}.tiff")

    def run(self) -> dict[str, int]:
        """Step to the number of units that ran, without the gates' reports; who was asked is in :attr:`approved`."""
        self.runs += 1
        self.approved = set()
        pipeline = load_text(self.spec, self.folder / "pcpip.yaml")
        roots = {"data_root": str(self.folder / "data"), "workspace_root": str(self.folder / "workspace")}
        params = {name: param["default"] for name, param in pipeline.params.items()}
        context, hook = RunContext(params, **roots, run_id=f"run-{self.runs}"), PlaterunnerHook()
        idle, ran = left_out(pipeline, context), {}
        for name, step in pipeline.steps.items():
            if isinstance(step, Gate):
                self._ask(GateRun(hook, pipeline, name, context))
            elif name not in idle:
                ran[name] = _to_the_end(StepRun(hook, pipeline, name, context))
        return {name: units for name, units in ran.items() if units and not name.endswith("_report")}

    def written(self) -> set[str]:
        root = self.folder / "workspace" / "pcpip" / "Batch1"
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}

    def times_of(self, paths: Iterable[str]) -> dict[str, int]:
        root = self.folder / "workspace" / "pcpip" / "Batch1"
        return {path: (root / path).stat().st_mtime_ns for path in paths}

    def _ask(self, gate: GateRun) -> None:
        """A gate whose files somebody approved before stays open; else a person looks at its pictures and approves."""
        if gate.approval() is not None:
            return
        assert "montage.png" in gate.question("http://airflow/the-gate")
        at = datetime.now(UTC).isoformat()
        gate.record(Decision("approved", "1", "ada", at, gate.run_id, "looks good", gate.numbers))
        self.approved.add(gate.gate.name)

    def _image(self, plate: str, name: str) -> None:
        path = self.folder / "data" / "Batch1" / "images" / plate / name
        path.parent.mkdir(parents=True, exist_ok=True)
        seed = sum(map(ord, f"{plate}{name}"))
        tifffile.imwrite(path, np.random.default_rng(seed).integers(0, 999, (8, 8), np.uint16))


def _to_the_end(run: StepRun) -> int:
    run.start()
    deadline = time.monotonic() + 120
    while run.waiting_for() or run.collect():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    result, failed = run.finish()
    assert not failed
    assert result.waiting == 0
    return result.succeeded


def own_catalog(folder: Path) -> None:
    """A lab's catalog: the modules of the shipped one, run by another program."""
    raw = yaml.safe_load((SHIPPED / "pcpip.yaml").read_text())
    for module in raw["modules"].values():
        module |= {
            "tool": "command",
            "image": "imaging:latest",
            "own_image": False,
            "argv": ["python", str(WRITER), "{unit}"],
            "resources": {"vcpus": 1, "memory": "500 MiB", "timeout": "5 min"},
        }
    folder.mkdir()
    (folder / "pcpip.yaml").write_text(yaml.safe_dump(raw))


def variant() -> str:
    """The shipped spec with two tiles a well, on an image that this machine has, without CellProfiler's LoadData."""
    text = (SPECS / "pcpip.yaml").read_text().replace("range: [1, 100]", "range: [1, 2]")
    text = text.replace("cellprofiler:4.2.8", "imaging:latest")
    lines, kept, below = text.splitlines(), [], False
    for line in lines:
        below = line.startswith("    load_data:") or (below and line.startswith("      "))
        kept += [] if below else [line]
    return "\n".join(kept) + "\n"


@pytest.fixture
def screen(tmp_path, monkeypatch):
    own_catalog(tmp_path / "catalog")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "catalog"))
    (tmp_path / "pcpip" / "plugins").mkdir(parents=True)
    for name in (
        *(f"{each}.cppipe" for each in PIPELINES),
        "stitch_crop.py",
        "Barcodes.csv",
        "plugins/callbarcodes.py",
    ):
        (tmp_path / "pcpip" / name).write_text(name)
    (tmp_path / "_dyes.yaml").write_text((SPECS / "_dyes.yaml").read_text())
    screen = Screen(tmp_path, variant())
    for plate in ("P1", "P2"):
        screen.shoot_painting(plate)
        for cycle in (1, 2):
            screen.shoot_cycle(plate, cycle)
    with embedded() as account:
        for name, value in account.cloud.environment().items():
            monkeypatch.setenv(name, value)
        connection = {"conn_type": "platerunner", "extra": account.cloud.connection()}
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
        yield screen


def expand(pattern: str) -> list[str]:
    """`a/{x,y}.csv` as a shell has it."""
    found = re.search(r"\{([^}]*)\}", pattern)
    return [pattern.replace(found[0], each) for each in found[1].split(",")] if found else [pattern]


def test_nine_steps_then_another_cycle_then_another_version_for_one_plate(screen):
    assert screen.run() == {step: 2 * units for step, units in ONE_PLATE.items()}
    assert screen.approved == ALL_GATES
    written = screen.written()
    assert {path for line in PATHS.split() for path in expand(line)} <= written
    checked = {path for path in written if path.endswith("_SegmentCheck.png")}
    assert {re.search(r"Site_(\d+)_", path)[1] for path in checked} == {"1", "17"}, "every 16th site"

    screen.shoot_cycle("P1", 3)
    assert screen.run() == {**BARCODING, "bc_illum_calc": 1}, "one plate, and of its cycles' functions the new one"
    assert screen.approved == BARCODING_GATES, "who approved painting is not asked again"

    other = "  analysis:\n    overrides: [{where: {plate: P2}, image: base:latest}]\n"
    screen.spec = screen.spec.replace("  analysis:\n", other)
    before = screen.times_of(path for path in written if not path.startswith("_platerunner/"))
    assert screen.run() == {"analysis": 2}
    assert screen.approved == set(), "another version wrote the same files, so that the approval stands"
    assert screen.times_of(before) == before
