import subprocess
import sys
from pathlib import Path

import pytest

from platerunner.catalog.loader import CatalogError, load_catalog, loaded
from platerunner.catalog.reference import page
from platerunner_unit import cytomining
from platerunner_unit.cytomining.__main__ import PROGRAMS

MODULE = """version: 1
modules:
  lab.crop:
    title: Crop
    description: Crops.
    tool: command
    image: lab/crop:1.0
    argv: [crop, "{unit}"]
    parameters:
      size: {type: integer, default: 100, minimum: 1, description: Side in pixels.}
      channel: {type: string, enum: [DNA, ER], description: Which one.}
    inputs:
      images: {description: Images.}
    outputs:
      tiles: {required: false, description: Tiles.}
    resources: {vcpus: 2, memory: 3 GiB, timeout: 5 min}
"""

PCPIP = {  # MB, GB, seconds
    "pcpip.cp-illum-calc": (7_500, 22, 7_200),
    "pcpip.cp-illum-apply": (30_000, 350, 43_200),
    "pcpip.cp-segcheck": (15_000, 22, 1_800),
    "pcpip.cp-stitch-crop": (31_000, 400, 43_200),
    "pcpip.bc-illum-calc": (7_500, 200, 10_800),
    "pcpip.bc-illum-apply": (30_000, 800, 43_200),
    "pcpip.bc-preprocess": (30_000, 800, 7_200),
    "pcpip.bc-stitch-crop": (31_000, 800, 10_800),
    "pcpip.analysis": (62_500, 60, 28_800),
}


def load(tmp_path, text, name="modules.yaml"):
    (tmp_path / name).write_text(text)
    loaded.cache_clear()
    return load_catalog(tmp_path)


def test_the_shipped_modules():
    assert set(load_catalog()) == {
        "cellprofiler",
        "command",
        "cytomining.convert",
        "cytomining.flag",
        "cytomining.profiles",
        "cytomining.report",
        "cytomining.select",
        "em.consolidate",
        "association.batches",
        "association.plink",
        "association.report",
        "em.load-ebi",
        "em.load-epfl",
        "em.load-flyem",
        "em.load-idr",
        "em.load-openorganelle",
        "fiji.macro",
        "fiji.stitch-crop",
        "python.script",
        "imaging.illum-apply",
        "imaging.illum-calc",
        "imaging.montage",
        "imaging.plate-report",
        "imaging.project",
        "imaging.segment-measure",
        "regenie",
        "snakemake",
        *PCPIP,
    }


@pytest.mark.parametrize("name", PCPIP)
def test_the_nine_steps_of_pcpip_ask_for_what_production_uses(name):
    resources = load_catalog()[name].resources
    assert (resources.memory / 1e6, resources.disk / 1e9, resources.timeout) == PCPIP[name]


IMAGING = {module.argv[1]: module for module in load_catalog().values() if module.argv[:1] == ("platerunner-imaging",)}


@pytest.mark.parametrize("name", IMAGING)
def test_every_imaging_module_is_a_program_that_is_there(name):
    module = IMAGING[name]
    assert module.argv == ("platerunner-imaging", name, "{unit}")
    command = [sys.executable, "-m", "platerunner_unit.imaging", *module.argv[1:2], "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert name in done.stdout


@pytest.mark.parametrize("name", ["convert", "flag", "profiles", "report", "select"])
def test_every_profiling_module_is_a_program_that_is_there(name):
    program = "platerunner-cosmicqc" if name == "flag" else "platerunner-cytomining"
    assert load_catalog()[f"cytomining.{name}"].argv == (program, name, "{unit}")
    assert name in PROGRAMS
    assert Path(cytomining.__file__).with_name(f"{name}.py").is_file()


def test_a_folder_of_ones_own(tmp_path):
    module = load(tmp_path, MODULE)["lab.crop"]
    assert (module.image, module.argv, module.tool) == ("lab/crop:1.0", ("crop", "{unit}"), "command")
    assert (module.parameters["size"].default, module.parameters["size"].minimum) == (100, 1)
    assert module.parameters["channel"].enum == ("DNA", "ER")
    assert (module.inputs["images"].required, module.outputs["tiles"].required) == (True, False)
    assert (module.resources.memory, module.resources.timeout, module.resources.capacity) == (3 * 1024**3, 300, "spot")
    assert "cellprofiler" in load_catalog(tmp_path)


def test_a_module_of_ones_own_replaces_a_shipped_one(tmp_path):
    assert load(tmp_path, MODULE.replace("lab.crop", "cellprofiler"))["cellprofiler"].title == "Crop"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "tool: command",
            "tool: comand",
            "4:5|6:11: `modules.lab.crop.tool` cannot be `comand`. Did you mean `command`?",
        ),
        ("    title: Crop\n", "", "3:3: `modules.lab.crop` has no `title`"),
        ("memory: 3 GiB", "memory: 3", "`3` has no unit. Write `3 GiB`"),
        ("default: 100", "default: 0", "the default of `size` should be at least 1"),
        ("default: 100", "default: big", "the default of `size` should be a whole number"),
        ('    argv: [crop, "{unit}"]\n', "", "3:3: a command without `argv`"),
        ("tool: command", "tool: cellprofiler", "CellProfiler's command line is made by the runner"),
        ("lab.crop:", "Lab Crop:", "`Lab Crop` is not usable as a name"),
        (
            "type: integer",
            "type: int",
            "`modules.lab.crop.parameters.size.type` cannot be `int`. Did you mean `integer`?",
        ),
        ("version: 1", "version: 2", "`version` is `2`"),
        ("modules:", "moduls:", "unknown key `moduls` in the file. Did you mean `modules`?"),
        ("    tool", "\ttool", "a tab indents this line"),
    ],
)
def test_errors_have_places_and_remedies(tmp_path, old, new, message):
    with pytest.raises(CatalogError) as raised:
        load(tmp_path, MODULE.replace(old, new))
    assert message.split("|")[-1] in str(raised.value)
    assert str(tmp_path / "modules.yaml") in str(raised.value)


def test_two_files_with_the_same_module(tmp_path):
    (tmp_path / "a.yaml").write_text(MODULE)
    with pytest.raises(CatalogError, match=r"b\.yaml:3:3: another file of this folder has the module `lab\.crop`"):
        load(tmp_path, MODULE, "b.yaml")


def test_an_empty_folder(tmp_path):
    with pytest.raises(CatalogError, match="no catalog file is in this folder"):
        load_catalog(tmp_path / "nowhere")


def test_a_variable_names_a_labs_own_folders(tmp_path, monkeypatch):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "lab.yaml").write_text(MODULE.replace("lab.crop", f"lab.{name}"))
    monkeypatch.setenv("PLATERUNNER_CATALOG", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    assert {"lab.a", "lab.b", "command"} <= set(load_catalog())
    monkeypatch.delenv("PLATERUNNER_CATALOG")
    assert "lab.a" not in load_catalog()


def test_the_reference_page_is_up_to_date():
    path = Path(__file__).parents[3] / "docs" / "reference" / "modules.md"
    assert path.read_text() == page(), "run: make docs"
