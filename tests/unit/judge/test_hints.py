"""Every pair of a cause and what to do about it, read one by one."""

import pytest

from platerunner_unit.contract.category import CATEGORIES, Actor, Category
from platerunner_unit.contract.evidence import Evidence, LogMatch, OutputFound, PreflightProblem, Verdict
from platerunner_unit.contract.hints import COMMAND, hint, hint_of
from platerunner_unit.judge import judge
from platerunner_unit.log.causes import CAUSES, LAST_RESORT
from platerunner_unit.reference import pairs

PAIRS = list(pairs())
# Words of CellProfiler's world, which mean nothing to whoever runs a command; and words of a command's.
CELLPROFILERS = ("pipeline", "load_data", "CellProfiler", "module", "plugin", "image set")
COMMANDS = ("argv", "{unit}")
# What a remedy of a category cannot do without.
NAMED = {Category.OUT_OF_MEMORY: "resources.memory", Category.OUT_OF_DISK: "resources.disk"}
# Causes whose remedy must name the very thing that was wrong.
TOLD = {
    ("arguments_too_long", COMMAND): "`{unit}`",
    ("package_missing", COMMAND): "package",
    ("mysql_missing", "cellprofiler"): "mysqlclient",
    ("module_unknown", "cellprofiler"): "plugins",
    ("pipeline_version", "cellprofiler"): "version",
    ("overwrite_refused", "cellprofiler"): "Overwrite",
    ("image_damaged", COMMAND): "good copy",
    ("output_missing", COMMAND): "`outputs`",
    ("output_missing", "cellprofiler"): "`outputs`",
    ("never_started", COMMAND): "`argv`",
    ("never_started", "cellprofiler"): "CellProfiler",
}


@pytest.mark.parametrize(("rule", "category", "tool", "text"), PAIRS, ids=lambda value: str(value)[:40])
def test_a_hint_is_a_sentence_for_its_cause_and_its_tool(rule, category, tool, text):
    if CATEGORIES[category].who is not Actor.NOBODY:
        assert text.endswith("."), (rule, category)
    foreign = CELLPROFILERS if tool == COMMAND else COMMANDS
    assert not [word for word in foreign if word in text], (rule, category, text)
    assert NAMED.get(category, "") in text
    assert TOLD.get((rule, tool), "") in text


def test_every_cause_that_the_log_can_tell_is_among_them():
    told = {rule for rule, _, _, _ in PAIRS}
    assert {rule.name for rule in (*CAUSES, *LAST_RESORT)} <= told
    assert all(found in {(rule, tool) for rule, _, tool, _ in PAIRS} for found in TOLD)


def test_no_rule_of_the_log_leaves_its_hint_to_the_category():
    assert [rule.name for rule in (*CAUSES, *LAST_RESORT) if not rule.hint] == []


def test_a_checks_own_remedy_comes_first():
    problem = PreflightProblem("pipeline_invalid", "It is so.", "Do that.")
    assert judge(Evidence(tool=COMMAND, started=False, preflight=(problem,))).hint == "Do that."
    bare = PreflightProblem("pipeline_invalid", "It is so.")
    assert "argv" in judge(Evidence(tool=COMMAND, started=False, preflight=(bare,))).hint


def test_the_log_of_a_command_is_not_read_as_cellprofilers():
    line = "ValueError: The DNA image is missing from the pipeline."
    matches = (LogMatch("name_missing", line, 9), LogMatch("exception", line, 9, frames="<module>>load"))
    verdict = judge(Evidence(tool=COMMAND, exit_code=1, matches=matches, tail=(line,)))
    assert (verdict.category, verdict.sentence) == ("tool_error", f"The tool failed: {line}")
    assert "pipeline" not in verdict.hint


def test_every_failure_has_a_hint_and_a_success_has_none():
    good = Evidence(tool=COMMAND, exit_code=0, outputs=(OutputFound("a", 1),))
    assert judge(good).hint == ""
    assert judge(Evidence(tool=COMMAND, exit_code=3)).hint == hint(Category.TOOL_ERROR, "tool_failed", COMMAND)


def test_a_record_of_an_older_version_is_told_by_its_category():
    assert hint_of(Verdict("out_of_memory", "It was killed.")) == CATEGORIES[Category.OUT_OF_MEMORY].hint


@pytest.mark.parametrize(
    ("output", "hint"),
    [
        (OutputFound("a.npy", 5, "is cut off"), "Look in the log for how the program ended"),
        (OutputFound("a.npy", None), "Compare the step's `outputs` with the names"),
    ],
)
def test_what_was_written_badly_is_no_matter_of_names(output: OutputFound, hint: str) -> None:
    assert judge(Evidence(tool=COMMAND, exit_code=0, outputs=(output,))).hint.startswith(hint)
