"""Pipelines of other people as they are, each with a short spec: the figures are those of CellProfiler by hand."""

import csv
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.e2e.conftest import ROOT, Result
from typer.testing import CliRunner

from platerunner.cli import app

SHARED = ROOT.parent / "shared"
CASES = SHARED / "cases"
HUMAN = SHARED / "images" / "human"
FLY = SHARED / "cppipe-pool" / "CellProfiler+examples" / "ExampleFly" / "ExampleFly.cppipe"
REQUIRED = "PLATERUNNER_REQUIRE_CORPUS" in os.environ
# What differs from run to run or from place to place, and what a way of naming images adds.
NO_FIGURES = re.compile(
    r"ExecutionTime_|PathName_|URL_|FileName_|Metadata_|Frame_|Series_|Channel_|Group_|ImageSet_|ModuleError_"
)
SPEC = """\
version: 1
pipeline: lab
workspace: "{{{{ workspace_root }}}}/lab"
dataset: {{root: "{{{{ data_root }}}}", files: {{raw: {files}}}}}
steps:
  analyse:
    module: cellprofiler
    foreach: [{foreach}]
    inputs: {{images: dataset.raw}}
    with: {{pipeline: {pipeline}}}
    outputs: {{image: "t/{unit}/Image.csv", nuclei: "t/{unit}/Nuclei.csv"}}
"""
RAW_HUMAN = (
    '{path: "AS_{assay}_{plate}_{well}f{site:digits}d{channel}.tif", '
    'rename: {channel: {"0": DNA, "1": PH3, "2": cellbody}}}'
)

pytestmark = [
    pytest.mark.cellprofiler,
    pytest.mark.skipif(
        not SHARED.is_dir() and not REQUIRED, reason="other people's pipelines are not beside the checkout"
    ),
]


@pytest.fixture
def lab(tmp_path: Path, cellprofiler: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    # The command looks beside and above where it is called, which is a folder of the test's own.
    monkeypatch.setenv("PLATERUNNER_CELLPROFILER", str(shutil.which(cellprofiler)))
    return tmp_path


def by_hand(lab: Path, pipeline: Path, *options: str | Path) -> Path:
    """CellProfiler alone; its output folder."""
    out = lab / "by_hand" / pipeline.stem
    out.mkdir(parents=True)
    argv = [os.environ["PLATERUNNER_CELLPROFILER"], "-c", "-r", "-p", pipeline, "-o", out, "-d", out / "done", *options]
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=500)
    assert (out / "done").read_text().strip() == "Complete", done.stderr
    return out


def file_list(lab: Path, files: Iterable[Path]) -> Path:
    path = lab / "files.txt"
    path.write_text("".join(f"{file}\n" for file in sorted(files)))
    return path


def figures(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [{name: v for name, v in row.items() if not NO_FIGURES.match(name)} for row in csv.DictReader(file)]


def run(platerunner: Callable[..., Result], lab: Path, spec: str, data: Path) -> Path:
    """Run a spec; its workspace."""
    (lab / "lab.yaml").write_text(spec)
    args = ("lab.yaml", "--local", "--data-root", data, "--workspace-root", lab / "results")
    done = platerunner("run", lab / args[0], *args[1:], timeout=900)
    assert done.code == 0, done.out + done.err
    return lab / "results" / "lab"


def spec(lab: Path, files: str, foreach: str, pipeline: Path, more: str = "") -> str:
    if pipeline.parent != lab:
        shutil.copyfile(pipeline, lab / pipeline.name)
    unit = "/".join(f"{{{name}}}" for name in foreach.split(", "))
    return SPEC.format(files=files, foreach=foreach, pipeline=pipeline.name, unit=unit) + more


def test_example_human_as_it_is_and_in_its_loaddata_form(platerunner: Callable[..., Result], lab: Path) -> None:
    pipeline = CASES / "human_asis" / "ExampleHuman.cppipe"
    alone = by_hand(lab, pipeline, "--file-list", file_list(lab, HUMAN.glob("*.tif")))
    expected = figures(alone / "Nuclei.csv")
    assert len(expected) == 289

    results = run(platerunner, lab, spec(lab, RAW_HUMAN, "plate, well", pipeline), HUMAN)
    assert figures(results / "t/050116030001/D03/Nuclei.csv") == expected
    (outcome,) = (results / "_platerunner/outcomes/analyse").rglob("*.succeeded*.json")
    assert "made 1 image set of 3 files; the spec had no say in it" in outcome.read_text()

    printed = CliRunner().invoke(app, ["loaddata", str(lab / pipeline.name)])
    assert printed.exit_code == 0, printed.output
    load_data = printed.output[printed.output.index("    load_data:") :].partition("DNA, PH3, cellbody: files")[0]
    form = lab / "ExampleHuman_loaddata.cppipe"
    results = run(platerunner, lab, spec(lab, RAW_HUMAN, "plate, well", form, load_data), HUMAN)
    assert figures(results / "t/050116030001/D03/Nuclei.csv") == expected


def test_example_fly(platerunner: Callable[..., Result], lab: Path) -> None:
    """Its own images are not here: others of the names that it asks for, with nuclei in the part that it crops."""
    data = lab / "data"
    data.mkdir()
    y, x = np.mgrid[:520, :760]
    for position in (1, 2):
        places = np.random.default_rng(position).uniform((270, 520), (430, 680), (12, 2))
        for channel, radius in (("D", 6), ("F", 9), ("R", 11)):
            spots = [np.exp(-((((y - a) ** 2 + (x - b) ** 2) / radius**2) ** 2)) for a, b in places]
            noise = np.random.default_rng(position + radius).uniform(0, 12, y.shape)
            tifffile.imwrite(
                data / f"01_POS00{position}_{channel}.TIF", (noise + 200 * np.max(spots, 0)).astype(np.uint8)
            )
    alone = by_hand(lab, FLY, "--file-list", file_list(lab, data.glob("*.TIF")))
    files = '"{slide}_POS{position}_{channel}.TIF"'
    results = run(platerunner, lab, spec(lab, files, "slide", FLY), data)
    assert len(figures(alone / "Nuclei.csv")) > 5
    for table in ("Image.csv", "Nuclei.csv"):
        assert figures(results / "t/01" / table) == figures(alone / table)


def test_the_human_field_by_load_data(platerunner: Callable[..., Result], lab: Path) -> None:
    for file in ("spec.yaml", "human_resaved.cppipe"):
        shutil.copyfile(CASES / "human_ld" / file, lab / file)
    names = {"0": "DNA", "1": "PH3", "2": "cellbody"}
    header = [f"{kind}_{name}" for name in names.values() for kind in ("FileName", "PathName")]
    files = [f"AS_09125_050116030001_D03f00d{number}.tif" for number in names]
    cells = [cell for file in files for cell in (file, str(HUMAN))]
    table = lab / "by_hand.csv"
    table.write_text(f"{','.join([*header, 'Metadata_Well'])}\n{','.join([*cells, 'D03'])}\n")
    alone = by_hand(lab, lab / "human_resaved.cppipe", "--data-file", table)
    args = (lab / "spec.yaml", "--local", "--data-root", HUMAN, "--workspace-root", lab / "results")
    done = platerunner("run", *args, timeout=900)
    assert done.code == 0, done.out + done.err
    found = figures(next((lab / "results").rglob("Nuclei.csv")))
    assert len(found) == 289
    assert found == figures(alone / "Nuclei.csv")


def test_jump_illumination_and_analysis(platerunner: Callable[..., Result], lab: Path) -> None:
    for name in ("spec.yaml", "JUMP_illum_LoadData_v1.cppipe", "JUMP_analysis_v3.cppipe"):
        shutil.copyfile(CASES / "jump" / name, lab / name)
    data = CASES / "jump" / "data"
    args = (lab / "spec.yaml", "--local", "--data-root", data, "--workspace-root", lab / "results")
    done = platerunner("run", *args, timeout=900)
    assert done.code == 0, done.out + done.err
    results = lab / "results" / "jump"
    columns, cells = ["Metadata_Plate", "Metadata_Well", "Metadata_Site"], ["BR00121482", "A01", "1"]
    for image in sorted(data.glob("*.tiff")):
        columns += [f"{kind}_Orig{image.stem.partition('_s1_')[2]}" for kind in ("FileName", "PathName")]
        cells += [image.name, str(data)]
    for function in sorted((results / "illum").rglob("*.npy")):
        columns += [f"{kind}_{function.stem.partition('_')[2]}" for kind in ("FileName", "PathName")]
        cells += [function.name, str(function.parent)]
    (lab / "by_hand.csv").write_text(f"{','.join(columns)}\n{','.join(cells)}\n")
    alone = by_hand(lab, lab / "JUMP_analysis_v3.cppipe", "--data-file", lab / "by_hand.csv")
    for table in ("Cells.csv", "Nuclei.csv", "Cytoplasm.csv"):
        by_spec = figures(results / "analysis/BR00121482/A01/1" / table)
        assert by_spec == figures(next(alone.rglob(table)))
