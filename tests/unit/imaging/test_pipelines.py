"""The .cppipe files of the specs: whole, and about the images that the specs name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "dag_specs" / "pipelines"
PIPELINES = sorted(FOLDER.rglob("*.cppipe"))
DYES = ("DNA", "ER", "RNA", "AGP", "Mito")
NEEDS = {
    "cell_painting/illum": {f"Orig{dye}" for dye in DYES},
    "cell_painting/apply": {f"{kind}{dye}" for kind in ("Orig", "Illum") for dye in DYES},
    "cell_painting/segcheck": {"CorrDNA", "CorrRNA", "CorrMito"},
    "cell_painting/analysis": {f"Corr{dye}" for dye in DYES},
    "demo_illum_calc": {"OrigDNA", "OrigGFP"},
    "demo_illum_apply": {"OrigDNA", "OrigGFP", "IllumDNA", "IllumGFP"},
    "demo_measure": {"CorrDNA", "CorrGFP"},
    "illumination_calc": {"Origd2"},
    "illumination_apply": {"Origd2", "Illumd2"},
    "illumination_measure": {"Corrd2"},
}


def name_of(path):
    return path.relative_to(FOLDER).with_suffix("").as_posix()


def test_all_are_here():
    assert {name_of(path) for path in PIPELINES} == set(NEEDS)


@pytest.mark.parametrize("path", PIPELINES, ids=name_of)
def test_blocks_and_images(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^(\w+):\[module_num:(\d+)\|.*enabled:True", text, re.MULTILINE)
    assert f"ModuleCount:{len(blocks)}\n" in text
    assert [int(number) for _, number in blocks] == list(range(1, len(blocks) + 1))
    assert blocks[0][0] == "LoadData"
    what = r"the input image|the illumination function|images to measure|the image to be colored \w+"
    read = re.findall(rf"    Select (?:{what}):(?!Leave)(.+)", text)
    made = set(re.findall(r"    Name the output image:(.+)", text))
    assert {name for names in read for name in names.split(", ")} - made == NEEDS[name_of(path)]
