"""The judge as a function: what it takes to succeed, and that no evidence can make it raise or believe."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import (
    BatchEvidence,
    Evidence,
    LogMatch,
    OutputFound,
    PreflightProblem,
    WrittenFile,
)
from platerunner_unit.contract.regenie import RegenieAsked, RegenieLog, RegenieOutput, RegenieRun
from platerunner_unit.contract.transfer import TransferFailure
from platerunner_unit.judge import judge
from platerunner_unit.log.rules import LINE_RULES


def failed(*kinds):
    return tuple(TransferFailure(kind, "s3://b/k", "", "s3://b/k: it was so") for kind in kinds)


GOOD = Evidence(
    tool="cellprofiler",
    exit_code=0,
    done_file_asked=True,
    done_file="Complete",
    sets_asked=(1, 2, 3),
    sets_started=(1, 2, 3),
    sets_finished=(1, 2, 3),
    module_blocks=4,
    module_count=4,
    outputs=(OutputFound("a.csv", 100), OutputFound("b.tiff", 10)),
    set_labels=((2, "well A02, site 1"),),
)


def match(rule, line, number=10, image_set=None, frames=""):
    return LogMatch(rule, line, number, image_set, frames)


def test_everything_agrees():
    verdict = judge(GOOD)
    assert verdict.category == "succeeded"
    assert verdict.sentence == "All 3 image sets reached the last module, and every output is there."


DOUBTS = {
    "a set did not reach the last module": {"sets_finished": (1, 2)},
    "no set is known": {"sets_asked": None},
    "no set was asked for": {"sets_asked": ()},
    "another set was done": {"sets_finished": (1, 2, 4)},
    "done file says Failure": {"done_file": "Failure"},
    "done file is missing": {"done_file": None},
    "exit code": {"exit_code": 1},
    "no exit code": {"exit_code": None},
    "killed": {"exit_code": -9},
    "output missing": {"outputs": (OutputFound("a.csv", None),)},
    "output damaged": {"outputs": (OutputFound("a.npy", 5, "is cut off"),)},
    "preflight": {"preflight": (PreflightProblem("input_unreadable", "a.tif is cut off."),)},
    "staging": {"transfers": (TransferFailure("failed", "s3://b/k", "", "s3://b/k: 500"),)},
    "never started": {"started": False},
    "skipped by the table": {"sets_in_table": (1, 3)},
    "module error": {"matches": (match("module_error", "Error detected during run of module X", image_set=2),)},
    "load error": {"matches": (match("load_error", "Failed to load pipeline"),)},
    "wrong size": {"matches": (match("dimensions", "Warning: loading image files of different dimensions."),)},
    "tool not known": {"tool": None},
    "names became numbers": {"names_at_risk": ("plate 0512 as 512",)},
}


def test_a_wrong_count_in_the_header_is_a_note_on_a_good_run_and_the_cause_of_a_bad_one():
    odd = replace(GOOD, module_blocks=3, warnings=("The header says 4 modules.",))
    assert judge(odd).category == "succeeded"
    assert judge(odd).notes == ("The header says 4 modules.",)
    lost = replace(odd, outputs=(OutputFound("a.csv", None),))
    assert judge(lost).category == "pipeline_invalid"


@pytest.mark.parametrize("doubt", DOUBTS, ids=str)
def test_any_doubt_is_a_failure(doubt):
    verdict = judge(replace(GOOD, **DOUBTS[doubt]))
    assert verdict.category != "succeeded"
    assert verdict.sentence
    assert verdict.rule


def failing(rule, line, **more):
    mark = match("module_error", "Error detected during run of module LoadData", 20, 2)
    cause = match(rule, line, 30, 2)
    return replace(GOOD, sets_finished=(1, 3), matches=(mark, cause), **more)


def test_sentence_names_module_set_well_and_file():
    line = 'FileNotFoundError: [Errno 2] The file, "/d/A02.tif", does not exist.'
    verdict = judge(failing("image_missing", line, exit_code=255, done_file="Failure"))
    assert verdict.category == "input_missing"
    assert verdict.sentence == "LoadData failed on image set 2 (well A02, site 1): the file /d/A02.tif does not exist."
    assert verdict.line == line
    assert not verdict.partial


def test_sentence_of_a_partial_run_counts():
    verdict = judge(failing("image_missing", 'The file, "/d/A02.tif", does not exist.'))
    assert verdict.partial
    assert verdict.sentence.startswith("CellProfiler skipped 1 of 3 image sets: LoadData failed on image set 2 (")


@pytest.mark.parametrize(
    ("change", "category"),
    [
        ({"oom_kills": 1, "exit_code": -9, "sets_finished": (1,)}, "out_of_memory"),
        ({"stopped_by": "user", "exit_code": 143, "done_file": None, "sets_finished": (1,)}, "stopped_by_user"),
        ({"stopped_by": "timeout", "exit_code": -9, "done_file": None, "sets_finished": (1,)}, "timed_out"),
        ({"stopped_by": "stall", "exit_code": -9, "done_file": None, "sets_finished": (1,)}, "stalled"),
        ({"exit_code": 255, "done_file": "Failure", "sets_started": (), "sets_finished": ()}, "nothing_matched"),
        ({"exit_code": 1, "sets_finished": (1,), "disk_free": 4096}, "out_of_disk"),
        ({"exit_code": -9, "done_file": None, "sets_finished": (1,)}, "out_of_memory"),
        ({"exit_code": -9, "done_file": None, "sets_finished": (1,), "oom_kills": 0}, "unknown"),
        ({"exit_code": -11, "done_file": None, "sets_finished": (1,)}, "tool_error"),
        ({"sets_finished": (1, 3)}, "partial"),
        ({"done_file": None}, "tool_error"),
        ({"outputs": (OutputFound("a.csv", 1), OutputFound("b.npy", 9, "is cut off"))}, "output_missing"),
        ({"transfers": failed("denied")}, "access_denied"),
        ({"transfers": failed("archived", "failed")}, "input_archived"),
        ({"transfers": failed("missing")}, "input_missing"),
        ({"transfers": failed("throttled")}, "throttled"),
        ({"transfers": failed("disk_full")}, "out_of_disk"),
        ({"transfers": failed("a word of a newer version")}, "transfer_failed"),
    ],
)
def test_category(change, category):
    assert judge(replace(GOOD, **change)).category == category


@pytest.mark.parametrize(("started", "category"), [(False, "pipeline_invalid"), (True, "partial")])
def test_a_pipeline_that_would_lose_image_sets_is_invalid_unless_it_ran(started, category):
    problem = PreflightProblem("partial", "SaveImages (module 2) writes 2 image sets to one file, a.tiff.")
    verdict = judge(replace(GOOD, started=started, exit_code=0 if started else None, preflight=(problem,)))
    assert verdict.category == category


def test_hung_after_its_work_was_done():
    for why in ("stall", "after_complete"):
        verdict = judge(replace(GOOD, stopped_by=why, exit_code=-9))
        assert verdict.category == "succeeded"
        assert "hung" in verdict.notes[0]


def test_stopped_after_it_had_succeeded():
    assert judge(replace(GOOD, stopped_by="user")).category == "succeeded"
    assert judge(replace(GOOD, stopped_by="user", exit_code=143)).category == "stopped_by_user"


@pytest.mark.parametrize(
    ("tool", "change", "sentence"),
    [
        ("command", {"exit_code": -11}, "It crashed (SIGSEGV)."),
        ("cellprofiler", {"exit_code": -11}, "It crashed (SIGSEGV) before it began."),
        ("command", {"exit_code": -9, "oom_kills": 0}, "It was killed (SIGKILL), though not by the kernel for memory."),
        (
            "command",
            {"exit_code": 1, "matches": (match("disk", "No space left on device"),)},
            "The tool failed: the disk",
        ),
    ],
)
def test_only_cellprofiler_is_said_not_to_have_begun(tool, change, sentence):
    assert judge(Evidence(tool=tool, **change)).sentence.startswith(sentence)


def test_command():
    tool = Evidence(tool="command", exit_code=0, outputs=(OutputFound("a.png", 10),))
    assert judge(tool).category == "succeeded"
    assert judge(replace(tool, outputs=(OutputFound("a.png", None),))).category == "output_missing"
    assert judge(replace(tool, outputs=())).category == "unknown"
    assert judge(replace(tool, exit_code=3)).category == "tool_error"
    assert judge(replace(tool, exit_code=None)).category == "unknown"


TEXT = st.text(max_size=40)
SETS = st.lists(st.integers(-1, 6), max_size=6).map(tuple)
LINES = st.one_of(TEXT, st.sampled_from([rule.learnt_from for rule in LINE_RULES]))
MATCHES = st.builds(
    LogMatch,
    st.sampled_from([rule.name for rule in LINE_RULES] + ["exception", "something else"]),
    LINES,
    st.integers(0, 500),
    st.none() | st.integers(-1, 6),
    st.sampled_from(["", "main>load", "prepare_run", "<module>", ">>"]),
)
NUMBER = st.none() | st.integers(0, 9)
ASKED = st.builds(RegenieAsked, st.sampled_from([None, 1, 2]), TEXT, st.just(("Y1", "Y2")), NUMBER, NUMBER)
SAID = st.builds(
    RegenieLog, st.booleans(), TEXT, st.lists(TEXT, max_size=2).map(tuple), st.lists(TEXT, max_size=2).map(tuple),
    st.lists(st.sampled_from(["Y1", "Y2"]), max_size=3).map(tuple), NUMBER, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER,
)  # fmt: skip
LEFT = st.builds(RegenieOutput, TEXT, st.sampled_from(["", "Y1", "Y2"]), NUMBER, NUMBER, st.booleans())
STRATEGIES = {
    "tool": st.sampled_from([None, "cellprofiler", "cellprofiler", "command", "regenie", "plink", "x"]),
    "started": st.sampled_from([True, True, False]),
    "exit_code": st.none() | st.sampled_from([0, 0, 1, 2, 120, 255, 137, -9, -11]) | st.integers(-70, 300),
    "stopped_by": st.sampled_from([None, None, "user", "timeout", "stall", "after_complete", "?"]),
    "done_file_asked": st.booleans(),
    "done_file": st.sampled_from([None, "Complete", "Failure", ""]),
    "sets_asked": st.none() | SETS | st.just((1, 2)),
    "sets_started": SETS | st.just((1, 2)),
    "sets_finished": SETS | st.just((1, 2)),
    "module_blocks": st.none() | st.integers(0, 3),
    "modules_seen": st.lists(st.tuples(TEXT, st.integers(0, 9)), max_size=3).map(tuple),
    "modules_enabled": st.lists(st.tuples(TEXT, st.integers(0, 9)), max_size=3).map(tuple),
    "module_count": st.none() | st.integers(0, 3),
    "matches": st.lists(MATCHES, max_size=4).map(tuple),
    "tail": st.lists(TEXT, max_size=3).map(tuple),
    "outputs": st.lists(st.builds(OutputFound, TEXT, st.none() | st.integers(0, 9), st.none() | TEXT), max_size=3).map(
        tuple
    ),
    "preflight": st.lists(
        st.builds(PreflightProblem, TEXT | st.sampled_from([c.value for c in Category]), TEXT), max_size=2
    ).map(tuple),
    "oom_kills": st.none() | st.integers(0, 2),
    "peak_memory": st.none() | st.integers(0, 1 << 40),
    "disk_free": st.none() | st.integers(0, 1 << 40),
    "memory_limit": st.none() | st.integers(0, 1 << 40),
    "transfers": st.lists(st.builds(TransferFailure, TEXT, TEXT, TEXT, TEXT), max_size=3).map(tuple),
    "batch": st.none() | st.builds(BatchEvidence, TEXT, TEXT, TEXT, st.none() | st.integers(-300, 300)),
    "asks": st.sampled_from(["image_sets", "image_sets", "image_sets", "batch_file", "listing", "?"]),
    "sets_in_table": st.none() | SETS | st.just((1, 2)),
    "reached": st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 9)), max_size=3).map(tuple),
    "set_labels": st.lists(st.tuples(st.integers(-1, 6), TEXT), max_size=3).map(tuple),
    "warnings": st.lists(TEXT, max_size=2).map(tuple),
    "unclaimed": st.lists(st.builds(WrittenFile, TEXT, st.integers(0, 9)), max_size=2).map(tuple),
    "unclaimed_count": st.integers(0, 9),
    "flags": st.just(()) | st.just((3,)),
    "allow_flagged": st.booleans(),
    "names_at_risk": st.lists(TEXT, max_size=2).map(tuple),
    "unmatched": TEXT,
    "regenie": st.none() | st.builds(RegenieRun, ASKED, SAID, st.lists(LEFT, max_size=3).map(tuple)),
}
EVIDENCE = st.fixed_dictionaries(STRATEGIES).map(lambda values: Evidence(**values))


def test_the_fuzz_covers_every_field_that_the_judge_reads():
    assert {f.name for f in fields(Evidence)} == set(STRATEGIES)


def proof(e):
    """What success stands on, said once more in other words."""
    if not e.started:
        return False
    if e.tool == "command":
        return e.exit_code == 0 and bool(e.outputs) and all(o.size is not None and o.problem is None for o in e.outputs)
    if e.tool in ("regenie", "plink"):
        return adds_up(e)
    if e.tool != "cellprofiler":
        return False
    if e.asks == "listing":
        return e.exit_code == 0 or any(m.rule == "listing_ended" for m in e.matches)
    if any(o.size is None or o.problem is not None for o in e.outputs):
        return False
    if e.asks == "batch_file":
        return bool(e.outputs)
    return all_reached(e)


def all_reached(e):
    """Every image set of a run of CellProfiler came to its end."""
    done = set(e.sets_finished) | set(e.sets_in_table or ())
    if e.allow_flagged and done:
        done |= {n for n, module in e.reached if module in e.flags}
    return bool(e.sets_asked) and set(e.sets_asked) <= done and not e.preflight and not e.transfers


def adds_up(e):
    """The same of a run of regenie or PLINK."""
    run = e.regenie or RegenieRun()
    if run.asked.step is None:
        return e.exit_code == 0 and any(line.strip() for line in e.tail)
    whole = all(output.size and output.whole for output in run.outputs)
    return e.exit_code == 0 and run.log.ended and bool(run.outputs) and whole and not e.preflight


@pytest.mark.slow
@settings(max_examples=300)
@given(EVIDENCE)
def test_never_raises_and_never_succeeds_without_proof(evidence):
    verdict = judge(evidence)
    assert verdict == judge(evidence)
    assert Category(verdict.category)
    assert verdict.sentence.strip()
    assert verdict.rule
    if verdict.category == "succeeded":
        assert proof(evidence)
        assert not verdict.partial


@pytest.mark.slow
@settings(max_examples=100)
@given(EVIDENCE, st.sampled_from(sorted(DOUBTS)))
def test_no_other_evidence_outweighs_a_doubt(evidence, doubt):
    kept = {
        name: getattr(evidence, name)
        for name in ("peak_memory", "memory_limit", "tail", "set_labels", "warnings", "oom_kills")
    }
    assert judge(replace(GOOD, **kept, **DOUBTS[doubt])).category != "succeeded"


WRITTEN = (WrittenFile("0/0/0", 1_048_576), WrittenFile("tables/Objects.csv", 12))


def test_what_was_written_instead_of_an_output_is_said():
    lost = replace(GOOD, outputs=(OutputFound("m/Cells.csv", None),), unclaimed=WRITTEN, unclaimed_count=9)
    assert judge(lost).sentence == (
        "The output m/Cells.csv was not written. In its output folder the tool wrote "
        "0/0/0 (1,048,576 bytes), tables/Objects.csv (12 bytes) and 7 more."
    )
    nothing = judge(replace(lost, unclaimed=(), unclaimed_count=0))
    assert nothing.sentence == (
        "The output m/Cells.csv was not written. The tool wrote nothing into its output folder."
    )


@pytest.mark.parametrize("evidence", [GOOD, Evidence(tool="command", exit_code=0, outputs=(OutputFound("a", 1),))])
def test_what_belongs_to_no_output_is_never_dropped_without_a_word(evidence):
    assert judge(evidence).notes == ()
    (note,) = judge(replace(evidence, unclaimed=WRITTEN[:1], unclaimed_count=1)).notes
    assert note == "Not kept: the tool also wrote 1 file that belongs to no output: 0/0/0 (1,048,576 bytes)."


@pytest.mark.parametrize("cause", ["output_is_folder", "not_an_output"])
def test_an_output_that_is_a_folder_has_remedies_of_its_own(cause):
    verdict = judge(replace(GOOD, outputs=(OutputFound("z/{part}", None, "takes a folder", cause),)))
    assert verdict.category == "output_missing"
    assert "x.zarr/{part}" in verdict.hint


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ("platerunner-imaging illum-calc: A01.tif: no such file", "Imaging illum-calc stopped: A01.tif: no such file."),
        ("boom: it broke", "The tool ended with exit code 3; the last that it said: boom: it broke."),
        ("", "The tool ended with exit code 3 and said nothing."),
    ],
)
def test_a_tool_that_stops_with_a_sentence_is_quoted(last, sentence):
    assert judge(Evidence(tool="command", exit_code=3, tail=("before", last) if last else ())).sentence == sentence


FLAGGED = replace(GOOD, sets_finished=(1, 3), sets_in_table=(1, 3), reached=((1, 4), (2, 3), (3, 4)), flags=(3,))


def test_what_flag_image_skips_is_called_so_and_allowed_if_the_spec_allows_it():
    verdict = judge(FLAGGED)
    assert (verdict.category, verdict.rule) == ("partial", "flagged")
    assert verdict.sentence == "FlagImage skipped 1 of 3 image sets on purpose: image set 2 (well A02, site 1)."
    assert "allow_flagged: true" in verdict.hint
    allowed = judge(replace(FLAGGED, allow_flagged=True))
    assert allowed.category == "succeeded"
    assert allowed.sentence.startswith("2 of 3 image sets reached the last module, FlagImage skipped the others")
    assert "as the spec allows: image set 2 (well A02, site 1)" in allowed.notes[0]


@pytest.mark.parametrize(
    "other",
    [
        {"reached": ((1, 4), (2, 2), (3, 4))},
        {"flags": ()},
        {"matches": (match("module_error", "Error detected during run of module FlagImage", image_set=2),)},
        {"sets_finished": (), "sets_in_table": (), "reached": ((1, 3), (2, 3), (3, 3))},
        {"exit_code": 1},
    ],
    ids=["another module", "none that skips", "it failed", "nothing is left", "the run failed"],
)
def test_allowing_flags_allows_nothing_else(other):
    assert judge(replace(FLAGGED, allow_flagged=True, **other)).category != "succeeded"
