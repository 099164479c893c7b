"""What is arranged, and what is therefore true: written down beforehand, never read off a run."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tifffile
from PIL import Image
from tests.live.scene import SIZE, Scene, write_image

Arrange = Callable[[Scene], None]


@dataclass(frozen=True)
class Situation:
    """A row of the table.

    :param name: of the test.
    :param title: what is arranged, for people.
    :param word: ``succeeded``, ``partial`` or ``failed``.
    :param category: of the verdict.
    :param phrase: in the verdict's sentence, or for a success in its notes.
    :param started: whether CellProfiler has to be started to find out.
    :param needs: ``mount`` or ``cgroup`` if it takes a right that not every machine gives.
    """

    name: str
    title: str
    word: str
    category: str
    phrase: str
    arrange: Arrange
    started: bool = True
    needs: str = ""


SITUATIONS: list[Situation] = []


def situation(
    title: str, word: str, category: str, phrase: str, *, started: bool = True, needs: str = ""
) -> Callable[[Arrange], Arrange]:
    """Add a row under its function's name."""

    def register(arrange: Arrange) -> Arrange:
        SITUATIONS.append(Situation(arrange.__name__, title, word, category, phrase, arrange, started, needs))
        return arrange

    return register


def succeeds(title: str, phrase: str = "", **more: str) -> Callable[[Arrange], Arrange]:
    return situation(title, "succeeded", "succeeded", phrase, **more)  # type: ignore[arg-type]


def fails(category: str, title: str, phrase: str, *, needs: str = "") -> Callable[[Arrange], Arrange]:
    return situation(title, "failed", category, phrase, needs=needs)


def partial(category: str, title: str, phrase: str, *, needs: str = "") -> Callable[[Arrange], Arrange]:
    return situation(title, "partial", category, phrase, needs=needs)


def refused(category: str, title: str, phrase: str) -> Callable[[Arrange], Arrange]:
    """Found before CellProfiler is started."""
    return situation(title, "failed", category, phrase, started=False)


# --- All is well, or looks odd and is well ---------------------------------------------------------------------------


@succeeds("nothing is wrong", "All 4 image sets")
def nothing_wrong(scene: Scene) -> None: ...


@succeeds("images are saved, not measured")
def images_saved(scene: Scene) -> None:
    scene.save_images()


@succeeds("one illumination function of all image sets")
def illumination(scene: Scene) -> None:
    scene.calculate_illumination()


@succeeds("blank images")
def blank_images(scene: Scene) -> None:
    for path in scene.images.iterdir():
        write_image(path, np.zeros((SIZE, SIZE), np.uint16))


@succeeds("no object fits the size asked for")
def zero_objects(scene: Scene) -> None:
    scene.pipeline.edit("(Min,Max):8,40", "(Min,Max):900,1000")


@succeeds("CreateBatchFiles, which ends CellProfiler with an error", "batch file")
def batch_file(scene: Scene) -> None:
    scene.pipeline.insert("CreateBatchFiles", 7, BATCH, revision=8)
    scene.outputs = ["Batch_data.h5"]


BATCH = """
Store batch files in default output folder?:Yes
Output folder path:Elsewhere...|
Are the cluster computers running Windows?:No
Hidden- in batch mode:No
Hidden- in distributed mode:No
Hidden- default input folder at time of save:/nowhere
Hidden- revision number:4281
Hidden- from old matlab:No
Local root path:/nowhere
Cluster root path:/nowhere
"""


@succeeds("a Python thread left over keeps it alive after Complete", "hung after its work was done")
def python_thread_left_over(scene: Scene) -> None:
    scene.plugin("def run(self, workspace):\n    threading.Thread(target=time.sleep, args=(600,)).start()")
    scene.bench.environ["PLATERUNNER_LINGER"] = "2"


@succeeds("a Java thread left over keeps it alive after Complete", "hung after its work was done")
def java_thread_left_over(scene: Scene) -> None:
    script = (
        "var t = new java.lang.Thread(new java.lang.Runnable({run: function() { java.lang.Thread.sleep(600000); }}));"
        "t.setDaemon(false); t.start();"
    )
    scene.on_second_set(f"import javabridge\njavabridge.run_script({script!r})")
    scene.bench.environ["PLATERUNNER_LINGER"] = "2"


@succeeds("a plugin prints 5 MB of binary rubbish and words like ERROR and No space left")
def chatter(scene: Scene) -> None:
    scene.on_second_set(
        """
        os.write(1, os.urandom(5_000_000))
        os.write(2, b"\\nERROR: No space left is what the sample's label says, MemoryError is its name\\n")
        """
    )


@succeeds("a stale done file of an earlier attempt, and a good run")
def stale_done_file(scene: Scene) -> None:
    scene.bench.work.mkdir()
    (scene.bench.work / "done.txt").write_text("Failure")


# --- Inputs ----------------------------------------------------------------------------------------------------------


@refused("input_missing", "an image is missing", "B03_s1_GFP.tif")
def image_missing(scene: Scene) -> None:
    scene.image().unlink()


@refused("input_missing", "all images are missing", "B02_s1_DNA.tif")
def all_images_missing(scene: Scene) -> None:
    for path in scene.images.iterdir():
        path.unlink()


@refused("input_unreadable", "an image has zero bytes", "B03_s1_GFP.tif")
def image_empty(scene: Scene) -> None:
    scene.image().write_bytes(b"")


@refused("input_unreadable", "a TIFF is junk", "B03_s1_GFP.tif")
def image_junk(scene: Scene) -> None:
    scene.image().write_bytes(os.urandom(20_000))


@refused("input_unreadable", "a TIFF is truncated (CellProfiler reads it silently)", "B03_s1_GFP.tif")
def image_truncated(scene: Scene) -> None:
    data = scene.image().read_bytes()
    scene.image().write_bytes(data[: len(data) * 2 // 3])


@refused("input_unreadable", "a TIFF whose table comes last lacks its end", "B03_s1_GFP.tif")
def image_truncated_table(scene: Scene) -> None:
    with tifffile.TiffWriter(scene.image(), bigtiff=True) as file:
        file.write(np.ones((SIZE, SIZE), np.uint16), compression="zlib", rowsperstrip=8)
        file.write(np.ones((SIZE, SIZE), np.uint16), compression="zlib", rowsperstrip=8)
    data = scene.image().read_bytes()
    scene.image().write_bytes(data[:-200])


@refused("input_unreadable", "a PNG lacks its end", "B03_s1_GFP.png")
def png_cut(scene: Scene) -> None:
    target = scene.image().with_suffix(".png")
    Image.fromarray(tifffile.imread(scene.image())).save(target)
    scene.image().unlink()
    target.write_bytes(target.read_bytes()[:-40])


@refused("nothing_matched", "the unit has no images", "no image set")
def no_images(scene: Scene) -> None:
    scene.wells = ()


@fails("input_missing", "an image vanishes after the runner looked", "B03_s1_GFP.tif")
def image_vanishes(scene: Scene) -> None:
    scene.before.append('rm "$IMAGES/B03_s1_GFP.tif"')


@partial("input_missing", "the same, and CellProfiler goes on (--always-continue)", "1 of 4 image sets")
def image_vanishes_continue(scene: Scene) -> None:
    scene.before.append('rm "$IMAGES/B03_s1_GFP.tif"')
    scene.options.append("--always-continue")


@fails("input_missing", "all images vanish, and CellProfiler goes on", "does not exist")
def all_images_vanish_continue(scene: Scene) -> None:
    scene.before.append('rm "$IMAGES"/*')
    scene.options.append("--always-continue")


@fails("input_unreadable", "an image is overwritten with nothing after the runner looked", "B03_s1_GFP.tif")
def image_emptied(scene: Scene) -> None:
    scene.before.append(': >"$IMAGES/B03_s1_GFP.tif"')


@fails("input_missing", "the LoadData table vanishes", "load_data.csv")
def table_vanishes(scene: Scene) -> None:
    scene.before.append('rm "$JOB/load_data.csv"')


@fails("input_unreadable", "a row of the LoadData table is short", "")
def table_row_short(scene: Scene) -> None:
    scene.before.append("""sed -i '3s/,[^,]*,[^,]*$//' "$JOB/load_data.csv" """)


@fails("nothing_matched", "the LoadData table has a header only", "")
def table_header_only(scene: Scene) -> None:
    scene.before.append("""sed -i '2,$d' "$JOB/load_data.csv" """)


@partial("partial", "the images of one image set differ in size (CellProfiler crops them)", "differ in size")
def shapes_differ(scene: Scene) -> None:
    write_image(scene.image(), np.full((SIZE // 2, SIZE // 2), 900, np.uint16))


# --- The pipeline and its plugins ------------------------------------------------------------------------------------


@refused("plugin_missing", "an unknown module", "MeasureEverything")
def module_unknown(scene: Scene) -> None:
    scene.pipeline.edit("\nMeasureImageIntensity:[", "\nMeasureEverything:[")


@refused("plugin_missing", "the plugin that the pipeline uses is not given", "Odd")
def plugin_missing(scene: Scene) -> None:
    scene.plugin("")
    scene.plugins.clear()


@fails("plugin_missing", "a plugin with a syntax error", "Odd")
def plugin_syntax_error(scene: Scene) -> None:
    scene.plugin("def run(self, workspace)\n    pass")


@fails("plugin_missing", "a plugin that imports what is not installed", "Odd")
def plugin_import_error(scene: Scene) -> None:
    scene.plugin("import cellpose_that_is_not_there")


@refused("pipeline_invalid", "the pipeline is cut at a module's beginning", "6 modules, and it has 4")
def pipeline_cut_between(scene: Scene) -> None:
    scene.pipeline.cut_before("MeasureImageIntensity")


@refused("pipeline_invalid", "the pipeline is cut within its last module", "lines are missing")
def pipeline_cut_within(scene: Scene) -> None:
    scene.pipeline.cut_at("    Create a GenePattern")


@refused("pipeline_invalid", "the pipeline is of a newer format", "format 7")
def pipeline_newer(scene: Scene) -> None:
    scene.pipeline.edit("Version:5", "Version:7")


@refused("pipeline_invalid", "the pipeline is an image", "no CellProfiler pipeline")
def pipeline_is_an_image(scene: Scene) -> None:
    scene.pipeline.text = scene.image().read_bytes().decode("utf-8", "surrogateescape")


@refused("pipeline_invalid", "a yes-or-no setting says Maybe (CellProfiler takes No)", "Maybe")
def setting_maybe(scene: Scene) -> None:
    scene.pipeline.edit(
        "Discard objects outside the diameter range?:Yes", "Discard objects outside the diameter range?:Maybe"
    )


@fails("tool_error", "a choice that there is not", "Intuition")
def setting_choice(scene: Scene) -> None:
    scene.pipeline.edit("clumped objects:Shape", "clumped objects:Intuition")


@refused("pipeline_invalid", "a module needs an image that nothing supplies", "CorrActin")
def image_name_unknown(scene: Scene) -> None:
    scene.pipeline.edit("Select the input image:CorrDNA", "Select the input image:CorrActin")


@succeeds("the pipeline was saved by a later revision of the same format", "newer CellProfiler")
def pipeline_later_revision(scene: Scene) -> None:
    scene.pipeline.edit("DateRevision:4281", "DateRevision:4290")


# --- Options that select ---------------------------------------------------------------------------------------------


@fails("nothing_matched", "a range beyond the end (-f 9 -l 12)", "")
def range_beyond_end(scene: Scene) -> None:
    scene.options += ["-f", "9", "-l", "12"]


@fails("nothing_matched", "a group value that there is not (-g)", "")
def group_unknown(scene: Scene) -> None:
    scene.calculate_illumination()
    scene.options += ["-g", "Metadata_Plate=Demo9"]


@partial("partial", "a range that takes half of an illumination group (-f 1 -l 2)", "2 of 4 image sets")
def group_split(scene: Scene) -> None:
    scene.calculate_illumination()
    scene.options += ["-f", "1", "-l", "2"]


@partial("partial", "a range that leaves out the last image set (-l 3)", "1 of 4 image sets")
def range_short(scene: Scene) -> None:
    scene.options += ["-f", "1", "-l", "3"]


# --- Modules that fail, skip, leave or hang --------------------------------------------------------------------------


@fails("tool_error", "a module raises on one image set", "Odd")
def module_raises(scene: Scene) -> None:
    scene.on_second_set("raise ValueError('nuclei everywhere')")


@partial("tool_error", "the same, and CellProfiler goes on", "1 of 4 image sets")
def module_raises_continue(scene: Scene) -> None:
    scene.on_second_set("raise ValueError('nuclei everywhere')")
    scene.options.append("--always-continue")


@fails("tool_error", "a module raises after the last image set", "Odd")
def module_raises_after(scene: Scene) -> None:
    scene.plugin("def post_run(self, workspace):\n    raise RuntimeError('too late')")


@partial("partial", "a plugin skips one image set", "1 of 4 image sets")
def plugin_skips(scene: Scene) -> None:
    scene.on_second_set("workspace.disposition = 'Skip'")


@partial("partial", "FlagImage skips image sets with few nuclei", "image sets")
def flag_image_skips(scene: Scene) -> None:
    write_image(scene.image(channel="DNA"), np.zeros((SIZE, SIZE), np.uint16))
    scene.pipeline.insert("FlagImage", 3, FLAG, revision=5)


FLAG = """
Hidden:1
Hidden:1
Name the flag's category:Metadata
Name the flag:QCFlag
How should measurements be linked?:Flag if any fail
Skip image set if flagged?:Yes
Flag is based on:Whole-image measurement
Select the object to be used for flagging:None
Which measurement?:Count_Nuclei
Flag images based on low values?:Yes
Minimum value:0.5
Flag images based on high values?:No
Maximum value:1.0
Rules file location:Elsewhere...|
Rules file name:rules.txt
Class number:
Allow fuzzy feature matching?:No
Ignore flag skips on last cycle?:No
"""


@fails("tool_error", "a plugin calls sys.exit(0)", "without a word")
def plugin_sys_exit(scene: Scene) -> None:
    scene.on_second_set("sys.exit(0)")


@fails("tool_error", "a plugin calls os._exit(0)", "without a word")
def plugin_os_exit(scene: Scene) -> None:
    scene.on_second_set("os._exit(0)")


@fails("tool_error", "a plugin calls os._exit(0) on the last image set", "without a word")
def plugin_os_exit_last(scene: Scene) -> None:
    scene.plugin("def run(self, workspace):\n    workspace.measurements.image_set_number < 4 or os._exit(0)", at=6)


@fails("tool_error", "Java calls System.exit(0)", "without a word")
def java_system_exit(scene: Scene) -> None:
    scene.on_second_set("import javabridge\njavabridge.run_script('java.lang.System.exit(0);')")
    scene.step_fields["stall_s"] = 5.0


@fails("tool_error", "a module segfaults", "native code")
def segfault(scene: Scene) -> None:
    scene.on_second_set("ctypes.string_at(0)")


@fails("stalled", "a plugin sleeps forever", "no progress")
def stall(scene: Scene) -> None:
    scene.on_second_set("time.sleep(600)")
    scene.step_fields["stall_s"] = 3.0


@fails("stalled", "a plugin waits for a lock forever, and ignores TERM", "no progress")
def stall_without_term(scene: Scene) -> None:
    scene.on_second_set("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nthreading.Event().wait()")
    scene.step_fields["stall_s"] = 3.0
    scene.bench.environ["PLATERUNNER_GRACE"] = "1"


@fails("stalled", "a plugin sleeps forever after the last image set", "no progress")
def stall_after_the_last(scene: Scene) -> None:
    scene.plugin("def post_run(self, workspace):\n    time.sleep(600)")
    scene.step_fields["stall_s"] = 3.0


@fails("nothing_matched", "the tool writes Complete and ends with 0, having done nothing", "no image set")
def liar(scene: Scene) -> None:
    scene.before.append('echo Complete >"$JOB/done.txt"; exit 0')


# --- Memory, disk, time, place ---------------------------------------------------------------------------------------


@fails("out_of_memory", "an address space of 2 GB (ulimit -v)", "")
def address_space(scene: Scene) -> None:
    scene.before.append("ulimit -v 2000000")


@fails("out_of_memory", "a module takes more than the memory limit: the kernel kills it", "kernel", needs="cgroup")
def memory_limit(scene: Scene) -> None:
    scene.on_second_set("hoard = [bytearray(os.urandom(1 << 20)) for _ in range(4096)]")
    scene.memory = 600 << 20


@fails("out_of_memory", "the memory limit does not suffice to begin", "kernel", needs="cgroup")
def memory_limit_small(scene: Scene) -> None:
    scene.memory = 100 << 20


@fails(
    "unknown", "killed with 9 by nobody known, with memory to spare by the control group's count", "", needs="cgroup"
)
def killed_without_oom(scene: Scene) -> None:
    scene.on_second_set("os.kill(os.getpid(), signal.SIGKILL)")
    scene.memory = 4 << 30


@fails("out_of_memory", "a Java heap of 8 MB", "Java")
def java_heap(scene: Scene) -> None:
    scene.bench.environ["JAVA_TOOL_OPTIONS"] = "-Xmx8m"


@fails("out_of_disk", "the disk is full when the tables are exported", "", needs="mount")
def disk_full_exporting(scene: Scene) -> None:
    scene.tmpfs["out"] = "size=8k"


@fails("out_of_disk", "the disk is full when images are saved", "", needs="mount")
def disk_full_saving(scene: Scene) -> None:
    scene.save_images()
    scene.tmpfs["out"] = "size=100k"


@fails("out_of_disk", "the temporary folder is full", "", needs="mount")
def temp_folder_full(scene: Scene) -> None:
    scene.tmpfs["tmp"] = "size=64k"


@fails("misconfigured", "the output folder is read-only", "", needs="mount")
def output_read_only(scene: Scene) -> None:
    scene.tmpfs["out"] = "ro"


@fails("timed_out", "Batch's TERM when the step's time is over", "time limit")
def timed_out(scene: Scene) -> None:
    scene.on_second_set("time.sleep(600)")
    scene.step_fields["timeout_s"] = 3.0
    scene.during = term_after(3.0)


def term_after(seconds: float) -> Callable[[subprocess.Popen[bytes]], None]:
    """As Batch does it: TERM to the container's first process; the seconds count from the second image set on."""

    def wait_and_send(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        while b"Image # 2," not in (line := process.stdout.readline()):
            assert line, "CellProfiler ended before its second image set"
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)

    return wait_and_send


@refused("misconfigured", "CellProfiler is not installed", "not installed")
def not_installed(scene: Scene) -> None:
    scene.cellprofiler = "/no/such/cellprofiler"


@fails("misconfigured", "there is no Java that works", "Java")
def no_java(scene: Scene) -> None:
    library = scene.root / "java" / "lib" / "server" / "libjvm.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"")
    scene.bench.environ["JAVA_HOME"] = str(scene.root / "java")


@fails("output_missing", "the spec expects a table that the pipeline does not write", "Cells.csv")
def output_not_written(scene: Scene) -> None:
    scene.outputs.append("m/Cells.csv")


@refused(
    "pipeline_invalid", "file names lack the site, so that images overwrite each other", "2 image sets to one file"
)
def outputs_overwritten(scene: Scene) -> None:
    scene.save_images()
    scene.pipeline.text = scene.pipeline.text.replace(r"_s\g<Site>", "")


# Kept apart from the table: these need more than one run.
TWO_WELLS = ("C05", "F07")


def two_wells_fail(scene: Scene) -> None:
    """A plugin that fails on one well, and a damaged image in another."""
    scene.plugin(
        "def run(self, workspace):\n"
        f"    if workspace.measurements.get_current_image_measurement('Metadata_Well') == {TWO_WELLS[0]!r}:\n"
        "        raise ValueError('out of focus')"
    )
