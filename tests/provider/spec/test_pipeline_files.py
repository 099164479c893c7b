"""CellProfiler pipelines beside a spec: what `validate` finds in them, and where it says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from platerunner.documents.problems import Problem
from platerunner.spec.loader import load_pipeline
from platerunner.spec.problems import SpecError

CPPIPE = Path(__file__).parents[2] / "data" / "cppipe"
SPEC = """\
version: 1
pipeline: cells
workspace: "{{ workspace_root }}/cells"
params: {version: {type: string, default: measure}}
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}_s{site:int}_{channel}.tif", illum: "{plate}_Illum{channel}.npy"}
steps:
  measure:
    module: cellprofiler
    foreach: [plate, well]
    inputs: {images: dataset.raw, illum: dataset.illum}
    with: {pipeline: measure.cppipe}
    load_data: {images: {"Orig{channel}": images, "Illum{channel}": illum}, metadata: [plate, well, site]}
    outputs: {image: "m/{plate}/{well}/Image.csv"}
"""
MAPPING = '    load_data: {images: {"Orig{channel}": images, "Illum{channel}": illum}, metadata: [plate, well, site]}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(CPPIPE / "illum_apply.cppipe", tmp_path / "measure.cppipe")
    shutil.copy(CPPIPE / "rules_metadata.cppipe", tmp_path / "rules.cppipe")
    return tmp_path


def check(folder: Path, spec: str = SPEC) -> list[Problem]:
    (folder / "cells.yaml").write_text(spec)
    try:
        load_pipeline(folder / "cells.yaml", look_into_files=True)
    except SpecError as error:
        return list(error.problems)
    return []


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "measure.cppipe"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def test_a_pipeline_that_fits(folder: Path) -> None:
    assert check(folder) == []


def test_rendering_does_not_look(folder: Path) -> None:
    (folder / "measure.cppipe").write_bytes(b"")
    (folder / "cells.yaml").write_text(SPEC)
    assert load_pipeline(folder / "cells.yaml").name == "cells"
    assert check(folder)


@pytest.mark.parametrize("mapping", [MAPPING, ""])
@pytest.mark.parametrize(
    "content",
    [
        b"", b"  \n", b"\x89PNG\r\n\x1a\n", b"hello\n", b"\xff\xfe\x00", b"{}", b"<!DOCTYPE html>\n<html>",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:403\nsize 12\n", b"PK\x03\x04", b"\0" * 99,
    ],
)  # fmt: skip
def test_what_is_no_pipeline(folder: Path, content: bytes, mapping: str) -> None:
    (folder / "measure.cppipe").write_bytes(content)
    (problem,) = check(folder, SPEC.replace(MAPPING, mapping))
    assert (problem.line, problem.column) == (13, 22)
    assert "measure.cppipe" in problem.message
    assert problem.remedy


def test_rules_of_its_own_and_load_data(folder: Path) -> None:
    (problem,) = check(folder, SPEC.replace("measure.cppipe", "rules.cppipe"))
    assert (problem.line, problem.column) == (13, 22)
    assert "by NamesAndTypes and not by LoadData, so that `load_data` has no effect (line " in problem.message
    assert "`platerunner loaddata rules.cppipe`" in problem.remedy
    assert check(folder, SPEC.replace("measure.cppipe", "rules.cppipe").replace(MAPPING, "")) == []


def test_the_line_is_the_modules_own(folder: Path) -> None:
    (problem,) = check(folder, SPEC.replace("measure.cppipe", "rules.cppipe"))
    lines = (folder / "rules.cppipe").read_text().splitlines()
    number = next(i for i, line in enumerate(lines, 1) if line.startswith("NamesAndTypes:"))
    assert f"(line {number} of rules.cppipe)" in problem.message


def test_load_data_for_a_pipeline_without_it(folder: Path) -> None:
    text = (folder / "measure.cppipe").read_text()
    head, _, rest = text.partition("LoadData:[")
    (folder / "measure.cppipe").write_text(f"{head}LoadData:[{rest.replace('enabled:True', 'enabled:False', 1)}")
    (problem,) = check(folder)
    assert "measure.cppipe has no LoadData that is enabled" in problem.message


def test_no_load_data_for_a_pipeline_that_reads_by_it(folder: Path) -> None:
    (problem,) = check(folder, SPEC.replace(MAPPING, ""))
    assert problem.line == 10
    assert problem.message.startswith("CellProfiler needs `load_data` to find its images")


def test_a_name_that_no_column_can_become(folder: Path) -> None:
    (problem,) = check(folder, SPEC.replace('"Orig{channel}": images', '"Raw{channel}": images'))
    assert "OrigDNA" in problem.message
    assert 'Name it in `load_data`, as "OrigDNA"' in problem.remedy
    assert problem.line == 14


@pytest.mark.parametrize("metadata", ["[plate, site]", "{Plate: plate, Site: site, Brunnen: well}"])
def test_metadata_that_is_not_given(folder: Path, metadata: str) -> None:
    (problem,) = check(folder, SPEC.replace("[plate, well, site]}", f"{metadata}}}"))
    assert (problem.line, problem.column) == (14, 16)
    assert 'needs the metadata "Well" (setting "Enter single file name")' in problem.message


def test_metadata_that_is_given_in_other_letters(folder: Path) -> None:
    (problem,) = check(folder, SPEC.replace("[plate, well, site]}", "{Plate: plate, Site: site, well: well}}"))
    assert problem.remedy.startswith("Capitals count: `load_data: metadata` gives Plate, Site, well. Name it as in")
    assert check(folder, SPEC.replace("[plate, well, site]}", "{Plate: plate, Site: site, Well: well}}")) == []


def test_a_part_of_the_rows_alone(folder: Path) -> None:
    edit(folder, "Process just a range of rows?:No", "Process just a range of rows?:Yes")
    edit(folder, "Rows to process:1,100000", "Rows to process:1,5")
    (problem,) = check(folder)
    assert 'processes the rows 1 to 5 alone: its setting "Process just a range of rows?" is Yes' in problem.message


@pytest.mark.parametrize(
    "place", ["Elsewhere...|/home/somebody", "Default Input Folder|", "Default Input Folder sub-folder|a"]
)
def test_tables_that_nobody_would_find(folder: Path, place: str) -> None:
    text = (folder / "measure.cppipe").read_text()
    head, _, rest = text.rpartition("Output file location:")
    (folder / "measure.cppipe").write_text(f"{head}Output file location:{place}\n" + rest.partition("\n")[2])
    (problem,) = check(folder)
    assert f'writes to "{place}" (setting "Output file location"), outside the output folder' in problem.message


def test_a_prefix_that_the_spec_does_not_expect(folder: Path) -> None:
    edit(folder, "Add a prefix to file names?:No", "Add a prefix to file names?:Yes")
    (problem,) = check(folder)
    assert 'puts "MyExpt_" before its names (setting "Filename prefix"), and Image.csv is expected' in problem.message
    assert check(folder, SPEC.replace("/Image.csv", "/MyExpt_Image.csv")) == []
    assert check(folder, SPEC.replace("/Image.csv", "/{plate}_Image.csv")) == []
    assert (
        check(
            folder,
            SPEC.replace('"m/{plate}/{well}/Image.csv"', '{path: "m/{plate}/{well}/I.csv", from: MyExpt_Image.csv}'),
        )
        == []
    )


def test_what_a_template_names_is_left_for_the_plan(folder: Path) -> None:
    assert check(folder, SPEC.replace("measure.cppipe", '"{{ params.version }}.cppipe"')) == []
    assert check(folder, SPEC.replace("measure.cppipe", '"{{ params.version }}.cppipe"').replace(MAPPING, "")) == []


def test_another_pipeline_for_some_units(folder: Path) -> None:
    (problem,) = check(
        folder, f"{SPEC}    overrides:\n      - {{where: {{plate: P7}}, with: {{pipeline: rules.cppipe}}}}\n"
    )
    assert problem.line == 17
    assert "by NamesAndTypes and not by LoadData" in problem.message


def test_the_members_of_a_matrix(folder: Path) -> None:
    spec = SPEC.replace("    foreach:", "    matrix: {how: [measure, rules]}\n    foreach:")
    spec = spec.replace("measure.cppipe", '"{matrix.how}.cppipe"').replace('"m/', '"m/{matrix.how}/')
    assert [("rules.cppipe" in problem.message, problem.line) for problem in check(folder, spec)] == [(True, 14)]


def test_faults_of_the_spec_itself_come_first(folder: Path) -> None:
    (folder / "measure.cppipe").write_bytes(b"")
    (problem,) = check(folder, SPEC.replace("images: dataset.raw", "images: dataset.row"))
    assert "measure.cppipe" not in problem.message
