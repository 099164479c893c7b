"""The tool ``cellprofiler``: its command line and environment. tests/live has the real program."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from tests.unit.bench import Bench, folder_bench

from platerunner_unit.contract.manifest import InputFile, LoadData, OutputFile, StepTask, ToolFile, UnitTask
from platerunner_unit.tools.cellprofiler import CellProfiler
from platerunner_unit.tools.job import Job, Settings, WorkFolder

PIPELINES = Path(__file__).parents[1] / "data" / "cppipe"
PLATE = "0512"  # CellProfiler of its own reads this as the number 512
METADATA = {"Plate": "plate", "Well": "well", "Site": "site"}
CALC = LoadData({"Orig{channel}": "i"}, METADATA)


def pipeline(bench: Bench, name: str, text: str | None = None) -> dict[str, tuple[ToolFile, ...]]:
    """Put a pipeline into the workspace as a submission would."""
    content = (text or (PIPELINES / name).read_text()).encode()
    bench.store.put(f"files/{name}", content)
    return {"pipeline": (ToolFile(f"files/{name}", name, hashlib.sha256(content).hexdigest()),)}


def plate(bench: Bench, sites: int = 2) -> tuple[InputFile, ...]:
    """A well of small images, brighter in the middle."""
    y, x = np.mgrid[:64, :64]
    vignette = 1 - ((y - 32) ** 2 + (x - 32) ** 2) / 4096
    files = []
    for site in range(1, sites + 1):
        noise = np.random.default_rng(site).uniform(0.5, 1, (64, 64))
        path = Path(bench.data) / f"A01_s{site}_DNA.tif"
        tifffile.imwrite(path, (vignette * noise * 40_000).astype(np.uint16))
        values = {"plate": PLATE, "well": "A01", "site": site, "channel": "DNA"}
        files.append(InputFile(path.name, "data", path.stat().st_size, "e", values))
    return tuple(files)


def calc_unit(files: tuple[InputFile, ...]) -> UnitTask:
    illum = OutputFile(f"illum/{PLATE}/{PLATE}_IllumDNA.npy", {"plate": PLATE, "channel": "DNA"})
    return UnitTask(f"plate={PLATE}", {"plate": PLATE}, "f1", inputs={"i": files}, outputs={"illum": (illum,)})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    step = StepTask("p", "r1", "s", 1, "cellprofiler", "cellprofiler", {}, load_data=CALC)
    file = ToolFile("k", "illum_calc.cppipe", "")
    unit = calc_unit(
        (InputFile("A01.tif", "data", 1, "e", {"plate": PLATE, "well": "A01", "site": 1, "channel": "DNA"}),)
    )
    folder = WorkFolder.create(tmp_path / "work", "f1")
    (folder.tool / "pipeline").mkdir()
    (folder.tool / "pipeline" / file.name).write_bytes((PIPELINES / file.name).read_bytes())
    return Job(replace(step, files={"pipeline": (file,)}), unit, folder, Settings())


def plugins(tool: CellProfiler, job: Job) -> list[str]:
    """What is in the folder that CellProfiler looks into."""
    option = tool.command(job)[-1]
    assert option.startswith("--plugins-directory=")
    return sorted(file.name for file in Path(option.partition("=")[2]).iterdir() if file.read_bytes())


def test_the_command_line(job: Job) -> None:
    tool = CellProfiler()
    assert tool.prepare(job) == ()
    argv = tool.command(job)
    assert argv[:3] == ["cellprofiler", "-c", "-r"]
    options = dict(zip(argv[3:-1:2], argv[4:-1:2], strict=True))
    root = job.folder.root
    assert options["-p"] == str(root / "tool/pipeline/illum_calc.cppipe")
    assert {options[o] for o in ("-i", "-o", "-t", "-d")} == {str(root / n) for n in ("in", "out", "tmp", "done.txt")}
    assert Path(options["--data-file"]).read_text().splitlines()[0].startswith("FileName_OrigDNA,PathName_OrigDNA,")
    assert "-L" not in argv
    assert tool.evidence(job)["sets_asked"] == (1,)
    assert tool.evidence(job)["modules_enabled"][-1] == ("SaveImages", 3)


BY_FILES = """CellProfiler Pipeline: http://www.cellprofiler.org
Version:5
DateRevision:428
GitHash:
ModuleCount:2
HasImagePlaneDetails:False

Metadata:[module_num:1|svn_version:'Unknown'|variable_revision_number:6|show_window:False|notes:[]|enabled:True]
    Extract metadata?:{extract}
    Metadata extraction method:{method}

NamesAndTypes:[module_num:2|svn_version:'Unknown'|variable_revision_number:8|show_window:False|notes:[]|enabled:True]
    Process as 3D?:{volumes}
"""


@pytest.mark.parametrize(
    ("extract", "method", "volumes", "flat"),
    [
        ("No", "Extract from file/folder names", "No", True),
        ("Yes", "Extract from file/folder names", "No", True),
        ("No", "Extract from image file headers", "No", True),
        ("Yes", "Extract from image file headers", "No", False),
        ("No", "Extract from file/folder names", "Yes", False),
    ],
)
def test_a_pipeline_that_finds_files_itself_may_read_stacks_if_it_says_so(
    job: Job, extract: str, method: str, volumes: str, *, flat: bool
) -> None:
    (file,) = job.tool_files("pipeline")
    file.write_text(BY_FILES.format(extract=extract, method=method, volumes=volumes))
    listed = replace(job, step=replace(job.step, load_data=None))
    tool = CellProfiler()
    tool.prepare(listed)
    assert set(tool.flat(listed)) == (set(job.inputs.values()) if flat else set())


def test_a_stale_done_file_is_cleared(job: Job) -> None:
    (job.folder.root / "done.txt").write_text("Complete\n")
    tool = CellProfiler()
    assert tool.complete(job)
    tool.prepare(job)
    assert not tool.complete(job)


def test_an_images_plugins_are_given_to_pipelines_that_use_one(job: Job, tmp_path: Path) -> None:
    (tmp_path / "community").mkdir()
    (tmp_path / "community" / "mine.py").write_text('class Mine(Module):\n    module_name = "MyModule"\n')
    environ = {"PLATERUNNER_CELLPROFILER_PLUGINS": str(tmp_path / "community")}
    in_image = replace(job, settings=replace(job.settings, environ=environ))
    tool = CellProfiler()
    assert tool.prepare(in_image) == ()
    assert plugins(tool, in_image) == ["loaddata.py"]
    (file,) = job.tool_files("pipeline")
    text = file.read_text()
    name = re.findall(r"^(\w+):\[", text, re.MULTILINE)[-1]
    file.write_text(text.replace(f"\n{name}:[", "\nMyModule:[", 1))
    assert [problem.category for problem in CellProfiler().prepare(job)] == ["plugin_missing"]
    assert tool.prepare(in_image) == ()
    assert plugins(tool, in_image) == ["loaddata.py", "mine.py"]


def test_plugins_are_given_as_the_folder_that_holds_them(job: Job) -> None:
    file = ToolFile("k", "lab/mine.py", "")
    (job.folder.tool / "plugins" / "lab").mkdir(parents=True)
    (job.folder.tool / "plugins" / "lab" / "mine.py").write_text('class Mine(Module):\n    module_name = "MyModule"\n')
    with_plugins = replace(job, step=replace(job.step, files={**job.step.files, "plugins": (file,)}))
    tool = CellProfiler()
    assert tool.prepare(with_plugins) == ()
    assert plugins(tool, with_plugins) == ["loaddata.py", "mine.py"]
    assert tool.prepare(with_plugins) == (), "a second time too"


@pytest.mark.parametrize(
    ("given", "java"), [({}, "-Xrs"), ({"JAVA_TOOL_OPTIONS": "-Xmx512m"}, "-Xmx512m -Xrs")], ids=["unset", "set"]
)
def test_the_environment(job: Job, given: Mapping[str, str], java: str) -> None:
    environ = {**given, "HOME": "/nowhere", "PYTHONPATH": "/x", "PLATERUNNER_WORK": "/y", "JAVA_HOME": "/jvm"}
    known = replace(job, settings=Settings(environ=environ))
    made = known.environment(CellProfiler().environment(known))
    assert made["JAVA_TOOL_OPTIONS"] == java
    assert made["HOME"] == str(job.folder.home)
    assert made["JAVA_HOME"] == "/jvm"
    assert not {"PYTHONPATH", "PLATERUNNER_WORK"} & set(made)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"load_data": None}, "needs `load_data`"), ({"files": {}}, "needs one file in `with: pipeline`")],
)
def test_a_step_that_cannot_run(job: Job, change: Mapping[str, object], said: str) -> None:
    (problem,) = CellProfiler().prepare(replace(job, step=replace(job.step, **change)))  # type: ignore[arg-type]
    assert problem.category == "pipeline_invalid"
    assert said in problem.sentence


def test_image_sets_that_would_be_saved_to_one_file_are_found_before_the_start(job: Job) -> None:
    text = (PIPELINES / "illum_calc.cppipe").read_text().replace("save:Last cycle", "save:Every cycle")
    (job.folder.tool / "pipeline" / "illum_calc.cppipe").write_text(text)
    assert CellProfiler().prepare(job) == ()
    (first,) = job.unit.inputs["i"]
    second = replace(first, key="A02.tif", values={**first.values, "site": 2})
    (problem,) = CellProfiler().prepare(replace(job, unit=calc_unit((first, second))))
    assert problem.category == "partial"
    assert f"writes 2 image sets to one file, {PLATE}_IllumDNA.npy" in problem.sentence


@pytest.fixture
def bench_without(tmp_path: Path) -> Bench:
    return folder_bench(tmp_path, PLATERUNNER_CELLPROFILER="/no/cellprofiler")


def test_it_is_not_installed(bench_without: Bench) -> None:
    files = pipeline(bench_without, "illum_calc.cppipe")
    ran = bench_without.run(
        bench_without.step(tool="cellprofiler", files=files, load_data=CALC), calc_unit(plate(bench_without))
    )
    assert ran.category == "misconfigured"
    assert "/no/cellprofiler" in ran.sentence
    assert ran.outcome is not None
    assert "`make cellprofiler` installs it" in ran.outcome.verdict.hint
