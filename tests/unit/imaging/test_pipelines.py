"""The .cppipe files of the specs: whole, and about the images that the specs name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PIPELINES = sorted((Path(__file__).parents[3] / "dag_specs" / "pipelines").glob("*.cppipe"))
NEEDS = {
    "demo_illum_calc": {"OrigDNA", "OrigGFP"},
    "demo_illum_apply": {"OrigDNA", "OrigGFP", "IllumDNA", "IllumGFP"},
    "demo_measure": {"CorrDNA", "CorrGFP"},
    "illumination_calc": {"Origd2"},
    "illumination_apply": {"Origd2", "Illumd2"},
    "illumination_measure": {"Corrd2"},
}


def test_all_are_here():
    assert {path.stem for path in PIPELINES} == set(NEEDS)


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_blocks_and_images(path):
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"^(\w+):\[module_num:(\d+)\|.*enabled:True", text, re.MULTILINE)
    assert f"ModuleCount:{len(blocks)}\n" in text
    assert [int(number) for _, number in blocks] == list(range(1, len(blocks) + 1))
    assert blocks[0][0] == "LoadData"
    read = re.findall(r"    Select (?:the input image|the illumination function|images to measure):(.+)", text)
    made = set(re.findall(r"    Name the output image:(.+)", text))
    assert {name for names in read for name in names.split(", ")} - made == NEEDS[path.stem]
