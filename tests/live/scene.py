"""The stage of a situation: a small plate, a pipeline, the real CellProfiler, and the whole runner as a process."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray
from tests.live import pipelines
from tests.live.pipelines import Pipeline
from tests.unit.bench import RUN, Bench, folder_bench

from platerunner.local.demo_plate import make_plate
from platerunner.local.host.limits import Group, find_groups
from platerunner_unit.contract.manifest import InputFile, LoadData, OutputFile, StepTask, ToolFile, UnitTask
from platerunner_unit.contract.outcome import Outcome

PLATE, WELLS, SITES, CHANNELS = "Demo1", ("B02", "B03"), (1, 2), ("DNA", "GFP")
SIZE = 128
METADATA = {"Plate": "plate", "Well": "well", "Site": "site"}
MEASURED = ("Image.csv", "Nuclei.csv")
PATIENCE_S = 200.0
BRISK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a run of seconds gains a fifth by compiling less


@dataclass
class Scene:
    """What a situation arranges; :meth:`play` runs it.

    :ivar before: lines of shell that run where CellProfiler is about to start, with ``$JOB`` and ``$IMAGES`` set: what
        goes wrong after the runner looked.
    :ivar options: appended to CellProfiler's command line.
    :ivar tmpfs: room of the work folder (``out``, ``tmp``) to mount options, in a mount namespace of the runner's own.
    :ivar memory: bytes of a real memory cgroup around the runner; None for none.
    :ivar during: called with the running runner.
    :ivar outputs: keys that the spec expects.
    :ivar without: images that planning expected and did not find.
    """

    bench: Bench
    cellprofiler: str
    pipeline: Pipeline = field(default_factory=pipelines.measure)
    column: str = "Corr{channel}"
    plugins: dict[str, str] = field(default_factory=dict)
    before: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    tmpfs: dict[str, str] = field(default_factory=dict)
    memory: int | None = None
    step_fields: dict[str, object] = field(default_factory=dict)
    during: Callable[[subprocess.Popen[bytes]], None] | None = None
    outputs: list[str] = field(default_factory=lambda: [f"m/{name}" for name in MEASURED])
    wells: tuple[str, ...] = WELLS
    sites: tuple[int, ...] = SITES

    @classmethod
    def make(cls, folder: Path, plate: Path, cellprofiler: str) -> Scene:
        """A scene in which nothing is wrong.

        :param plate: with a folder :data:`PLATE`, which is copied.
        """
        scene = cls(folder_bench(folder, JAVA_TOOL_OPTIONS=BRISK_JAVA), cellprofiler)
        shutil.copytree(plate / PLATE, scene.images)
        return scene

    @property
    def images(self) -> Path:
        """The plate's folder in the data root."""
        return Path(self.bench.data) / PLATE

    @property
    def root(self) -> Path:
        """A folder for what belongs to nothing else."""
        return Path(self.bench.data).parent

    def image(self, well: str = "B03", site: int = 1, channel: str = "GFP") -> Path:
        """One image; by default the third image set's second."""
        return self.images / f"{well}_s{site}_{channel}.tif"

    def save_images(self) -> None:
        """Use the pipeline that saves both channels of each image set."""
        self.pipeline = pipelines.save()
        self.outputs = [
            f"c/{PLATE}_{well}_s{site}_Corr{channel}.tiff"
            for well in self.wells
            for site in self.sites
            for channel in CHANNELS
        ]

    def calculate_illumination(self) -> None:
        """Use the pipeline that makes one illumination function of the plate."""
        self.pipeline, self.column = pipelines.illum(), "Orig{channel}"
        self.outputs = [f"illum/{PLATE}_IllumDNA.npy"]

    def plugin(self, body: str, at: int = 3, name: str = "Odd") -> None:
        """Write a plugin with these lines in its class, and use it as the nth module."""
        self.plugins[f"{name.lower()}.py"] = (
            "import ctypes, os, signal, sys, threading, time\n\n"
            "from cellprofiler_core.module import Module\n\n\n"
            f"class {name}(Module):\n"
            f'    module_name = "{name}"\n    category = "Other"\n    variable_revision_number = 1\n\n'
            "    def create_settings(self):\n        pass\n\n"
            "    def settings(self):\n        return []\n\n"
            "    def run(self, workspace):\n        pass\n\n"
            + textwrap.indent(textwrap.dedent(body).strip(), "    ")
            + "\n"
        )
        self.pipeline.insert(name, at)

    def on_second_set(self, body: str, at: int = 3) -> None:
        """A plugin that does something on the second image set only."""
        lines = textwrap.indent(textwrap.dedent(body).strip(), "        ")
        self.plugin(f"def run(self, workspace):\n    if workspace.measurements.image_set_number == 2:\n{lines}", at)

    def play(self) -> Played:
        """Run the runner to its end, and say what came of it."""
        self.bench.environ["PLATERUNNER_CELLPROFILER"] = self._program()
        group = None if self.memory is None else _group(self.memory)
        self.bench.wrap = (*_mounts(self.bench.work, self.tmpfs), *_enter(group))
        process = self.bench.start(self.step(), *self.units())
        try:
            if self.during is not None:
                self.during(process)
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
            if group is not None:
                group.remove()
        outcome = self.bench.outcome()
        assert outcome is not None, stderr.decode()
        return Played(process.returncode, outcome, stdout, stderr.decode())

    def step(self) -> StepTask:
        """The step's part of the manifest."""
        files = {"pipeline": (self._tool_file("live.cppipe", self.pipeline.text),)}
        if self.plugins:
            files["plugins"] = tuple(self._tool_file(name, text) for name, text in self.plugins.items())
        load_data = LoadData({self.column: "images"}, METADATA)
        return self.bench.step(tool="cellprofiler", files=files, load_data=load_data, **self.step_fields)

    def units(self) -> list[UnitTask]:
        """One unit: the plate."""
        outputs = {Path(key).stem: (OutputFile(key, {"plate": PLATE}),) for key in self.outputs}
        values = {"plate": PLATE}
        return [UnitTask(f"plate={PLATE}", values, "f1", inputs={"images": self.inputs()}, outputs=outputs)]

    def inputs(self) -> tuple[InputFile, ...]:
        """All images that there should be; those that are not there without a size, as planning puts it."""
        return tuple(self._input(w, s, c) for w in self.wells for s in self.sites for c in CHANNELS)

    def _input(self, well: str, site: int, channel: str) -> InputFile:
        found = sorted(self.images.glob(f"{well}_s{site}_{channel}.*"))
        path = found[0] if found else self.image(well, site, channel)
        values = {"plate": PLATE, "well": well, "site": site, "channel": channel}
        return InputFile(f"{PLATE}/{path.name}", "data", path.stat().st_size if found else None, "e", values)

    def _tool_file(self, name: str, text: str) -> ToolFile:
        content = text.encode("utf-8", "surrogateescape")
        self.bench.store.put(f"files/{name}", content)
        return ToolFile(f"files/{name}", name, hashlib.sha256(content).hexdigest())

    def _program(self) -> str:
        if not self.before and not self.options:
            return self.cellprofiler
        script = self.root / "cellprofiler"
        lines = ["#!/bin/sh", "JOB=${PWD%/*}", f"IMAGES={shlex.quote(str(self.images))}", *self.before]
        script.write_text("\n".join([*lines, f'exec {self.cellprofiler} "$@" {shlex.join(self.options)}']) + "\n")
        script.chmod(0o755)
        return str(script)


@dataclass(frozen=True)
class Played:
    """What a runner left.

    :param code: its exit code.
    :param stdout: the tool's output, and the last line.
    """

    code: int
    outcome: Outcome
    stdout: bytes
    stderr: str

    @property
    def word(self) -> str:
        """``succeeded``, ``partial`` or ``failed``."""
        verdict = self.outcome.verdict
        return "succeeded" if verdict.category == "succeeded" else "partial" if verdict.partial else "failed"


def copy_wells(scene: Scene, wells: Sequence[str]) -> None:
    """Give wells of other names the images of the plate's own wells in turn, one site each."""
    for number, well in enumerate(wells):
        for channel in CHANNELS:
            shutil.copyfile(scene.image(WELLS[number % len(WELLS)], 1, channel), scene.image(well, 1, channel))


def well_units(scene: Scene, wells: Sequence[str]) -> list[UnitTask]:
    """A unit per well, with one site, as planning sees its images now."""
    units = []
    for well in wells:
        alone = dataclasses.replace(scene, wells=(well,), sites=(1,), outputs=[f"m/{well}/{n}" for n in MEASURED])
        (unit,) = alone.units()
        values = {"plate": PLATE, "well": well}
        units.append(dataclasses.replace(unit, unit=f"plate={PLATE}/well={well}", values=values))
    return units


def make_images(folder: Path) -> Path:
    """The plate that scenes copy."""
    make_plate(folder, plate=PLATE, wells=len(WELLS), sites=len(SITES), size=SIZE)
    return folder


def write_image(path: Path, pixels: NDArray[np.uint16]) -> None:
    """Replace an image."""
    tifffile.imwrite(path, pixels)


def can_limit_memory() -> bool:
    """Whether this user may make memory cgroups here."""
    group = find_groups().make(1 << 30)
    return group is not None and group.remove()


def can_mount() -> bool:
    """Whether this user may mount a tmpfs in a namespace of its own."""
    argv = [*_mounts(Path("/tmp"), {".": "size=1m"}), "true"]
    return (
        shutil.which("unshare") is not None and subprocess.run(argv, capture_output=True, check=False).returncode == 0
    )


def _group(memory: int) -> Group:
    group = find_groups().make(memory)
    assert group is not None
    return group


def _enter(group: Group | None) -> tuple[str, ...]:
    return () if group is None else ("sh", "-c", 'echo $$ >"$0" && exec "$@"', str(group.path / "cgroup.procs"))


def _mounts(work: Path, tmpfs: dict[str, str]) -> tuple[str, ...]:
    """A command prefix that mounts file systems which go when the runner does."""
    if not tmpfs:
        return ()
    lines = [
        f"mkdir -p {shlex.quote(str(work / room))} && mount -t tmpfs -o {options} tmpfs {shlex.quote(str(work / room))}"
        for room, options in tmpfs.items()
    ]
    return ("unshare", "--mount", "sh", "-c", " && ".join([*lines, 'exec "$@"']), "sh")


def start_child(scene: Scene, index: int) -> subprocess.Popen[bytes]:
    """Start the runner on one line of a manifest that is there already, in a work folder of its own."""
    environ = {
        **os.environ,
        **scene.bench.environ,
        "PLATERUNNER_CELLPROFILER": scene.cellprofiler,
        "PLATERUNNER_WORK": f"{scene.bench.work}-{index}",
        "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
    }
    argv = [scene.bench.python, "-m", "platerunner_unit", "run", f"{scene.bench.store.url}/{RUN}/s/1"]
    return subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
