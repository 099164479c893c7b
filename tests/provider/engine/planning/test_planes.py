"""Files with several planes, in plans: planes that have names are wildcards like all others."""

import pytest
from tests.provider.engine.planning.lab import Lab, states

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}/lab"
dataset:
  root: "{{ data_root }}"
  files:
    raw: {path: "{plate}/{well}.tif", planes: {channel: [DNA, ER], z: all}}
  exclude:
    - {well: A02, channel: ER, because: bleached}
steps:
  project:
    module: imaging.project
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    outputs: {projected: "p/{plate}/{well}_{channel}.tif"}
  illum:
    module: imaging.illum-calc
    foreach: [plate]
    inputs: {images: project.projected}
    outputs: {illum: "illum/{plate}_{channel}.npy"}
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path, SPEC)
    for well in ("A01", "A02"):
        path = lab.images / f"P1/{well}.tif"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(well)
    return lab


def test_named_planes_are_wildcards(lab):
    plans = lab.plan_all()
    first, second = (unit.task for unit in plans["project"].units)
    assert [file.key for file in first.outputs["projected"]] == ["p/P1/A01_DNA.tif", "p/P1/A01_ER.tif"]
    assert [file.key for file in second.outputs["projected"]] == ["p/P1/A02_DNA.tif"]  # the other one is excluded
    assert [(file.key, file.values["channel"]) for file in first.inputs["images"]] == [
        ("P1/A01.tif", "DNA"),
        ("P1/A01.tif", "ER"),
    ]
    step = lab.builder("project")(1)
    assert step.planes == {"images": {"channel": ("DNA", "ER"), "z": None}}
    assert '"planes"' not in lab.builder("illum")(1).to_json().decode()
    assert lab.run() == {"project": ["plate=P1/well=A01", "plate=P1/well=A02"], "illum": ["plate=P1"]}
    assert lab.run() == {"project": [], "illum": []}


def test_another_order_of_channels_is_another_result(lab):
    lab.run()
    lab.spec = SPEC.replace("[DNA, ER]", "[ER, DNA]")
    assert set(lab.run()["project"]) == {"plate=P1/well=A01", "plate=P1/well=A02"}


def test_where_and_foreach_choose_planes(lab):
    lab.spec = SPEC.replace("  exclude:", "  where: {channel: DNA}\n  exclude:").replace(
        "foreach: [plate, well]", "foreach: [plate, well, channel]"
    )
    wells = ["plate=P1/well=A01/channel=DNA", "plate=P1/well=A02/channel=DNA"]
    assert list(states(lab.plan_all()["project"])) == wells
