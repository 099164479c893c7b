"""A cause is looked for where the traceback stood, and nowhere else if the traceback tells it."""

import pytest

from platerunner_unit.contract.evidence import Evidence
from platerunner_unit.judge import judge
from platerunner_unit.log.detector import Detector

RUN = """\
Traceback (most recent call last):
  File "cellprofiler_core/pipeline/_pipeline.py", line 1016, in run_with_yield
    self.run_module(module, workspace)
  File "cellprofiler_core/pipeline/_pipeline.py", line 1349, in run_module
    module.run(workspace)
  File "cellprofiler/modules/identifyprimaryobjects.py", line 1076, in run
    binary_image = self._threshold_image(image)
"""
BEGAN = "Times reported are CPU and Wall-clock times for each module\n"
MARK = "Error detected during run of module IdentifyPrimaryObjects\n"
DONE = "Sat Nov 21 10:16:26 2026: Image # 1, module LoadData # 1: CPU_time = 0.08 secs, Wall_time = 0.08 secs\n"
PLUGIN = """\
Could not load runcellmagic
Traceback (most recent call last):
  File "cellprofiler_core/utilities/core/modules/__init__.py", line 71, in add_module
    m = __import__(mod, globals(), locals(), ["__all__"], 0)
  File "plugins/runcellmagic.py", line 1, in <module>
    {source}
{exception}
could not load these modules: runcellmagic
Failed to load pipeline
Traceback (most recent call last):
  File "cellprofiler_core/pipeline/_pipeline.py", line 543, in setup_modules
    module = self.setup_module(
  File "cellprofiler_core/utilities/core/modules/__init__.py", line 175, in get_module_class
    raise ValueError("Could not find the %s module" % module_class)
ValueError: Could not find the {module} module
"""


def told(log, tool="cellprofiler", code=1):
    detector = Detector()
    detector.feed(log.encode())
    detector.close()
    known = {"matches": detector.matches, "tail": detector.tail, "sets_started": detector.sets_started}
    if tool == "cellprofiler":
        known.update(sets_asked=(1, 2), done_file_asked=True, done_file="Failure")
    return judge(Evidence(tool=tool, exit_code=code, **known))


@pytest.mark.parametrize(
    "exception",
    [
        "IndexError: index 0 is out of bounds for axis 0 with size 0",
        "ValueError: zero-size array to reduction operation maximum which has no identity",
        "ValueError: cannot reshape array of size 12 into shape (5,3)",
    ],
)
def test_what_a_module_stumbles_over_is_no_missing_image_set_and_no_damaged_file(exception):
    verdict = told(BEGAN + DONE + MARK + RUN + exception + "\n")
    assert verdict.category == "tool_error"
    assert exception in verdict.sentence


def test_the_same_index_error_after_the_run_says_that_nothing_was_selected():
    log = """\
Failed to complete post_run processing for module ExportToSpreadsheet.
Traceback (most recent call last):
  File "cellprofiler_core/pipeline/_pipeline.py", line 1535, in post_run
    module.post_run(workspace)
IndexError: index 0 is out of bounds for axis 0 with size 0
"""
    assert told(BEGAN + log).category == "nothing_matched"


@pytest.mark.parametrize("lines", [0, 5, 50])
def test_a_warning_before_it_is_no_cause(lines):
    noise = "Matplotlib: cannot write its cache: Permission denied: '/root/.cache'\n" + "working\n" * lines
    verdict = told(BEGAN + DONE + noise + MARK + RUN + "ValueError: operands could not be broadcast\n")
    assert verdict.category == "tool_error"
    assert "operands could not be broadcast" in verdict.sentence


def test_a_warning_after_it_is_none_either():
    log = BEGAN + DONE + MARK + RUN + "ValueError: operands could not be broadcast\n" + "working\n" * 9
    assert told(log + "cache: Permission denied\n").category == "tool_error"


def test_what_java_said_before_it_counts_where_the_exception_refers_to_it():
    java = "loci.formats.UnknownFormatException: Unknown file format: /d/a.tif\n" + "\tat loci.formats\n" * 9
    last = "OSError: [Errno 22] Could not load the file as an image (see log for details): b'/d/a.tif'\n"
    verdict = told(BEGAN + java + MARK.replace("IdentifyPrimaryObjects", "LoadData") + RUN + last)
    assert verdict.category == "input_unreadable"


@pytest.mark.parametrize(
    ("exception", "hint"),
    [
        ("ModuleNotFoundError: No module named 'cellmagic.core'", "Python package `cellmagic.core`"),
        ("SyntaxError: invalid syntax", "Fix the plugin"),
        ("ImportError: cannot import name 'x' from 'numpy'", "Fix the plugin"),
    ],
)
def test_a_plugin_that_cannot_be_imported_says_why(exception, hint):
    verdict = told(PLUGIN.format(source="import it", exception=exception, module="RunCellMagic"))
    assert verdict.category == "plugin_missing"
    assert f"the plugin RunCellMagic could not be imported: {exception}" in verdict.sentence
    assert hint in verdict.hint
    assert verdict.line == exception


def test_another_plugins_trouble_is_not_the_missing_modules():
    exception = "ModuleNotFoundError: No module named 'x'"
    verdict = told(PLUGIN.format(source="import x", exception=exception, module="MeasureFoam"))
    assert "this CellProfiler has no module MeasureFoam" in verdict.sentence
    assert "`with: {plugins: ...}`" in verdict.hint


SCRIPT = """\
Traceback (most recent call last):
  File "/opt/lab/stitch.py", line 9, in <module>
    load(sys.argv[1])
  File "/opt/lab/stitch.py", line 4, in load
    raise ValueError("tile 3 has no neighbour")
"""


def test_the_traceback_that_ends_a_command_is_its_cause():
    noise = "warning: cache: Permission denied\n" + "tile\n" * 40
    verdict = told(noise + SCRIPT + "ValueError: tile 3 has no neighbour\n", tool="command")
    assert verdict.category == "tool_error"
    assert verdict.sentence == "The tool failed: ValueError: tile 3 has no neighbour."
    assert "installation" not in verdict.sentence


def test_a_package_that_a_commands_image_lacks_is_named():
    verdict = told(SCRIPT + "ModuleNotFoundError: No module named 'cellpose'\n", tool="command")
    assert verdict.category == "misconfigured"
    assert "Python package cellpose" in verdict.sentence


def test_a_shell_that_takes_no_more_arguments_points_to_the_unit_file():
    verdict = told("sh: 1: convert: Argument list too long\n", tool="command", code=126)
    assert verdict.category == "pipeline_invalid"
    assert "`{unit}`" in verdict.hint
