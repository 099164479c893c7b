"""Outcomes: stored whole, and told apart by their keys alone."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.keys import branches_key, last_run_key, needs_key, run_prefix
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.unit_keys import (
    FORGOTTEN,
    Kept,
    log_key,
    outcome_key,
    outcomes_prefix,
    parse_outcome_key,
    run_token,
    unit_id,
)

OUTCOME = Outcome(
    pipeline="p",
    run_id="r",
    step="s",
    unit="plate=P1/well=A01",
    values={"plate": "P1", "well": "A01", "site": 3},
    fingerprint="f" * 32,
    attempt=2,
    verdict=Verdict("partial", "2 of 4 image sets were skipped.", "line", "rule", ("note", "another")),
    outputs=(OutputRecord("corrected", "a/b", 3, "0"),),
    usage={"peak_memory": 1},
    modules=({"name": "Crop", "seconds": 0.1},),
)


def test_an_outcome_reads_back():
    assert Outcome.from_json(OUTCOME.to_json()) == OUTCOME


def test_the_key_tells_unit_fingerprint_and_category():
    assert OUTCOME.key == f"_platerunner/outcomes/s/plate=P1/well=A01/{'f' * 32}.partial.2.r.json"
    assert OUTCOME.key.startswith(outcomes_prefix("s"))
    assert parse_outcome_key(OUTCOME.key) == (OUTCOME.unit, Kept(OUTCOME.fingerprint, "partial", "r", 2))


def test_a_key_of_a_version_that_kept_the_last_attempt_alone_is_read():
    unit, kept = parse_outcome_key(f"_platerunner/outcomes/s/plate=P1/well=A01/{'f' * 32}.partial.json")
    assert (unit, kept, kept.category) == (OUTCOME.unit, Kept("f" * 32, "partial"), Category.PARTIAL)


FINGERPRINTS = st.text(string.hexdigits.lower(), min_size=32, max_size=32)


RUN_IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=250) | st.sampled_from(
    ["manual__2026-11-29T15:04:05.123456+00:00", "scheduled__2026-11-29T00:00:00+00:00", "a/b.json", "r.1.succeeded"]
)


@given(
    st.dictionaries(st.sampled_from(["plate", "well"]), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
    FINGERPRINTS,
    st.sampled_from([*(category.value for category in Category), FORGOTTEN]),
    RUN_IDS,
    st.integers(1, 10**6),
)
def test_keys_read_back(values, fingerprint, word, run_id, attempt):
    unit = unit_id(values, values)
    for kept in (Kept(fingerprint, word), Kept(fingerprint, word, run_token(run_id), attempt)):
        key = outcome_key("step", unit, kept)
        assert parse_outcome_key(key) == (unit, kept)
        assert len(key.rsplit("/", 1)[1].encode()) < 255


@given(RUN_IDS, RUN_IDS)
def test_two_runs_never_share_a_key(one, other):
    assert (run_token(one) == run_token(other)) == (one == other)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "a/b/c",
        "_platerunner/outcomes/s/u/f.nonsense.json",
        "_platerunner/outcomes/s/u/f.succeeded.json.tmp",
        "_platerunner/outcomes/s/u/f.succeeded.txt",
        "_platerunner/outcomes/s/u/f.succeeded.1.json",
        "_platerunner/outcomes/s/u/f.succeeded.x.r.json",
        "_platerunner/outcomes/s/u/f.succeeded.1..json",
        "_platerunner/outcomes/f.succeeded.json",
        "_platerunner/runs/s/u/f.succeeded.json",
        "other/outcomes/s/u/f.succeeded.json",
    ],
)
def test_what_is_no_outcome(key):
    assert parse_outcome_key(key) is None


def test_where_a_run_keeps_its_things():
    assert run_prefix("r", "s") == "_platerunner/runs/r/s/"
    assert log_key("r", "s", "plate=P1", 2) == "_platerunner/logs/r/s/plate=P1/2.log.gz"


def test_what_a_branch_writes_during_a_run_is_its_own():
    assert run_prefix("r", "s", "plate=P1") == "_platerunner/runs/r/s/plate=P1/"
    assert branches_key("r") == "_platerunner/runs/r/branches.json"
    assert needs_key("s", "plate=P1") == "_platerunner/needs/s/plate=P1.json"
    assert last_run_key("s", "plate=P1") == "_platerunner/last_run/s/plate=P1.json"
