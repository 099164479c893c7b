"""How far from a mark, or from the traceback that ended the process, a line may stand and still be its cause."""

# ruff: noqa: E501  (sentences stand in one piece)

import pytest

from platerunner_unit.contract.evidence import Evidence, LogMatch
from platerunner_unit.judge import judge

BROKEN = "ValueError: operands could not be broadcast"
DENIED = "OSError: [Errno 13] Permission denied: '/out'"


def mark(number, image_set=None, module="Crop"):
    return LogMatch("module_error", f"Error detected during run of module {module}", number, image_set)


def exception(number, line=BROKEN, image_set=None, frames="run"):
    return LogMatch("exception", line, number, image_set, frames)


def denied(number, image_set=None):
    return LogMatch("read_only", DENIED, number, image_set)


def judged(*matches, tool="cellprofiler", **more):
    found = tuple(sorted(matches, key=lambda match: match.number))
    return judge(Evidence(tool=tool, exit_code=1, sets_started=(1, 2, 3), sets_asked=(1, 2, 3), matches=found, **more))


@pytest.mark.parametrize(
    ("number", "counts"), [(39, False), (40, True), (99, True), (101, True), (400, True), (401, False)]
)
def test_a_mark_without_a_traceback_has_its_cause_around_it(number, counts):
    verdict = judged(mark(100), denied(number))
    assert (verdict.line == DENIED) is counts
    assert verdict.sentence.startswith("Crop failed: a folder" if counts else "Crop failed: no more is said.")


@pytest.mark.parametrize(
    ("number", "counts"), [(99, False), (100, True), (105, True), (110, True), (115, True), (116, False)]
)
def test_a_traceback_after_a_mark_has_its_cause_within_and_a_few_lines_on(number, counts):
    verdict = judged(mark(100), exception(110), denied(number))
    assert (verdict.category, verdict.line) == (("misconfigured", DENIED) if counts else ("tool_error", BROKEN))


@pytest.mark.parametrize("word", ["java.io: x", "Java failed", "see log for details"])
@pytest.mark.parametrize(("number", "counts"), [(39, False), (40, True)])
def test_what_java_said_may_stand_before_the_mark(word, number, counts):
    assert (judged(mark(100), exception(110, f"OSError: {word}"), denied(number)).line == DENIED) is counts


@pytest.mark.parametrize(("number", "told"), [(101, True), (400, True), (401, False)])
def test_how_far_behind_a_mark_its_exception_may_stand(number, told):
    verdict = judged(mark(100), exception(number))
    assert (verdict.line == BROKEN) is told


def test_the_next_mark_ends_the_search_for_an_exception():
    second = LogMatch("post_run_error", "Failed to complete post_run processing for module Save.", 105)
    assert judged(mark(100), second, exception(110)).sentence == "Crop failed: no more is said."
    plugin = LogMatch("plugin_import", "Could not load brokenplug", 105)
    assert judged(mark(100), plugin, exception(110)).sentence == "Crop failed: no more is said."
    assert judged(mark(100), denied(105), exception(110)).line == DENIED


def test_of_a_chain_of_exceptions_the_last_is_told():
    assert judged(mark(100), exception(105, "KeyError: 'a'"), exception(110)).line == BROKEN


def test_the_exception_of_the_marks_own_image_set_is_told():
    other = exception(120, "KeyError: 'of another'", 3)
    assert judged(mark(100, 2), exception(110, image_set=2), other).line == BROKEN
    assert judged(mark(100, 2), other).line == "KeyError: 'of another'"
    assert judged(mark(100), exception(110, image_set=2), other).line == "KeyError: 'of another'"


@pytest.mark.parametrize(
    ("image_set", "number", "module"),
    [(1, 150, "Crop"), (2, 150, "Save"), (2, 145, "Save"), (1, 155, "Crop"), (None, 120, "Crop"), (None, 180, "Save")],
)
def test_a_cause_belongs_to_the_mark_of_its_image_set_else_to_the_nearest(image_set, number, module):
    verdict = judged(mark(100, 1), mark(200, 2, "Save"), denied(number, image_set))
    assert verdict.sentence.startswith(f"{module} failed on image set {1 if module == 'Crop' else 2}: a folder")


def test_a_dropped_image_set_is_told_wherever_it_stands():
    line = "Error for image set, channel=P1 / A02, metadata=GFP: it has no match"
    verdict = judged(mark(100), exception(110), LogMatch("set_dropped", line, 900))
    assert (verdict.category, verdict.line) == ("input_missing", line)


@pytest.mark.parametrize(
    ("number", "counts"), [(93, False), (94, True), (100, True), (105, True), (106, False)]
)  # two frames of three lines each, and what an exception says in more than a line
def test_the_traceback_that_ended_the_process_has_its_cause_within(number, counts):
    verdict = judged(exception(100, frames="a>b"), denied(number), tool="command")
    assert (verdict.category, verdict.line) == (("misconfigured", DENIED) if counts else ("tool_error", BROKEN))


@pytest.mark.parametrize(
    ("first", "number", "counts"), [(91, 91, True), (92, 92, True), (91, 90, False), (90, 90, False)]
)
def test_the_traceback_that_it_arose_from_belongs_to_it(first, number, counts):
    matches = (exception(first, "KeyError: 'a'", frames="a"), exception(100, frames="a>b"), denied(number))
    assert (judged(*matches, tool="command").line == DENIED) is counts


@pytest.mark.parametrize(("number", "counts"), [(33, False), (34, True)])
def test_what_java_said_may_stand_before_the_last_traceback(number, counts):
    last = exception(100, "OSError: (see log for details)", frames="a>b")
    assert (judged(last, denied(number)).line == DENIED) is counts


def test_memory_and_disk_explain_the_run_wherever_they_stand():
    full = LogMatch("disk", "OSError: [Errno 28] No space left on device", 5)
    assert judged(full, exception(500)).category == "out_of_disk"
    assert judged(denied(5), exception(500)).line == BROKEN
    assert judged(full, mark(400), exception(410)).line == BROKEN


HARMLESS = "ModuleNotFoundError: No module named 'MySQLdb'"


def test_the_traceback_that_every_installation_without_mysql_prints_is_no_cause():
    assert judged(exception(10, HARMLESS)).rule == "vanished"
    assert judged(exception(10), exception(500, HARMLESS)).line == BROKEN
    assert judged(exception(10, HARMLESS), denied(300)).line == DENIED


@pytest.mark.parametrize(
    ("frames", "category", "sentence"),
    [
        ("main>load", "pipeline_invalid", "The tool failed: the pipeline file could not be read (ValueError:"),
        ("main>setup_modules", "pipeline_invalid", "The tool failed: the pipeline file could not be read ("),
        ("main>load>parse_args", "pipeline_invalid", "The tool failed: the pipeline file could not be read ("),
        ("main>set_log_level", "misconfigured", "The tool failed: its command line is wrong ("),
        ("start_java>set_log_level", "misconfigured", "The tool failed: its command line is wrong ("),
        ("main>start_java", "misconfigured", "The tool failed: Java could not be started ("),
        ("<module>>start_vm", "misconfigured", "The tool failed: Java could not be started ("),
        ("<module>", "misconfigured", "The tool failed: the installation is not whole ("),
        ("<module>>main", "tool_error", f"The tool failed: {BROKEN}."),
        ("<module>>main>load", "pipeline_invalid", "The tool failed: the pipeline file could not be read ("),
        ("main>run", "tool_error", f"The tool failed: {BROKEN}."),
    ],
)
def test_what_the_last_traceback_went_through(frames, category, sentence):
    verdict = judged(exception(5, "KeyError: 'first'"), exception(500, frames=frames))
    assert verdict.category == category
    assert verdict.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("rule", "frames", "category", "clause"),
    [
        ("module_error", "run>__set_image>read", "input_unreadable", "an image could not be read (ValueError:"),
        ("module_error", "run>get_image_reader", "input_unreadable", "an image could not be read (ValueError:"),
        ("module_error", "run>read", "tool_error", BROKEN),
        ("load_data_error", "prepare_run", "input_unreadable", BROKEN),
        ("load_error", "setup_module", "pipeline_invalid", BROKEN),
        ("prepare_run_error", "prepare_run", "tool_error", BROKEN),
    ],
)
def test_what_the_traceback_behind_a_mark_went_through(rule, frames, category, clause):
    verdict = judged(LogMatch(rule, "Failed to do it for module Crop", 100), exception(110, frames=frames))
    assert verdict.category == category
    assert f": {clause}" in verdict.sentence


@pytest.mark.parametrize(("rule", "category"), [("module_error", "tool_error"), ("load_data_error", "input_unreadable"), ("load_error", "pipeline_invalid")])  # fmt: skip
def test_a_mark_alone_means_what_it_says(rule, category):
    verdict = judged(LogMatch(rule, "Failed to do it for module Crop", 100))
    assert verdict.category == category
    assert verdict.sentence.endswith(": no more is said.")


def test_what_is_told_at_last():
    crop = LogMatch("dimensions", "Warning: loading image files of different dimensions.", 5)
    assert judged(crop, exception(500)).category == "partial"
    assert judged(crop, mark(400), exception(410)).line == BROKEN
    assert judged(crop, denied(50)).line == DENIED


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"KeyError: {'x' * 190}", f"KeyError: {'x' * 190}."),
        (f"KeyError: {'x' * 191}", f"KeyError: {'x' * 187}...."),
        ("  KeyError: 'a'.. ", "KeyError: 'a'."),
    ],
)
def test_a_line_as_it_fits_into_a_sentence(line, told):
    verdict = judged(exception(500, line), tool="command")
    assert (verdict.sentence, verdict.line) == (f"The tool failed: {told}", line)


@pytest.mark.parametrize(
    ("rule", "line", "told"),
    [
        ("path_missing", "FileNotFoundError: [Errno 2] No such file or directory: '/d/a.txt'", "the file /d/a.txt does not exist"),
        ("path_missing", "FileNotFoundError: /d/b.txt", "the file /d/b.txt does not exist"),
        ("path_missing", "java.io.FileNotFoundException: /d/c.txt", "the file /d/c.txt does not exist"),
        ("path_missing", "OSError: (unable to open, name = '/d/e.h5', errno = 2, x)", "the file /d/e.h5 does not exist"),
        ("image_missing", 'The file, "/d/A02.tif", does not exist.', "the file /d/A02.tif does not exist"),
        ("grouping_keys", "The grouping keys specified on the command line () must be the same as (Well)", "asked for (none) are not those of the pipeline (Well)"),
        ("java_unencodable", "java.io.FileNotFoundException: /d/Pl??_A01.tif", "the name of /d/Pl??_A01.tif has letters"),
        ("java_unencodable", "java.io.FileNotFoundException: /d/Pl??_A01.tif (No such file)", "the name of /d/Pl??_A01.tif has letters"),
        ("csv_row", "ValueError: Error on line 6 of a.b.csv.", "line 6 of a.b.csv has not as many cells"),
        ("pipeline_version", "Pipeline file version is 7.", "has format 7, which is newer"),
    ],
)  # fmt: skip
def test_the_name_that_a_line_gives_is_in_the_sentence(rule, line, told):
    assert told in judged(LogMatch(rule, line, 10)).sentence
