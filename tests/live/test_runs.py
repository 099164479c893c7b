"""The real CellProfiler through the whole runner: what it makes, and what only its own run shows."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.bench import Bench
from tests.unit.test_cellprofiler import CALC, METADATA, PIPELINES, PLATE, calc_unit, pipeline, plate

from platerunner_unit.contract.manifest import InputFile, LoadData, OpenOutput, OutputFile, ToolFile, UnitTask

pytestmark = pytest.mark.cellprofiler
APPLY = LoadData({"Orig{channel}": "i", "Illum{channel}": "illum"}, METADATA)
# Skips the first image set.
FLAG = """
    Hidden:1
    Hidden:1
    Name the flag's category:Metadata
    Name the flag:QCFlag
    How should measurements be linked?:Flag if any fail
    Skip image set if flagged?:Yes
    Flag is based on:Whole-image measurement
    Select the object to be used for flagging:None
    Which measurement?:ImageNumber
    Flag images based on low values?:Yes
    Minimum value:1.5
    Flag images based on high values?:No
    Maximum value:1.0
    Rules file location:Elsewhere...|
    Rules file name:rules.txt
    Class number:
    Allow fuzzy feature matching?:No
    Ignore flag skips on last cycle?:No
"""


def test_illumination_is_calculated_and_applied(bench: Bench) -> None:
    """Two units in a row: grouped by plate, ``--data-file`` over the pipeline's own, leading zeros, broadcasting."""
    files = plate(bench)
    step = bench.step(tool="cellprofiler", files=pipeline(bench, "illum_calc.cppipe"), load_data=CALC)
    ran = bench.run(step, calc_unit(files))
    assert (ran.code, ran.category) == (0, "succeeded"), ran.stdout.decode()
    assert ran.outcome is not None
    assert ran.outcome.evidence["sets_finished"] == [1, 2]
    assert [module["module"] for module in ran.outcome.modules][-1] == "SaveImages"
    illum = InputFile(
        f"illum/{PLATE}/{PLATE}_IllumDNA.npy", "workspace", None, None, {"plate": PLATE, "channel": "DNA"}
    )
    function = np.load(Path(bench.workspace) / illum.key)
    assert function.shape == (64, 64)
    assert function[32, 32] > 1.1 * function[2, 2]

    corrected = tuple(OutputFile(f"c/{PLATE}/A01/{PLATE}_A01_s{site}_CorrDNA.tiff", {"site": site}) for site in (1, 2))
    unit = UnitTask(
        unit=f"plate={PLATE}/well=A01",
        values={"plate": PLATE, "well": "A01"},
        fingerprint="f2",
        inputs={"i": files, "illum": (illum,)},
        outputs={"corrected": corrected, "image": (OutputFile("m/A01/Image.csv"),)},
    )
    ran = bench.run(bench.step(tool="cellprofiler", files=pipeline(bench, "illum_apply.cppipe"), load_data=APPLY), unit)
    assert ran.category == "succeeded", ran.stdout.decode()
    rows = list(csv.DictReader(io.StringIO(bench.store.get("m/A01/Image.csv").decode())))
    assert [row["Metadata_Site"] for row in rows] == ["1", "2"]
    assert all(bench.store.exists(file.key) for file in corrected)


def test_an_unknown_module_is_found_before_it_is_passed_over(bench: Bench) -> None:
    text = (
        (PIPELINES / "illum_calc.cppipe").read_text().replace("CorrectIlluminationCalculate:[", "MyOwnIllumination:[")
    )
    files = pipeline(bench, "mine.cppipe", text)
    ran = bench.run(bench.step(tool="cellprofiler", files=files, load_data=CALC), calc_unit(plate(bench)))
    assert ran.category == "plugin_missing"
    assert "MyOwnIllumination" in ran.sentence
    assert ran.outcome is not None
    assert ran.outcome.evidence["started"] is False


def test_what_only_cellprofilers_loader_refuses_fails_by_its_log(bench: Bench) -> None:
    """A line is missing in LoadData: nothing tells before the start, and CellProfiler runs on without the module."""
    text = re.sub(r"    Input data file location:.*\n", "", (PIPELINES / "illum_calc.cppipe").read_text())
    ran = bench.run(
        bench.step(tool="cellprofiler", files=pipeline(bench, "mine.cppipe", text), load_data=CALC),
        calc_unit(plate(bench)),
    )
    assert ran.outcome is not None
    assert ran.outcome.evidence["started"] is True
    assert ran.category == "pipeline_invalid"


def test_a_skipped_image_set_names_the_module_that_skipped_it(bench: Bench) -> None:
    blocks = re.split(r"\n(?=\w+:\[module_num)", (PIPELINES / "illum_apply.cppipe").read_text())
    header = blocks[2].splitlines()[0].replace("CorrectIlluminationApply", "FlagImage")
    blocks[2] = re.sub(r"variable_revision_number:\d+", "variable_revision_number:5", header) + FLAG
    text = "\n".join(blocks).replace("Select the image to save:CorrDNA", "Select the image to save:OrigDNA")
    saved = tuple(OutputFile(f"c/{PLATE}_A01_s{site}_CorrDNA.tiff", {"site": site}) for site in (1, 2))
    unit = replace(calc_unit(plate(bench)), outputs={"corrected": saved})
    ran = bench.run(bench.step(tool="cellprofiler", files=pipeline(bench, "flag.cppipe", text), load_data=CALC), unit)
    assert ran.category == "partial", ran.stdout.decode()
    assert "FlagImage skipped 1 of 2 image sets on purpose: image set 1 (" in ran.sentence
    allowed = bench.step(
        tool="cellprofiler", files=pipeline(bench, "flag.cppipe", text), load_data=CALC, allow_flagged=True
    )
    some = {"corrected": OpenOutput(f"c/{PLATE}_A01_s{{site}}_CorrDNA.tiff")}
    ran = bench.run(allowed, replace(unit, outputs={}, open_outputs=some, fingerprint="f9"))
    assert ran.category == "succeeded", ran.stdout.decode()
    assert ran.outcome is not None
    assert [record.key for record in ran.outcome.outputs] == [f"c/{PLATE}_A01_s2_CorrDNA.tiff"]
    assert "FlagImage skipped, as the spec allows: image set 1 (" in ran.outcome.verdict.notes[0]


def test_a_plugin_that_never_ends_after_its_work_is_ended(bench: Bench) -> None:
    """A thread left over keeps CellProfiler alive forever after ``Complete``."""
    plugin = (PIPELINES / "lingering.py").read_bytes()
    bench.store.put("files/lingering.py", plugin)
    own = ToolFile("files/lingering.py", "lingering.py", hashlib.sha256(plugin).hexdigest())
    files = {**pipeline(bench, "lingering.cppipe"), "plugins": (own,)}
    bench.environ["PLATERUNNER_LINGER"] = "2"
    ran = bench.run(bench.step(tool="cellprofiler", files=files, load_data=CALC), calc_unit(plate(bench)))
    assert ran.category == "succeeded", ran.stdout.decode()
    assert ran.outcome is not None
    assert ran.outcome.evidence["stopped_by"] == "after_complete"
    assert ran.outcome.verdict.notes
