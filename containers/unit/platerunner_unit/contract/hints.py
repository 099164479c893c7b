"""What to do about a failure: by the rule that found its cause and the tool that ran; by the category alone at last.

A new rule has its hint here or beside the rule. A hint says what its reader can do about this very cause, with the
tool that they use: somebody who runs a command has no pipeline to save.
"""

from __future__ import annotations

from typing import Optional

from platerunner_unit.contract.category import CATEGORIES, Category
from platerunner_unit.contract.evidence import PreflightProblem, Verdict

C = Category
CELLPROFILER, COMMAND = "cellprofiler", "command"
ARGV = "Correct the step's `argv` in the spec; for many files, `{unit}` is the path of a JSON file that names them all."
TOO_LONG = (
    "Give the program `{unit}` in place of the files: the path of a JSON file with all inputs, outputs and parameters."
)
# By rule, for any tool; what stands with a tool is for that one alone.
BY_RULE: dict[str, str] = {
    "miscounted": "Open the pipeline in CellProfiler, see whether all its modules are there, save it, and commit it.",
    "disk_used_up": "Give the step more `resources.disk`.",
    "vanished": "Look at the module that the log ends with: something in it ended the whole program.",
    "skipped": (
        "Look at the images named, and at the module after which they went no further. Exclude them in the spec with a "
        "reason, then clear the task."
    ),
    "flagged": (
        "If they may be missing, write `allow_flagged: true` into the step; else change the limits of FlagImage, or "
        "exclude the images in the spec with a reason. Then clear the task."
    ),
    "output_missing": "Compare the step's `outputs` with the names of the files that the tool wrote.",
    "output_damaged": "Look in the log for how the program ended: it may have stopped in the middle of writing this.",
    "output_is_folder": (
        'If the folder is one thing, say so: `{folder: "x.zarr"}` in place of `x.zarr`. Else let the tool pack it into '
        "one file, or give its files outputs with `at_least`, one for each depth: `x.zarr/{part}`, "
        "`x.zarr/{row}/{chunk}`."
    ),
    "output_is_file": "Write the output as a path, without `folder`.",
    "not_an_output": (
        'If the folder is one thing, write `{folder: "x.zarr"}`. Else give these files an output of their own (one for '
        "each depth: `x.zarr/{part}`, `x.zarr/{row}/{chunk}`), let the tool pack the folder into one file, or let it "
        "write them somewhere else."
    ),
    "load_data_error": "Compare the step's `load_data` with the columns that the pipeline's modules use.",
    "pipeline_unread": "Export the pipeline again from CellProfiler 4.2, and commit the whole file.",
    "options": "Use an image with CellProfiler 4.2: this one does not know an option that the runner gives it.",
    "java_start": "Use an image whose Java works: JAVA_HOME names a JRE, and its heap fits into `resources.memory`.",
    "installation": "Use an image in which the program starts; the line says what this one lacks.",
    "read_failed": "Replace the file by a good copy, or exclude it in the spec with a reason, then clear the task.",
    "other_rows": (
        "Let one ExportToSpreadsheet write this table, and no module or plugin add to it; then clear the task."
    ),
    "names_changed": (
        "Take a LoadData plugin of your own out of `with: plugins`, or use an image with CellProfiler 4.2.8."
    ),
}
BY_RULE_AND_TOOL: dict[tuple[str, str], str] = {
    ("nothing_matched", CELLPROFILER): (
        "Compare what the pipeline's input modules select (names, groups, range of rows) with the files of this unit."
    ),
    ("tool_failed", COMMAND): "Read the line and the log above it; correct the command, its parameters or its data.",
    (
        "never_started",
        CELLPROFILER,
    ): "Use an image that has CellProfiler; on a laptop, `make cellprofiler` installs it.",
    ("never_started", COMMAND): "Use an image that has the program, or correct the step's `argv`.",
}
# For what the checks before the start found without a hint of their own, and for rules that have none.
BY_CATEGORY_AND_TOOL: dict[tuple[Category, str], str] = {
    (C.PIPELINE_INVALID, CELLPROFILER): (
        "Correct what the sentence names, in the pipeline or in the step's `load_data`, and commit it."
    ),
    (C.PIPELINE_INVALID, COMMAND): "Correct the step's `argv` or its parameters in the spec, and commit it.",
    (C.TOOL_ERROR, CELLPROFILER): (
        "Run the pipeline on this unit's images in CellProfiler to see the error; fix it, or exclude the images."
    ),
    (C.MISCONFIGURED, CELLPROFILER): "Correct the image or the step as the sentence says.",
    (C.MISCONFIGURED, COMMAND): "Correct the image, or the step's `argv`, as the sentence says.",
    (C.ACCESS_DENIED, CELLPROFILER): "Give the job's role the permission that the line names.",
    (C.ACCESS_DENIED, COMMAND): "Give the job's role the permission that the line names.",
}


def hint(category: Category, rule: str = "", tool: Optional[str] = None) -> str:
    """What to do about a cause.

    :param category: what it means.
    :param rule: the rule that found it; empty if it is not known.
    :param tool: what ran; None if it is not known.
    """
    if tool is not None and (rule, tool) in BY_RULE_AND_TOOL:
        return BY_RULE_AND_TOOL[rule, tool]
    if BY_RULE.get(rule):
        return BY_RULE[rule]
    if tool is not None and (category, tool) in BY_CATEGORY_AND_TOOL:
        return BY_CATEGORY_AND_TOOL[category, tool]
    return CATEGORIES[category].hint


def hint_of(verdict: Verdict) -> str:
    """What to do about a verdict; older versions recorded no hint."""
    return verdict.hint or CATEGORIES[Category(verdict.category)].hint


def not_started(clause: str, remedy: str, *, too_long: bool) -> PreflightProblem:
    """The problem of a program that the system would not start.

    :param clause: what the system said.
    :param remedy: of the tool, for a program that is missing.
    :param too_long: whether its command line was.
    """
    if too_long:
        return PreflightProblem(C.PIPELINE_INVALID.value, f"{clause}.", TOO_LONG)
    return PreflightProblem(C.MISCONFIGURED.value, f"{clause}.", remedy)
