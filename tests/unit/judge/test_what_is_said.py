"""The sentence for each evidence, to the number: a person at night reads it and nothing else."""

# ruff: noqa: E501  (sentences stand in one piece)

from dataclasses import replace

import pytest

from platerunner_unit.contract.evidence import (
    BatchEvidence,
    Evidence,
    LogMatch,
    OutputFound,
    PreflightProblem,
    WrittenFile,
)
from platerunner_unit.contract.transfer import TransferFailure
from platerunner_unit.judge import judge

GOOD = Evidence(
    tool="cellprofiler",
    exit_code=0,
    done_file_asked=True,
    done_file="Complete",
    sets_asked=(1, 2, 3),
    sets_started=(1, 2, 3),
    sets_finished=(1, 2, 3),
    outputs=(OutputFound("a.csv", 100), OutputFound("b.tiff", 10)),
    set_labels=((2, "well A02, site 1"),),
    tail=("the last line",),
)
MISSING = OutputFound("a.csv", None)
COMMAND = Evidence(tool="command", exit_code=0, outputs=(OutputFound("a.png", 10),), tail=("the last line",))


def match(rule, line, number=10, image_set=None, frames=""):
    return LogMatch(rule, line, number, image_set, frames)


def transfers(*kinds):
    return tuple(TransferFailure(kind, f"s3://b/{i}", "", f"s3://b/{i}: so it was") for i, kind in enumerate(kinds))


@pytest.mark.parametrize(
    ("kind", "category", "sentence"),
    [
        ("failed", "transfer_failed", "Copying files failed: s3://b/0: so it was."),
        ("changed", "transfer_failed", "Copying files failed: s3://b/0: so it was."),
        ("throttled", "throttled", "Copying files failed: s3://b/0: so it was."),
        ("disk_full", "out_of_disk", "Copying files failed: s3://b/0: so it was."),
        ("missing", "input_missing", "s3://b/0: so it was."),
        ("denied", "access_denied", "s3://b/0: so it was."),
        ("archived", "input_archived", "s3://b/0: so it was."),
    ],
)
def test_what_could_not_be_copied(kind, category, sentence):
    verdict = judge(replace(GOOD, transfers=transfers(kind)))
    assert (verdict.category, verdict.sentence, verdict.notes) == (category, sentence, ())
    more = judge(replace(GOOD, transfers=transfers(*[kind] * 23)))
    assert more.sentence == f"{sentence} (22 more like this.)"
    assert more.notes == tuple(f"s3://b/{i}: so it was" for i in range(1, 21))
    assert judge(replace(GOOD, transfers=transfers(kind, kind))).sentence == f"{sentence} (1 more like this.)"


def problems(count, category="input_unreadable"):
    return tuple(PreflightProblem(category, f"{i}.tif is cut off.") for i in range(count))


def test_what_was_found_before_the_start():
    one = judge(replace(GOOD, preflight=problems(1)))
    assert (one.sentence, one.notes) == ("0.tif is cut off.", ())
    assert judge(replace(GOOD, preflight=problems(2))).sentence == "0.tif is cut off. (1 more like this.)"
    many = judge(replace(GOOD, preflight=problems(23)))
    assert many.sentence == "0.tif is cut off. (22 more like this.)"
    assert many.notes == tuple(f"{i}.tif is cut off." for i in range(1, 21))
    assert judge(replace(GOOD, preflight=problems(1, "succeeded"))).category == "unknown"
    assert judge(replace(GOOD, preflight=problems(1, "a newer word"))).category == "unknown"
    blank = judge(replace(GOOD, preflight=(PreflightProblem("partial", " "),)))
    assert blank.sentence == "A check before the start failed."


@pytest.mark.parametrize(
    ("category", "change", "expected"),
    [
        ("partial", {}, ("partial", True)),
        ("partial", {"started": False}, ("pipeline_invalid", False)),
        ("partial", {"exit_code": 1}, ("partial", False)),
        ("input_unreadable", {}, ("input_unreadable", False)),
        ("input_unreadable", {"started": False}, ("input_unreadable", False)),
    ],
)
def test_a_check_that_foresaw_lost_image_sets(category, change, expected):
    verdict = judge(replace(GOOD, preflight=problems(1, category), **change))
    assert (verdict.category, verdict.partial) == expected


def test_a_tool_that_was_never_started():
    verdict = judge(replace(GOOD, started=False, exit_code=None))
    assert (verdict.category, verdict.sentence) == ("misconfigured", "The tool could not be started.")
    assert judge(replace(GOOD, started=False, exit_code=None, stopped_by="user")).category == "stopped_by_user"


@pytest.mark.parametrize(("count", "blocks", "invalid"), [(4, 3, True), (3, 4, True), (4, 4, False), (None, 3, False), (4, None, False)])  # fmt: skip
def test_a_header_that_counts_otherwise_than_the_file(count, blocks, invalid):
    verdict = judge(replace(GOOD, module_count=count, module_blocks=blocks, outputs=(MISSING,)))
    assert (verdict.category == "pipeline_invalid") is invalid
    if invalid:
        assert verdict.sentence == f"The pipeline says that it has {count} modules, but it has {blocks}."


SKIP = match("module_error", "Error detected during run of module Crop", 20, 2)
CAUSE = match("csv_row", "ValueError: Error on line 6 of a.csv.", 25, 2)


@pytest.mark.parametrize(
    ("change", "sentence", "notes", "partial"),
    [
        ({"sets_finished": (1, 3)}, "CellProfiler skipped 1 of 3 image sets: Crop failed on image set 2 (well A02, site 1): line 6", (), True),
        ({"sets_finished": (1,)}, "CellProfiler skipped 2 of 3 image sets: Crop failed", ("Skipped: image set 2 (well A02, site 1), image set 3.",), True),
        ({}, "CellProfiler may have used wrong data: Crop failed on", (), True),
        ({"exit_code": 1, "sets_finished": (1,)}, "Crop failed on image set 2 (well A02, site 1): line 6 of a.csv", (), False),
        ({"exit_code": 1, "matches": (CAUSE,), "warnings": ("Mind it.",)}, "The tool failed: line 6 of a.csv has not", ("Mind it.",), False),
        ({"exit_code": 1, "matches": (CAUSE,), "sets_started": ()}, "The tool did not start its work: line 6", (), False),
    ],
)  # fmt: skip
def test_what_a_cause_cost(change, sentence, notes, partial):
    verdict = judge(replace(GOOD, **{"matches": (SKIP, CAUSE), **change}))
    assert verdict.sentence.startswith(sentence)
    assert (verdict.category, verdict.notes, verdict.partial) == ("input_unreadable", notes, partial)


def test_a_commands_cause_is_a_failure_although_it_has_no_image_sets():
    cause = match("disk", "No space left on device")
    assert judge(replace(COMMAND, exit_code=1, matches=(cause,))).sentence.startswith("The tool failed: the disk is")


@pytest.mark.parametrize(
    ("free", "code", "category"),
    [(0, 1, "out_of_disk"), ((8 << 20) - 1, 1, "out_of_disk"), (8 << 20, 1, "tool_error"), (0, 0, "succeeded"), (None, 1, "tool_error")],
)  # fmt: skip
def test_a_disk_with_hardly_a_byte(free, code, category):
    assert judge(replace(COMMAND, exit_code=code, disk_free=free)).category == category


def test_how_much_of_the_disk_was_left():
    sentence = judge(replace(COMMAND, exit_code=1, disk_free=3 << 19)).sentence
    assert sentence == "Only 1.5 MiB of disk were left when the tool failed."


@pytest.mark.parametrize(
    ("number", "category", "sentence"),
    [
        (1, "stopped_by_user", "It was hung up (SIGHUP)."),
        (2, "stopped_by_user", "It was interrupted (SIGINT)."),
        (3, "stopped_by_user", "It was told to quit (SIGQUIT)."),
        (4, "tool_error", "It crashed (SIGILL)."),
        (6, "tool_error", "It aborted (SIGABRT)."),
        (7, "tool_error", "It crashed (SIGBUS)."),
        (8, "tool_error", "It crashed (SIGFPE)."),
        (9, "out_of_memory", "It was killed (SIGKILL), as the kernel does when memory runs out (limit 2.0 GiB, peak 1.5 GiB)."),
        (11, "tool_error", "It crashed (SIGSEGV)."),
        (15, "stopped_by_user", "It was terminated (SIGTERM)."),
        (24, "timed_out", "It used up its CPU time (SIGXCPU)."),
        (25, "out_of_disk", "A file grew beyond its limit (SIGXFSZ)."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shell", [False, True])
def test_what_a_signal_means(number, category, sentence, shell):
    code = 128 + number if shell else -number
    verdict = judge(replace(COMMAND, exit_code=code, memory_limit=2 << 30, peak_memory=3 << 29))
    assert (verdict.category, verdict.sentence) == (category, sentence)


@pytest.mark.parametrize("code", [127, 128, 133, 138, 140, 255, -5, 5])
def test_an_exit_code_that_is_no_signals(code):
    assert judge(replace(COMMAND, exit_code=code)).rule == "tool_failed"


def test_a_kill_that_was_not_for_memory():
    spared = judge(replace(COMMAND, exit_code=-9, oom_kills=0))
    assert (spared.category, spared.sentence) == (
        "unknown",
        "It was killed (SIGKILL), though not by the kernel for memory.",
    )
    assert judge(replace(COMMAND, exit_code=-11, oom_kills=0)).category == "tool_error"
    assert judge(replace(COMMAND, exit_code=-9, oom_kills=None)).category == "out_of_memory"


NOTHING = replace(GOOD, sets_started=(), sets_finished=(), exit_code=1, done_file="Failure", outputs=())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "CellProfiler found no image set to work on."),
        ({"exit_code": 255}, "CellProfiler found no image set to work on."),
        ({"exit_code": 0}, "CellProfiler found no image set to work on."),
        ({"sets_asked": ()}, "No image set was asked for that exists."),
        ({"unmatched": "No file fits."}, "No file fits."),
        ({"sets_asked": (), "unmatched": "No file fits."}, "No file fits."),
        ({"sets_asked": None}, "CellProfiler found no image set to work on."),
        ({"exit_code": 0, "sets_asked": None, "matches": (match("run_began", "Times reported are"),)}, "CellProfiler found"),
    ],
)  # fmt: skip
def test_a_run_without_an_image_set(change, sentence):
    verdict = judge(replace(NOTHING, **change))
    assert (verdict.category, verdict.rule) == ("nothing_matched", "nothing_matched")
    assert verdict.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"exit_code": 2}, "unknown"),
        ({"exit_code": 254}, "unknown"),
        ({"exit_code": 0, "sets_asked": None}, "unknown"),
        ({"sets_in_table": (1,)}, "unknown"),
        ({"asks": "listing"}, "unknown"),
        ({"tool": "command"}, "tool_failed"),
        ({"sets_started": (1,)}, "vanished"),
    ],
)
def test_what_is_not_told_as_a_run_without_an_image_set(change, rule):
    assert judge(replace(NOTHING, **change)).rule == rule


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sets_asked": None}, "It is not known which image sets were asked for, so nothing can be proven."),
        ({"sets_asked": None, "exit_code": 2}, "The tool ended with exit code 2, and nothing that it left tells why."),
        ({"sets_asked": None, "asks": "batch_file", "outputs": ()}, "The tool ended with exit code 0, and nothing"),
        ({"tool": "x", "sets_asked": None}, "The tool ended with exit code 0, and nothing that it left tells why."),
        ({"exit_code": None}, "The tool ended with no exit code, and nothing that it left tells why."),
    ],
)
def test_what_nothing_explains(change, sentence):
    verdict = judge(replace(GOOD, **change))
    assert (verdict.category, verdict.line) == ("unknown", "the last line")
    assert verdict.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("names", "told"),
    [("abc", "a, b, c."), ("abcd", "a, b, c and 1 more."), ("abcdef", "a, b, c and 3 more."), ("a", "a.")],
)
def test_names_that_became_numbers(names, told):
    verdict = judge(replace(GOOD, names_at_risk=tuple(names)))
    assert verdict.sentence == f"CellProfiler read names as numbers and wrote {told}"
    kept = match("names_kept", "platerunner: LoadData keeps names as they are written")
    assert judge(replace(GOOD, names_at_risk=tuple(names), matches=(kept,))).category == "succeeded"
    assert judge(replace(GOOD, names_at_risk=tuple(names), exit_code=3)).rule != "names_changed"


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ((1, 2, 3, 2), "more than one row for image set 2 (well A02, site 1)."),
        ((1, 1, 2, 2, 3), "more than one row for image set 1, image set 2 (well A02, site 1)."),
        ((1, 2, 3, 7), "rows that nobody asked for: image set 7."),
        ((1, 1, 3), "more than one row for image set 1."),
    ],
)
@pytest.mark.parametrize("change", [{}, {"exit_code": 120}])
def test_an_image_table_that_is_not_of_this_run_alone(change, table, told):
    verdict = judge(replace(GOOD, sets_in_table=table, **change))
    assert (verdict.category, verdict.rule) == ("output_missing", "other_rows")
    assert verdict.sentence == f"CellProfiler's Image table has {told}"


LOST = replace(GOOD, sets_finished=(1, 3), reached=((1, 4), (2, 2), (3, 4)), modules_seen=(("Crop", 2), ("Save", 4)))


@pytest.mark.parametrize(
    ("change", "sentence", "partial"),
    [
        ({}, "1 of 3 image sets went no further after Crop: image set 2 (well A02, site 1).", True),
        ({"sets_finished": (3,), "reached": ((1, 4), (2, 2), (3, 4))}, "2 of 3 image sets went no further after Crop or Save: image set 1, ", True),
        ({"sets_finished": (3,), "sets_started": (2, 3)}, "2 of 3 image sets went no further after Crop: image set 1, ", True),
        ({"reached": ()}, "1 of 3 image sets did not come out: image set 2", True),
        ({"sets_started": (1, 3)}, "1 of 3 image sets were never begun: image set 2", True),
        ({"sets_finished": (1, 2, 3), "sets_in_table": (1, 3)}, "1 of 3 image sets reached the end, but the Image table that is left does not", True),
        ({"exit_code": 120, "sets_in_table": (1, 3)}, "1 of 3 image sets did not come out: image set 2", True),
        ({"outputs": (MISSING,)}, "1 of 3 image sets went no further after Crop", False),
        ({"outputs": (MISSING, OutputFound("b", 1))}, "1 of 3 image sets went no further after Crop", True),
        ({"sets_finished": ()}, "3 of 3 image sets went no further after Crop or Save", False),
    ],
)  # fmt: skip
def test_image_sets_that_did_not_come_out(change, sentence, partial):
    verdict = judge(replace(LOST, **change))
    assert (verdict.category, verdict.rule, verdict.partial) == ("partial", "skipped", partial)
    assert verdict.sentence.startswith(sentence)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"sets_started": (1, 2), "sets_finished": (1,)}, "The tool ended (exit code 0) without a word in image set 2 (well A02, site 1), with 1 of 3"),
        ({"done_file": None}, "The tool ended (exit code 0) without a word in image set 2 (well A02, site 1), with 2 of 3 image sets done."),
        ({"sets_finished": (1, 2, 3), "done_file": None}, "The tool ended (exit code 0) without a word after image set 3, with 3 of 3 image sets done."),
        ({"exit_code": 5}, "The tool ended (exit code 5) without a word"),
    ],
)  # fmt: skip
def test_a_process_that_went_away_by_itself(change, sentence):
    verdict = judge(replace(LOST, **change))
    assert (verdict.category, verdict.rule) == ("tool_error", "vanished")
    assert verdict.sentence.startswith(sentence)


def test_a_run_that_breaks_off_in_its_last_image_set_has_gone_no_further_there():
    verdict = judge(replace(LOST, sets_finished=(1, 2), reached=((3, 2),)))
    assert (verdict.rule, verdict.partial) == ("skipped", True)


WRITTEN = (WrittenFile("x.csv", 1200),)


@pytest.mark.parametrize(
    ("outputs", "unclaimed", "sentence"),
    [
        ((MISSING,), (), "The output a.csv was not written. The tool wrote nothing into its output folder."),
        ((MISSING,), WRITTEN, "The output a.csv was not written. In its output folder the tool wrote x.csv (1,200 bytes)."),
        ((MISSING, OutputFound("b", 1)), (), "The output a.csv was not written."),
        ((MISSING, MISSING), (), "The output a.csv was not written. (1 more like this.) The tool wrote nothing into its output folder."),
        ((MISSING,) * 3, (), "The output a.csv was not written. (2 more like this.) The tool wrote nothing into its output folder."),
        ((OutputFound("a.npy", 5, "is cut off"),), WRITTEN, "The output a.npy is cut off."),
    ],
)  # fmt: skip
def test_an_output_that_is_not_there(outputs, unclaimed, sentence):
    verdict = judge(replace(COMMAND, outputs=outputs, unclaimed=unclaimed, unclaimed_count=len(unclaimed)))
    assert (verdict.category, verdict.sentence) == ("output_missing", sentence)
    assert judge(replace(COMMAND, outputs=outputs, exit_code=3)).rule == "tool_failed"


@pytest.mark.parametrize(
    ("change", "notes"),
    [
        ({}, ()),
        ({"warnings": ("Mind it.",)}, ("Mind it.",)),
        ({"stopped_by": "stall", "exit_code": -9}, ("It hung after its work was done and was ended.",)),
        ({"stopped_by": "after_complete", "exit_code": -9}, ("It hung after its work was done and was ended.",)),
        ({"stopped_by": "stall", "exit_code": -9, "done_file": None, "done_file_asked": False}, ("It hung after its work was done and was ended.",)),
        ({"exit_code": 120, "sets_in_table": (1, 2, 3)}, ("Whoever read its output went away before it ended.",)),
        ({"done_file": None, "exit_code": 1, "matches": (match("done_file_unwritable", "open(options.done_file"),)}, ("Its done file could not be written.",)),
    ],
)  # fmt: skip
def test_what_a_success_has_to_say(change, notes):
    verdict = judge(replace(GOOD, **change))
    assert (verdict.category, verdict.notes) == ("succeeded", notes)


@pytest.mark.parametrize(
    ("change", "category"),
    [
        ({"stopped_by": "stall", "exit_code": -9, "done_file": None}, "stalled"),
        ({"stopped_by": "stall", "exit_code": -9, "done_file": None, "done_file_asked": False, "outputs": ()}, "stalled"),
        ({"stopped_by": "user", "exit_code": 1}, "stopped_by_user"),
        ({"stopped_by": "timeout", "exit_code": -9}, "timed_out"),
        ({"stopped_by": "timeout"}, "succeeded"),
        ({"exit_code": 119, "sets_in_table": (1, 2, 3)}, "unknown"),
        ({"exit_code": 120, "sets_in_table": (1, 2)}, "partial"),
        ({"sets_started": (), "sets_finished": (), "sets_in_table": (1, 2, 3)}, "succeeded"),
        ({"sets_started": (), "sets_in_table": (1,), "matches": (match("run_began", "Times reported"),)}, "partial"),
        ({"sets_in_table": (1, 2, 3), "sets_finished": (1, 2)}, "partial"),
    ],
)  # fmt: skip
def test_where_success_ends(change, category):
    assert judge(replace(GOOD, **change)).category == category


@pytest.mark.parametrize(
    "rule",
    ["load_data_error", "prepare_run_error", "prepare_group_error", "post_group_error", "post_run_error",
     "batch_info_error", "database_error", "load_error"],
)  # fmt: skip
def test_a_run_that_failed_as_a_whole_has_no_good_part(rule):
    marked = replace(LOST, matches=(match(rule, "Failed to do it for module X", image_set=2),))
    assert not judge(marked).partial
    assert judge(replace(marked, matches=(SKIP,))).partial


@pytest.mark.parametrize(
    ("change", "category"),
    [
        ({}, "succeeded"),
        ({"exit_code": 1}, "tool_error"),
        ({"started": False}, "misconfigured"),
        ({"stopped_by": "timeout"}, "timed_out"),
        ({"stopped_by": "stall"}, "stalled"),
        ({"stopped_by": "user"}, "succeeded"),
        ({"outputs": ()}, "unknown"),
        ({"outputs": (MISSING,)}, "output_missing"),
        ({"preflight": problems(1)}, "input_unreadable"),
        ({"transfers": transfers("failed")}, "transfer_failed"),
    ],
)
def test_a_command_succeeds_by_its_exit_code_and_its_outputs(change, category):
    assert judge(replace(COMMAND, **change)).category == category


def test_how_many_outputs_a_command_wrote():
    verdict = judge(replace(COMMAND, outputs=COMMAND.outputs * 3, warnings=("Mind it.",)))
    assert verdict.sentence == "The tool ended with 0 and wrote all 3 outputs."
    assert verdict.notes == ("Mind it.",)


LISTING = replace(GOOD, asks="listing", sets_asked=None, sets_started=(), sets_finished=(), done_file_asked=False)
ENDED = {"matches": (match("listing_ended", "--- end measurements ---"),)}


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({**ENDED, "exit_code": 1, "outputs": ()}, True),
        ({"exit_code": 1}, False),
        ({"outputs": ()}, False),
        ({"outputs": (MISSING,)}, False),
        ({**ENDED, "started": False}, False),
        ({**ENDED, "tool": "command", "outputs": ()}, False),
        ({**ENDED, "asks": "image_sets"}, False),
        ({**ENDED, "transfers": transfers("denied")}, False),
        ({**ENDED, "preflight": problems(1)}, False),
    ],
)
def test_a_listing_that_was_asked_for(change, good):
    assert (judge(replace(LISTING, **change)).category == "succeeded") is good


BATCH_FILE = replace(LISTING, asks="batch_file", exit_code=1, done_file_asked=True, done_file="Failure")


@pytest.mark.parametrize(
    ("change", "good"),
    [
        ({}, True),
        ({"exit_code": 0}, True),
        ({"exit_code": 255}, True),
        ({"exit_code": 2}, False),
        ({"exit_code": 254}, False),
        ({"exit_code": -11}, False),
        ({"outputs": ()}, False),
        ({"outputs": (MISSING,)}, False),
        ({"stopped_by": "timeout"}, False),
        ({"started": False}, False),
        ({"tool": "command"}, False),
        ({"asks": "image_sets"}, False),
        ({"preflight": problems(1)}, False),
        ({"transfers": transfers("denied")}, False),
        ({"matches": (match("load_error", "Failed to load pipeline"),)}, False),
    ],
)
def test_a_batch_file_that_was_asked_for(change, good):
    assert (judge(replace(BATCH_FILE, **change)).category == "succeeded") is good


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ("platerunner-imaging montage: A01.tif: cut off", "Imaging montage stopped: A01.tif: cut off."),
        ("imaging montage: A01.tif: cut off", "Imaging montage stopped: A01.tif: cut off."),
        ("see imaging montage: A01.tif", "The tool ended with exit code 3; the last that it said: see imaging montage: A01.tif."),
        ("imaging montage: ", "The tool ended with exit code 3; the last that it said: imaging montage:."),
    ],
)  # fmt: skip
def test_what_our_own_modules_say_at_last(last, sentence):
    assert judge(replace(COMMAND, exit_code=3, tail=(last,))).sentence == sentence
    assert judge(replace(COMMAND, exit_code=None, tail=(last,))).rule == "unknown"


def test_what_the_tool_left_counts_before_what_batch_says():
    lost = BatchEvidence("FAILED", "Host EC2 (instance i-0abc) terminated.")
    assert judge(replace(COMMAND, batch=lost)).category == "succeeded"
    assert judge(Evidence(batch=lost)).category == "spot_interrupted"
    assert judge(Evidence()).category == "unknown"
