"""Which raw files a step knows to be missing."""

import pytest
from tests.provider.engine.planning.lab import SPEC, Lab

from platerunner.engine.planning.raw_files.arrival import not_arrived
from platerunner.spec.steps import Step
from platerunner_unit.contract.storage import Storage

TWO_ARMS = SPEC.replace("  where:", '    barcodes: "bc/{plate}/{well}.tif"\n  where:')
JOINED = TWO_ARMS + """\
  join:
    module: command
    image: base:1
    foreach: [plate, well]
    inputs: {images: dataset.raw, barcodes: dataset.barcodes}
    with: {argv: [join]}
    outputs: {joined: "joined/{plate}/{well}.csv"}
"""  # fmt: skip


def missing(lab: Lab, step: str) -> list[str]:
    found = lab.pipeline.steps[step]
    assert isinstance(found, Step)
    return not_arrived(lab.pipeline, found, lab.context(), Storage(str(lab.images)))


def barcode(lab: Lab, well: str) -> None:
    path = lab.images / "bc" / "P1" / f"{well}.tif"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(well)


def test_nothing_is_missing_of_what_is_complete(lab):
    assert missing(lab, "illum_calc") == missing(lab, "illum_apply") == []


def test_a_step_that_reads_no_raw_files_waits_for_none(lab):
    assert missing(lab, "measure") == []


@pytest.mark.parametrize("step", ["illum_calc", "illum_apply"])
def test_a_file_that_should_be_there_is_missing_for_whoever_gathers_it_too(lab, step):
    (lab.images / "P1" / "A01_s2_ER.tif").unlink()
    assert missing(lab, step) == ["dataset.raw: 1 files, such as P1/A01_s2_ER.tif"]


def test_an_excluded_file_is_not_missing(lab):
    (lab.images / "P1" / "A01_s2_ER.tif").unlink()
    lab.spec = SPEC.replace("  where:", "  exclude: [{well: A01, because: broken}]\n  where:")
    assert missing(lab, "illum_apply") == []


def test_a_well_that_is_asked_for_is_missing_until_it_has_a_file(lab):
    lab.params = {**lab.params, "wells": ["A01", "B07"]}
    assert missing(lab, "illum_apply") == ["dataset.raw: any file with well B07"]
    lab.shoot(wells=["B07"])
    assert missing(lab, "illum_apply") == []


def test_no_file_at_all(lab):
    lab.images.rename(lab.folder / "elsewhere")
    lab.images.mkdir()
    (found,) = missing(lab, "illum_calc")
    assert "there is no file at all" in found


def test_a_unit_that_has_one_input_but_not_the_other(lab):
    lab.spec = JOINED
    barcode(lab, "A01")
    assert missing(lab, "join") == ["dataset.barcodes of plate=P1/well=A02"]
    barcode(lab, "A02")
    assert missing(lab, "join") == []


def test_a_run_of_some_units_waits_for_no_others(lab):
    lab.spec = JOINED
    barcode(lab, "A01")
    lab.asked = {"only": ["well=A01"]}
    assert missing(lab, "join") == []
    (lab.images / "P1" / "A02_s2_ER.tif").unlink()
    assert missing(lab, "illum_apply") == []
    lab.asked = {"only": ["well=A02"]}
    assert missing(lab, "join") == ["dataset.raw: 1 files, such as P1/A02_s2_ER.tif"]
