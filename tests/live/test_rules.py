"""Pipelines that make their image sets by rules of their own, and what would end a run before its work."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.unit.bench import Bench, Ran, folder_bench

from platerunner_unit.contract.manifest import InputFile, LoadData, OutputFile, ToolFile, UnitTask

pytestmark = pytest.mark.cellprofiler
PIPELINES = Path(__file__).parents[1] / "data" / "cppipe"
BATCH = """
CreateBatchFiles:[module_num:7|svn_version:'Unknown'|variable_revision_number:8|show_window:False|notes:[]|enabled:True]
    Store batch files in default output folder?:Yes
    Output folder path:Elsewhere...|
    Are the cluster computers running Windows?:No
    Hidden- in batch mode:No
    Hidden- in distributed mode:No
    Hidden- default input folder at time of save:/home/somebody
    Hidden- revision number:0
    Hidden- from old matlab:No
    Local root path:/home/somebody
    Cluster root path:/home/somebody
"""


def tool_files(bench: Bench, text: str) -> dict[str, tuple[ToolFile, ...]]:
    content = text.encode()
    bench.store.put("files/p.cppipe", content)
    return {"pipeline": (ToolFile("files/p.cppipe", "p.cppipe", hashlib.sha256(content).hexdigest()),)}


def image(bench: Bench, name: str, level: float) -> InputFile:
    """An even image, whose mean tells which file it was."""
    path = Path(bench.data) / name
    tifffile.imwrite(path, np.full((32, 32), round(level * 65535), np.uint16))
    found = re.fullmatch(r"(?P<well>\w\d\d)_s(?P<site>\d)_(?P<channel>\w+)\.tif", name)
    return InputFile(name, "data", path.stat().st_size, "e", found.groupdict() if found else {})


def run(bench: Bench, text: str, files: tuple[InputFile, ...], load_data: LoadData | None = None) -> Ran:
    outputs = {"image": (OutputFile("t/Image.csv"),)}
    unit = UnitTask("plate=P1", {"plate": "P1"}, "f1", inputs={"i": files}, outputs=outputs)
    return bench.run(bench.step(tool="cellprofiler", files=tool_files(bench, text), load_data=load_data), unit)


def rows(bench: Bench) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(bench.store.get("t/Image.csv").decode())))


def plate(bench: Bench, *names: str) -> tuple[InputFile, ...]:
    return tuple(image(bench, name, 0.1 * (i + 1)) for i, name in enumerate(names))


def test_the_pipelines_own_rules_decide_and_the_outcome_says_so(bench: Bench) -> None:
    files = plate(bench, "A01_s1_DNA.tif", "A01_s1_GFP.tif", "B02_s1_DNA.tif", "B02_s1_GFP.tif", "B02_s1_RNA.tif")
    text = (PIPELINES / "rules_metadata.cppipe").read_text().replace("ModuleCount:6", "ModuleCount:7")
    ran = run(bench, text + BATCH, files)
    assert ran.category == "succeeded", ran.stdout.decode()
    assert ran.outcome is not None
    evidence = ran.outcome.evidence
    assert evidence["sets_asked"] == evidence["sets_started"] == evidence["sets_finished"] == [1, 2]
    assert dict(evidence["set_labels"])[2] == "Site 1, Well B02"
    notes = ran.outcome.verdict.notes
    assert any("CreateBatchFiles (module 7) was disabled in the copy of the pipeline that ran" in n for n in notes)
    assert any("made 2 image sets of 5 files; the spec had no say in it" in note for note in notes)
    assert "In no image set: B02_s1_RNA.tif." in notes
    assert [row["Metadata_Well"] for row in rows(bench)] == ["A01", "B02"]
    means = [float(row["Intensity_MeanIntensity_GFP"]) for row in rows(bench)]
    assert means == pytest.approx([0.2, 0.4], abs=1e-3)


def test_an_image_set_without_its_partner_is_lost_work(bench: Bench) -> None:
    files = plate(bench, "A01_s1_DNA.tif", "A01_s1_GFP.tif", "A01_s2_DNA.tif")
    ran = run(bench, (PIPELINES / "rules_metadata.cppipe").read_text(), files)
    assert ran.category == "input_missing"
    assert "A01 / 2 was dropped" in ran.sentence


def test_files_that_no_rule_takes(bench: Bench) -> None:
    ran = run(bench, (PIPELINES / "rules_metadata.cppipe").read_text(), plate(bench, "A01_s1_RNA.tif"))
    assert ran.category == "nothing_matched"
    assert ran.sentence == "The pipeline's own rules made no image set of the 1 file that it was given: A01_s1_RNA.tif."


def test_matching_by_order_that_pairs_other_sites_is_said(bench: Bench) -> None:
    """One file of each channel is missing, so that the counts agree: CellProfiler itself has nothing to say."""
    there = ("s1_DNA", "s1_GFP", "s2_DNA", "s3_GFP", "s4_DNA", "s4_GFP")
    files = plate(bench, *(f"A01_{each}.tif" for each in there))
    ran = run(bench, (PIPELINES / "rules_order.cppipe").read_text(), files)
    assert ran.category == "succeeded", ran.stdout.decode()
    assert ran.outcome is not None
    expected = "Image sets of files that do not belong together by the spec: 2 (site 2 and 3)."
    assert expected in ran.outcome.verdict.notes


@pytest.mark.parametrize("name", ["A 01 #1%20_s1_DNA .tif", "Ümläut_s1_DNA.tif"])
def test_names_that_a_list_or_a_url_would_spoil(bench: Bench, name: str) -> None:
    text = (PIPELINES / "rules_order.cppipe").read_text().replace("_DNA.", "_DNA")
    ran = run(bench, text, plate(bench, name, name.replace("DNA", "_GFP.")))
    assert ran.category == "succeeded", ran.stdout.decode()
    assert rows(bench)[0]["FileName_DNA"] == name


def test_with_load_data_such_a_pipeline_is_refused(tmp_path: Path) -> None:
    bench = folder_bench(tmp_path, PLATERUNNER_CELLPROFILER="/never/started")
    mapping = LoadData({"{channel}": "i"}, {"Well": "well", "Site": "site"})
    files = plate(bench, "A01_s1_DNA.tif", "A01_s1_GFP.tif")
    ran = run(bench, (PIPELINES / "rules_metadata.cppipe").read_text(), files, mapping)
    assert ran.category == "pipeline_invalid"
    assert "reads its images by NamesAndTypes and not by LoadData, so that `load_data` has no effect" in ran.sentence


def test_create_batch_files_does_not_end_a_run_by_load_data(bench: Bench) -> None:
    text = (PIPELINES / "illum_apply.cppipe").read_text()
    count = len(re.findall(r"(?m)^\w+:\[", text))
    batch = BATCH.replace("module_num:7", f"module_num:{count + 1}")
    text = re.sub(r"ModuleCount:\d+", f"ModuleCount:{count + 1}", text) + batch
    files = plate(bench, "A01_s1_DNA.tif", "A01_s1_Illum.tif")
    mapping = LoadData({"OrigDNA": "dna", "IllumDNA": "illum"}, {"Plate": "plate", "Well": "well", "Site": "site"})
    unit = UnitTask(
        "plate=P1", {"plate": "P1"}, "f1", inputs={"dna": files[:1], "illum": files[1:]},
        outputs={"image": (OutputFile("t/Image.csv"),)},
    )  # fmt: skip
    step = bench.step(tool="cellprofiler", files=tool_files(bench, text), load_data=mapping)
    ran = bench.run(step, unit)
    assert ran.category == "succeeded", ran.stdout.decode()
    assert ran.outcome is not None
    assert ran.outcome.evidence["asks"] == "image_sets"
    assert f"CreateBatchFiles (module {count + 1}) was disabled" in " ".join(ran.outcome.verdict.notes)
