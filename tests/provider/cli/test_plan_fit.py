"""`platerunner plan` looks into pipelines with the files that are there: what a spec alone cannot tell."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from platerunner.cli import app

CPPIPE = Path(__file__).parents[2] / "data" / "cppipe"
SPEC = """\
version: 1
pipeline: cells
workspace: "{{ workspace_root }}/cells"
params: {version: {type: string, default: measure}}
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}_s{site:int}_{channel}.tif"}
steps:
  measure:
    module: cellprofiler
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    with: {pipeline: "{{ params.version }}.cppipe"}
    load_data: {images: {"Orig{channel}": images}, metadata: [plate, well, site]}
    outputs: {image: "m/{plate}/{well}/Image.csv"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(CPPIPE / "names.cppipe", tmp_path / "measure.cppipe")
    shutil.copy(CPPIPE / "rules_metadata.cppipe", tmp_path / "rules.cppipe")
    for name in ("P1/A01_s1_DNA.tif", "P1/A01_s2_DNA.tif", "P1/A02_s1_DNA.tif"):
        (tmp_path / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "data" / name).write_bytes(b"x")
    (tmp_path / "cells.yaml").write_text(SPEC)
    return tmp_path


def plan(folder: Path, *args: str) -> Result:
    roots = ("--data-root", str(folder / "data"), "--workspace-root", str(folder / "ws"))
    return CliRunner().invoke(app, ["plan", str(folder / "cells.yaml"), *roots, *args])


def rename_images(folder: Path, channel: str) -> None:
    for path in sorted((folder / "data").rglob("*_DNA.tif")):
        path.rename(path.with_name(path.name.replace("DNA", channel)))


def test_a_pipeline_that_fits_the_files(folder: Path) -> None:
    result = plan(folder)
    assert result.exit_code == 0, result.output


def test_a_template_that_names_a_pipeline_with_rules_of_its_own(folder: Path) -> None:
    result = plan(folder, "-P", "version=rules")
    assert result.exit_code == 2
    assert "measure, plate=P1/well=A01: rules.cppipe reads its images by NamesAndTypes and not" in result.stderr
    assert "measure: 0 done" in result.stdout


def test_channels_that_go_by_other_names_than_the_pipeline_wants(folder: Path) -> None:
    rename_images(folder, "DAPI")
    result = plan(folder)
    assert result.exit_code == 2
    assert "OrigDNA" in result.stderr


def test_several_files_for_one_name(folder: Path) -> None:
    shutil.copy(folder / "data/P1/A01_s1_DNA.tif", folder / "data/P1/A01_s1_GFP.tif")
    (folder / "cells.yaml").write_text(SPEC.replace('"Orig{channel}"', "OrigDNA"))
    result = plan(folder)
    assert result.exit_code == 2
    assert "both want the LoadData column `OrigDNA`" in result.stderr
    assert "differs. Put `{channel}`, which tells the two apart, into `load_data`" in result.stderr


def test_units_of_other_pipelines_are_looked_at_each(folder: Path) -> None:
    more = "    overrides:\n      - {where: {well: A02}, with: {pipeline: '{{ params.version }}2.cppipe'}}\n"
    (folder / "cells.yaml").write_text(SPEC + more)
    shutil.copy(folder / "rules.cppipe", folder / "measure2.cppipe")
    result = plan(folder)
    assert result.exit_code == 2
    assert "well=A01" not in result.stderr
    assert "measure, plate=P1/well=A02: measure2.cppipe reads its images by NamesAndTypes" in result.stderr


def test_a_range_that_leaves_rows_out(folder: Path) -> None:
    path = folder / "measure.cppipe"
    text = path.read_text().replace("Process just a range of rows?:No", "Process just a range of rows?:Yes")
    path.write_text(text.replace("Rows to process:1,100000", "Rows to process:1,1"))
    result = plan(folder)
    assert result.exit_code == 2
    assert "processes the rows 1 to 1 of 2 alone" in result.stderr
