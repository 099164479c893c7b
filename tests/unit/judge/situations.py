"""Situations to record: what is arranged, and what is therefore true."""

# ruff: noqa: E501  (lines of pipeline files stand in one piece)

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Job:
    """The folder of a run."""

    folder: Path
    pipeline: Path = Path()

    @property
    def images(self) -> Path:
        return self.folder / "images"

    @property
    def plugins(self) -> Path:
        return self.folder / "plugins"

    def edit(self, old: str, new: str) -> None:
        text = self.pipeline.read_text()
        assert old in text, f"{old!r} is not in {self.pipeline.name}"
        self.pipeline.write_text(text.replace(old, new, 1))

    def insert(self, name: str, at: int, settings: str = "", revision: int = 1) -> None:
        """Put a module block into the pipeline as its nth module."""
        head, *blocks = self.pipeline.read_text().strip("\n").split("\n\n")
        block = f"{name}:[module_num:{at}|svn_version:'Unknown'|variable_revision_number:{revision}|show_window:False|notes:[]|batch_state:array([], dtype=uint8)|enabled:True|wants_pause:False]{settings}"
        blocks.insert(at - 1, block)
        count = len([b for b in blocks if b.strip()])
        head = head.replace(f"ModuleCount:{count - 1}", f"ModuleCount:{count}")
        for i, text in enumerate(blocks):
            start, _, rest = text.partition("module_num:")
            blocks[i] = f"{start}module_num:{i + 1}|{rest.split('|', 1)[1]}" if rest else text
        self.pipeline.write_text("\n\n".join([head, *blocks]) + "\n")

    def plugin(self, body: str, name: str = "Odd", at: int = 3) -> None:
        """Write a plugin with these methods, and use it as the nth module."""
        lines = "".join(f"    {line}\n" for line in body.strip("\n").splitlines())
        (self.plugins / f"{name.lower()}.py").write_text(
            "import os, sys, time, ctypes, threading, signal\nfrom cellprofiler_core.module import Module\n\n\n"
            f'class {name}(Module):\n    module_name = "{name}"\n    category = "Other"\n    variable_revision_number = 1\n'
            "    def create_settings(self):\n        pass\n    def settings(self):\n        return []\n    def run(self, workspace):\n"
            f"        pass\n{lines}"
        )
        self.insert(name, at)


Arrange = Callable[[Job], None]
_CP = ("cellprofiler", "-c", "-r", "-p", "{job}/%s", "-i", "{job}/images", "-o", "{job}/out")


@dataclass(frozen=True)
class Situation:
    name: str
    pipeline: str
    truth: str
    category: str
    arrange: Arrange
    command: tuple[str, ...]
    sets: Any = field(default_factory=lambda: [1, 2, 3, 4])
    env: dict[str, str] = field(default_factory=dict)
    signal: int | None = None
    patience: float = 60
    tmpfs: str = ""
    note: str = ""


SITUATIONS: list[Situation] = []


def situation(
    truth: str,
    category: str,
    pipeline: str = "analysis_loaddata.cppipe",
    *options: str,
    plugins: bool = False,
    **more: Any,
) -> Callable[[Arrange], Arrange]:
    """Register a situation under its function's name; ``command`` replaces the usual command line."""

    def register(arrange: Arrange) -> Arrange:
        command = more.pop("command", None) or (*(word % pipeline if "%s" in word else word for word in _CP), *options)
        if plugins:
            command = (*command, "--plugins-directory", "{job}/plugins")
        SITUATIONS.append(Situation(arrange.__name__, pipeline, truth, category, arrange, command, **more))
        return arrange

    return register


DONE = ("-d", "{job}/done.txt")
A = "analysis_loaddata.cppipe"


@situation("succeeded", "complete", "noop.cppipe", *DONE)
def noop(job: Job) -> None: ...


@situation("succeeded", "complete", "save_tiff_each.cppipe")
def save_each(job: Job) -> None: ...


@situation("succeeded", "complete", "illum_tiff.cppipe", *DONE)
def illum_tiff(job: Job) -> None: ...


@situation("succeeded", "complete", "analysis_images_grouped.cppipe", "-g", "Metadata_Well=A02", *DONE, sets=[3, 4])
def images_one_group(job: Job) -> None: ...


@situation("succeeded", "complete", "analysis_images_grouped.cppipe")
def images_grouped(job: Job) -> None: ...


@situation(
    "failed",
    "nothing_selected",
    "analysis_images_grouped.cppipe",
    "-g",
    "Metadata_Well=H12",
    *DONE,
    sets="unknown group",
)
def images_group_unknown(job: Job) -> None: ...


@situation("succeeded", "batch_file_created", "batch_create_images.cppipe", sets=None)
def batch_images(job: Job) -> None: ...


@situation("failed", "input_missing", "save_tiff_each.cppipe")
def save_each_image_missing(job: Job) -> None:
    (job.images / "P1_A02_s1_DNA.tif").unlink()


@situation("partial", "input_missing", "save_tiff_each.cppipe", "--always-continue")
def save_each_image_missing_continue(job: Job) -> None:
    (job.images / "P1_A02_s1_DNA.tif").unlink()


@situation("failed", "output_exists", "save_norewrite.cppipe", *DONE)
def save_norewrite(job: Job) -> None: ...


@situation("partial", "output_exists", "save_norewrite.cppipe", "--always-continue", *DONE)
def save_norewrite_continue(job: Job) -> None: ...


@situation("partial", "silent_overwrite", "save_bad_metadata.cppipe")
def save_bad_metadata(job: Job) -> None: ...


@situation("partial", "silent_overwrite", "save_bad_metadata.cppipe", "-f", "2", *DONE, sets=[2, 3, 4])
def save_bad_metadata_from_second(job: Job) -> None: ...


@situation("failed", "pipeline_invalid", "missing_image_name.cppipe")
def image_name_missing(job: Job) -> None: ...


@situation("failed", "pipeline_invalid", "missing_image_name.cppipe", "--always-continue", *DONE)
def image_name_missing_continue(job: Job) -> None: ...


@situation("failed", "input_empty", A)
def csv_header_only(job: Job) -> None:
    table = job.images / "load_data.csv"
    table.write_text(table.read_text().splitlines()[0] + "\n")


@situation("succeeded", "complete", A)
def csv_crlf(job: Job) -> None:
    table = job.images / "load_data.csv"
    table.write_bytes(table.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


@situation("failed", "input_missing", A, *DONE)
def csv_file_name_blank(job: Job) -> None:
    table = job.images / "load_data.csv"
    table.write_text(table.read_text().replace("P1_A02_s1_DNA.tif", ""))


@situation("failed", "input_missing", A)
def image_is_folder(job: Job) -> None:
    path = job.images / "P1_A01_s2_GFP.tif"
    path.unlink()
    path.mkdir()


@situation("failed", "input_corrupt", A, *DONE)
def png_cut(job: Job) -> None:
    from_tiff_to_png(job, 300)


def from_tiff_to_png(job: Job, keep: int | None) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes((x * y) % 251 for x in range(128)) for y in range(128))
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 128, 128, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    (job.images / "P1_A01_s1_DNA.png").write_bytes(png[:keep])
    table = job.images / "load_data.csv"
    table.write_text(table.read_text().replace("P1_A01_s1_DNA.tif", "P1_A01_s1_DNA.png"))


@situation("failed", "module_error", A, plugins=True)
def raises_in_prepare_run(job: Job) -> None:
    job.plugin("def prepare_run(self, workspace):\n    raise RuntimeError('not today')")


@situation("failed", "refused", A, *DONE, plugins=True)
def prepare_run_says_no(job: Job) -> None:
    job.plugin("def prepare_run(self, workspace):\n    return False")


@situation("failed", "module_error", A, plugins=True)
def raises_in_prepare_group(job: Job) -> None:
    job.plugin("def prepare_group(self, workspace, grouping, image_numbers):\n    raise LookupError('no group')")


@situation("failed", "plugin_missing", A, *DONE, plugins=True)
def plugin_syntax_error(job: Job) -> None:
    job.plugin("def broken(self:\n    pass")


@situation("failed", "plugin_missing", A, plugins=True)
def plugin_raises_in_create_settings(job: Job) -> None:
    job.plugin("def create_settings(self):\n    raise TypeError('no settings')")


@situation("partial", "module_error", A, "--always-continue", *DONE, plugins=True)
def raises_on_one_set_continue(job: Job) -> None:
    job.plugin(
        "def run(self, workspace):\n    if workspace.measurements.image_set_number == 3:\n        raise IndexError('list index out of range')"
    )


@situation("failed", "module_error", A, "--always-continue", *DONE, plugins=True)
def raises_on_all_sets_continue(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    {}['gone']")


@situation("failed", "module_error", A, plugins=True)
def recursion(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    self.run(workspace)")


@situation("failed", "process_exit", A, *DONE, plugins=True)
def exits_3(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    sys.exit(3)")


@situation("failed", "process_exit", A, plugins=True)
def os_exit_7_on_last(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    if workspace.measurements.image_set_number == 4:\n        os._exit(7)")


@situation("failed", "process_exit", "save_tiff_each.cppipe", plugins=True)
def os_exit_0_after_saving(job: Job) -> None:
    job.plugin(
        "def run(self, workspace):\n    if workspace.measurements.image_set_number == 3:\n        os._exit(0)", at=5
    )


@situation("failed", "process_exit", A, plugins=True)
def exit_0_in_post_run(job: Job) -> None:
    job.plugin("def post_run(self, workspace):\n    os._exit(0)")


@situation("failed", "native_crash", A, *DONE, plugins=True)
def segfault(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    ctypes.string_at(0)")


@situation(
    "failed",
    "out_of_memory",
    A,
    plugins=True,
    note="a SIGKILL from nobody that the supervisor knows, as the kernel sends it",
)
def killed_by_nobody(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    os.kill(os.getpid(), signal.SIGKILL)")


@situation("succeeded", "complete", A, *DONE, plugins=True)
def chatter(job: Job) -> None:
    job.plugin(
        "def run(self, workspace):\n    print('OSError: [Errno 28] No space left on device, said the fish')\n"
        "    print('Permission denied'); print('MemoryError'); sys.stdout.buffer.write(bytes(range(256)) * 4); print('x' * 20000)\n"
        "    print('Traceback (most recent call last):\\n  File \"x.py\", line 1, in y\\nKeyError: caught and handled')"
    )


@situation("succeeded", "hang_after_completion", A, *DONE, plugins=True, patience=25)
def python_thread_left(job: Job) -> None:
    job.plugin("def post_run(self, workspace):\n    threading.Thread(target=time.sleep, args=(600,)).start()")


@situation("failed", "hang", A, *DONE, plugins=True, patience=20)
def hangs_in_post_run(job: Job) -> None:
    job.plugin("def post_run(self, workspace):\n    time.sleep(600)")


@situation("failed", "hang", "save_tiff_each.cppipe", plugins=True, patience=20)
def hangs_in_third_set(job: Job) -> None:
    job.plugin(
        "def run(self, workspace):\n    if workspace.measurements.image_set_number == 3:\n        time.sleep(600)"
    )


@situation("succeeded", "complete", A, *DONE)
def last_module_disabled(job: Job) -> None:
    text = job.pipeline.read_text()
    head, _, tail = text.rpartition("enabled:True")
    job.pipeline.write_text(f"{head}enabled:False{tail}")


@situation("failed", "silent_wrong_result", A, *DONE)
def setting_maybe(job: Job) -> None:
    job.edit("Discard objects outside the diameter range?:Yes", "Discard objects outside the diameter range?:Maybe")


# Without advanced settings the module never looks at this choice.
@situation("succeeded", "complete", A)
def setting_choice_unknown(job: Job) -> None:
    job.edit("Method to distinguish clumped objects:Intensity", "Method to distinguish clumped objects:Intuition")


@situation("failed", "pipeline_invalid", A)
def pipeline_cut_in_last_module(job: Job) -> None:
    text = job.pipeline.read_text()
    job.pipeline.write_text(text[: text.index("    Create a GenePattern")])


@situation("failed", "pipeline_invalid", A, *DONE)
def pipeline_cut_in_second_module(job: Job) -> None:
    text = job.pipeline.read_text()
    job.pipeline.write_text(text[: text.index("    Fill holes")])


@situation("failed", "pipeline_invalid", A)
def pipeline_is_an_image(job: Job) -> None:
    shutil.copyfile(job.images / "P1_A01_s1_DNA.tif", job.pipeline)


@situation("succeeded", "listing", "", sets=None, command=("cellprofiler", "--version"))
def version(job: Job) -> None: ...


@situation("succeeded", "listing", "", sets=None, command=("cellprofiler", "--help"))
def help_text(job: Job) -> None: ...


@situation("failed", "input_missing", "", sets=None, command=("cellprofiler", "-c", "--print-groups", "{job}/none.h5"))
def print_groups_missing(job: Job) -> None: ...


@situation("failed", "usage", "", command=("cellprofiler", "-c", "-r", "-o", "{job}/out"))
def no_pipeline_named(job: Job) -> None: ...


@situation("failed", "output_not_writable", A)
def output_is_a_file(job: Job) -> None:
    (job.folder / "out").rmdir()
    (job.folder / "out").write_text("")


@situation("failed", "input_missing", A)
def image_folder_missing(job: Job) -> None:
    table = job.images / "load_data.csv"
    table.write_text(table.read_text().replace(str(job.images), str(job.folder / "nowhere")))


@situation("failed", "input_unreachable", A, sets=[1])
def image_url_refused(job: Job) -> None:
    row = "http://127.0.0.1:9/a_DNA.tif,http://127.0.0.1:9/a_GFP.tif,A01"
    (job.images / "load_data.csv").write_text(f"Image_URL_DNA,Image_URL_GFP,Metadata_Well\n{row}\n")


@situation(
    "failed",
    "input_empty",
    "analysis_images.cppipe",
    command=(
        "cellprofiler",
        "-c",
        "-r",
        "-p",
        "{job}/analysis_images.cppipe",
        "-i",
        "{job}/nowhere",
        "-o",
        "{job}/out",
    ),
)
def input_folder_missing(job: Job) -> None: ...


@situation("failed", "nothing_selected", A, "-f", "4", "-l", "2", sets=[])
def range_backwards(job: Job) -> None: ...


@situation("partial", "range_beyond_end", A, "-f", "3", "-l", "9", *DONE, sets=[3, 4, 5, 6, 7, 8, 9])
def range_partly_beyond(job: Job) -> None: ...


@situation(
    "failed", "terminated", "save_tiff_each.cppipe", *DONE, signal=signal.SIGTERM, env={"JAVA_TOOL_OPTIONS": "-Xrs"}
)
def sigterm_xrs(job: Job) -> None: ...


@situation("failed", "input_missing", "illum_apply.cppipe", *DONE)
def illum_function_missing(job: Job) -> None: ...


@situation("partial", "silent_wrong_result", A)
def image_too_small(job: Job) -> None:
    import struct

    path = job.images / "P1_A02_s1_GFP.tif"
    ifd = (
        struct.pack("<H", 8)
        + b"".join(
            struct.pack("<HHII", tag, 4, 1, value)
            for tag, value in ((256, 2), (257, 2), (258, 16), (259, 1), (262, 1), (273, 110), (278, 2), (279, 8))
        )
        + struct.pack("<I", 0)
    )
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + ifd + struct.pack("<4H", 1, 2, 3, 4))


@situation("failed", "disk_full", "save_tiff_each.cppipe", tmpfs="8k")
def disk_full_tiff(job: Job) -> None: ...


@situation("partial", "disk_full", "save_tiff_each.cppipe", "--always-continue", *DONE, tmpfs="8k")
def disk_full_tiff_continue(job: Job) -> None: ...


@situation("partial", "skipped_by_module", A, *DONE)
def flag_image_skips(job: Job) -> None:
    job.insert("FlagImage", 3, FLAG.replace("Count_Nuclei", "Group_Index").replace("6.5", "1.5"), revision=5)


@situation("failed", "skipped_by_module", A, *DONE)
def flag_image_skips_all(job: Job) -> None:
    job.insert("FlagImage", 3, FLAG, revision=5)


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
    Minimum value:6.5
    Flag images based on high values?:No
    Maximum value:1.0
    Rules file location:Elsewhere...|
    Rules file name:rules.txt
    Class number:
    Allow fuzzy feature matching?:No
    Ignore flag skips on last cycle?:No"""


@situation("succeeded", "complete", A, "--plugins-directory", "{job}/nowhere", *DONE)
def plugin_folder_not_needed(job: Job) -> None: ...


@situation("failed", "out_of_memory", A, env={"JAVA_TOOL_OPTIONS": "-Xmx8m"})
def java_heap_tiny(job: Job) -> None: ...


@situation("succeeded", "complete", "save_bad_metadata.cppipe", *DONE)
def save_by_metadata(job: Job) -> None:
    job.edit("x_\\\\g<Nope>", "x_\\g<Well>_\\g<Site>")


@situation("failed", "pipeline_invalid", "save_bad_metadata.cppipe")
def save_by_unknown_metadata(job: Job) -> None:
    job.edit("x_\\\\g<Nope>", "x_\\g<Nope>")


@situation("partial", "silent_overwrite", "save_tiff_each.cppipe", *DONE)
def save_by_well_only(job: Job) -> None:
    job.edit(
        "Select method for constructing file names:From image filename",
        "Select method for constructing file names:Single name",
    )
    job.edit("Enter single file name:_mask", "Enter single file name:\\g<Well>")


@situation("partial", "input_missing", A, "--always-continue", *DONE, sets=[1, 2, 3, 4])
def last_image_missing_continue(job: Job) -> None:
    (job.images / "P1_A02_s2_GFP.tif").unlink()


@situation("partial", "input_corrupt", A, "--always-continue")
def two_images_empty_continue(job: Job) -> None:
    (job.images / "P1_A01_s1_DNA.tif").write_bytes(b"")
    (job.images / "P1_A02_s2_GFP.tif").write_bytes(b"")


@situation(
    "succeeded", "complete", A, env={"JAVA_HOME": "/nonexistent", "PATH": "/usr/bin"}, note="Java is found elsewhere"
)
def java_home_wrong(job: Job) -> None: ...


@situation("failed", "usage", A, "-L", "{job}/none.conf")
def log_config_missing(job: Job) -> None: ...


@situation(
    "failed",
    "input_unreachable",
    "",
    command=("cellprofiler", "-c", "-r", "-p", "http://127.0.0.1:9/x.cppipe", "-o", "{job}/out"),
)
def pipeline_url_refused(job: Job) -> None: ...


@situation("succeeded", "done_file_unwritable", A, "-d", "{job}/images")
def done_file_is_folder(job: Job) -> None: ...


@situation("failed", "module_error", A, *DONE, plugins=True)
def cancels_on_second(job: Job) -> None:
    job.plugin(
        "def run(self, workspace):\n    if workspace.measurements.image_set_number == 2:\n        workspace.disposition = 'Cancel'"
    )


@situation("partial", "module_error", "save_tiff_each.cppipe", plugins=True)
def cancels_on_second_after_saving(job: Job) -> None:
    job.plugin(
        "def run(self, workspace):\n    if workspace.measurements.image_set_number == 2:\n        workspace.disposition = 'Cancel'",
        at=5,
    )


@situation("failed", "module_error", "save_tiff_each.cppipe", "--always-continue", *DONE, plugins=True)
def raises_in_post_run_continue(job: Job) -> None:
    job.plugin("def post_run(self, workspace):\n    raise AssertionError()", at=5)


@situation("failed", "input_missing", A, "-L", "WARNING", *DONE)
def log_level_warning_image_missing(job: Job) -> None:
    (job.images / "P1_A02_s1_DNA.tif").unlink()


@situation("partial", "input_missing", A, "-L", "ERROR", "--always-continue", *DONE)
def log_level_error_continue(job: Job) -> None:
    (job.images / "P1_A02_s1_DNA.tif").unlink()


@situation("succeeded", "complete", A, "-L", "CRITICAL", *DONE)
def log_level_critical(job: Job) -> None: ...


@situation("partial", "out_of_memory", A, "--always-continue", *DONE, plugins=True)
def two_causes_continue(job: Job) -> None:
    (job.images / "P1_A02_s2_DNA.tif").unlink()
    job.plugin(
        "def run(self, workspace):\n    if workspace.measurements.image_set_number == 2:\n        bytearray(1 << 60)"
    )


@situation("failed", "out_of_memory", A, plugins=True)
def memory_in_prepare_group(job: Job) -> None:
    job.plugin("def prepare_group(self, workspace, grouping, image_numbers):\n    raise MemoryError()")


@situation(
    "failed",
    "cpu_limit",
    A,
    *DONE,
    command=(
        "/bin/sh",
        "-c",
        "ulimit -S -t 3; exec {cellprofiler} -c -r -p {job}/analysis_loaddata.cppipe -i {job}/images -o {job}/out -d {job}/done.txt",
    ),
)
def cpu_limit(job: Job) -> None: ...


@situation(
    "failed",
    "module_error",
    A,
    command=(
        "{python}",
        "-m",
        "cellprofiler",
        "-c",
        "-r",
        "-p",
        "{job}/analysis_loaddata.cppipe",
        "-i",
        "{job}/images",
        "-o",
        "{job}/out",
        "--plugins-directory",
        "{job}/plugins",
        "-d",
        "{job}/done.txt",
    ),
)
def python_dash_m_raises(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    assert workspace.measurements.image_set_number != 4, 'the last one'")


@situation("succeeded", "complete", "analysis_loaddata_grouped.cppipe", *DONE)
def grouped_all(job: Job) -> None: ...


@situation("partial", "range_splits_group", "illum_grouped.cppipe", "-f", "2", "-l", "4", *DONE, sets=[2, 3, 4])
def illum_range_splits_first_group(job: Job) -> None: ...


@situation("succeeded", "complete", "illum_grouped.cppipe", "-f", "3", "-l", "4", *DONE, sets=[3, 4])
def illum_range_is_one_group(job: Job) -> None: ...


@situation("failed", "input_corrupt", A, *DONE)
def image_is_garbage_png(job: Job) -> None:
    from_tiff_to_png(job, None)
    path = job.images / "P1_A01_s1_DNA.png"
    data = bytearray(path.read_bytes())
    data[60:90] = b"\x13" * 30
    path.write_bytes(data)


@situation("failed", "input_missing", A)
def csv_missing(job: Job) -> None:
    (job.images / "load_data.csv").rename(job.images / "other.csv")


@situation("failed", "pipeline_invalid", A, *DONE)
def group_tag_missing(job: Job) -> None:
    job.edit("Group images by metadata?:No", "Group images by metadata?:Yes")
    job.edit("Select metadata tags for grouping:", "Select metadata tags for grouping:Batch")


@situation("partial", "range_beyond_end", A, *DONE)
def rows_limited_by_the_pipeline(job: Job) -> None:
    job.edit("Process just a range of rows?:No", "Process just a range of rows?:Yes")
    job.edit("Rows to process:1,100000", "Rows to process:1,3")


@situation("failed", "input_metadata", A, *DONE)
def csv_column_twice(job: Job) -> None:
    table = job.images / "load_data.csv"
    table.write_text(table.read_text().replace("Metadata_Site", "Metadata_Well"))


@situation("failed", "output_not_writable", "save_tiff_each.cppipe", *DONE)
def output_file_is_a_folder(job: Job) -> None:
    (job.folder / "out" / "P1_A01_s2_DNA_mask.tiff").mkdir()


@situation("failed", "module_error", A, *DONE, plugins=True)
def numpy_shapes(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    import numpy\n    numpy.zeros((3, 3)) + numpy.zeros((4, 4))")


@situation("failed", "native_crash", A, plugins=True)
def c_abort(job: Job) -> None:
    job.plugin("def run(self, workspace):\n    ctypes.CDLL(None).abort()")


@situation("failed", "terminated", A, plugins=True)
def keyboard_interrupt(job: Job) -> None:
    job.plugin(
        "def run(self, workspace):\n    if workspace.measurements.image_set_number == 3:\n        raise KeyboardInterrupt()"
    )
