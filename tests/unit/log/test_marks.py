"""CellProfiler's own words for where it failed: with any prefix of a log format, and never inside another word."""

# ruff: noqa: E501  (lines stand in one piece)

import pytest

from platerunner_unit.contract.evidence import Evidence, OutputFound
from platerunner_unit.judge import judge
from platerunner_unit.log.detector import Detector

WORDS = {
    "module_error": "Error detected during run of module Crop",
    "load_data_error": "Failed to prepare run for module LoadData",
    "prepare_run_error": "Failed to prepare run for module Crop",
    "prepare_group_error": "Failed to prepare group in module Crop",
    "post_group_error": "Failed during post-group processing for module Crop",
    "post_run_error": "Failed to complete post_run processing for module Crop.",
    "batch_info_error": "Failed to collect batch information for module Crop",
    "database_error": "Failed to write measurements to database",
    "load_error": "Failed to load pipeline",
    "plugin_import": "Could not load brokenplug",
}
GOOD = Evidence(
    tool="cellprofiler", exit_code=0, sets_asked=(1,), sets_started=(1,), sets_finished=(1,), outputs=(OutputFound("a", 1),)
)  # fmt: skip


def seen(line):
    detector = Detector()
    detector.feed(f"{line}\n".encode())
    return detector.matches


def judged(line, **more):
    return judge(Evidence(**{**vars(GOOD), **more, "matches": seen(line)}))


@pytest.mark.parametrize("prefix", ["", "ERROR|root|", "ERROR:root:", "[12:03] "])
@pytest.mark.parametrize("rule", WORDS)
def test_a_mark_stands_behind_any_prefix(rule, prefix):
    assert rule in {match.rule for match in seen(prefix + WORDS[rule])}


@pytest.mark.parametrize("rule", WORDS)
def test_a_mark_is_no_part_of_a_word(rule):
    assert seen(f"my{WORDS[rule]}") == ()


@pytest.mark.parametrize("rule", sorted(set(WORDS) - {"plugin_import"}))
def test_no_run_that_says_so_has_succeeded(rule):
    assert judge(GOOD).category == "succeeded"
    assert judged(WORDS[rule]).category != "succeeded"


@pytest.mark.parametrize(
    "line",
    [
        "He said: it was Failed to load pipeline",
        "Could not load brokenplug for it is broken",
        "Could not load 3",
        "Could not load pipeline",
        "Error detected during run of module 7",
        "a platerunner: LoadData keeps names as they are written",
        "a --- end measurements ---",
        "scould not load these modules: x",
    ],
)
def test_a_line_that_is_nearly_one_is_no_mark(line):
    assert seen(line) == ()


@pytest.mark.parametrize(("line", "category"), [("Failed to prepare run for module LoadDataset", "tool_error"), ("Failed to prepare run for module LoadData", "input_unreadable")])  # fmt: skip
def test_only_load_data_itself_stumbles_over_its_csv_file(line, category):
    assert judged(line).category == category


def test_who_copies_the_promise_to_keep_names_has_not_made_it():
    assert judged("platerunner: LoadData keeps names as they are written", names_at_risk=("a",)).category == "succeeded"
    assert (
        judged("> platerunner: LoadData keeps names as they are written", names_at_risk=("a",)).category != "succeeded"
    )


def test_the_end_of_a_listing_stands_at_the_start_of_a_line():
    assert judged("--- end measurements ---", asks="listing", exit_code=1).category == "succeeded"
    assert judged("# --- end measurements ---", asks="listing", exit_code=1).category != "succeeded"
