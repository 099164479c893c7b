"""What a step remembers, as it is stored; older versions' states are read on."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.batch.model import Ask, Submission
from platerunner.engine.records.codec import RecordError
from platerunner.engine.records.step_state import StateFile, StepState, UnitFailure
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

NAMES = st.text(max_size=9)
COUNTS = st.dictionaries(NAMES, st.integers(0, 9))
MOMENTS = st.floats(1.0, 2e9)
CATEGORIES = st.sampled_from(Category)
units = st.lists(st.one_of(st.integers(0, 10**6), st.text(max_size=20)), max_size=5).map(tuple)
submissions = st.builds(
    Submission,
    n=st.integers(1, 50),
    name=st.text(max_size=20),
    kind=st.sampled_from(["array", "single"]),
    size=st.integers(1, 10_000),
    units=units,
    queue=st.text(max_size=9),
    resources=st.dictionaries(st.sampled_from(["vcpus", "memory", "timeout"]), st.integers()),
    job_id=st.none() | st.text(min_size=1, max_size=9),
    ended_at=st.none() | st.just("2026-11-21T00:00:00.000+00:00"),
)
states = st.builds(
    StepState,
    run_id=st.text(max_size=9),
    step=st.text(max_size=9),
    submissions=st.lists(submissions, max_size=4, unique_by=lambda s: s.n).map(
        lambda found: tuple(sorted(found, key=lambda s: s.n))
    ),
    attempts=st.dictionaries(st.text(max_size=9), st.integers(0, 9)),
    losses=st.dictionaries(st.text(max_size=9), st.integers(0, 9)),
    made=COUNTS,
    failures=st.lists(
        st.builds(UnitFailure, NAMES, CATEGORIES, NAMES, NAMES, st.none() | NAMES, NAMES, NAMES), max_size=3
    ).map(lambda found: {failure.unit: failure for failure in found}),
    seen=st.dictionaries(NAMES, st.lists(CATEGORIES).map(tuple), max_size=3),
    succeeded=st.sets(NAMES).map(sorted).map(tuple),
    needs=st.dictionaries(
        NAMES, st.builds(Ask, st.floats(0.25, 96), st.integers(0), st.integers(0), MOMENTS, NAMES), max_size=3
    ),
    retried=COUNTS,
    last_n=st.integers(0, 60),
    rounds=st.integers(0, 5),
    foreign=st.lists(NAMES, max_size=2).map(tuple),
    forgotten=st.booleans(),
    turn=NAMES,
    started=st.none() | MOMENTS,
    waits_since=st.none() | MOMENTS,
    waited_since=st.just(0.0) | MOMENTS,
)


@pytest.mark.slow
@given(states)
def test_a_state_is_read_as_it_was_written(state: StepState) -> None:
    assert StepState.from_json(state.to_json()) == state


@pytest.mark.slow
@given(states, submissions)
def test_a_submission_is_live_an_intent_or_over(state: StepState, submission: Submission) -> None:
    changed = state.with_submission(submission)
    assert submission in changed.submissions
    assert len({s.n for s in changed.submissions}) == len(changed.submissions)
    assert changed.next_n == max(state.last_n, *(s.n for s in changed.submissions), submission.n) + 1
    over = [s for s in changed.submissions if s.ended_at is not None]
    assert len(changed.live) + len(changed.intents) + len(over) == len(changed.submissions)


@pytest.fixture
def storage(tmp_path) -> Storage:
    return Storage(str(tmp_path))


def test_nothing_stored_is_a_new_state(storage: Storage) -> None:
    assert StateFile(storage, "run", "step").load() == StepState("run", "step")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": 1, "submissions": [{}]}'])
def test_a_state_that_cannot_be_read_is_not_guessed(storage: Storage, data: bytes) -> None:
    file = StateFile(storage, "run", "step")
    storage.put(file.key, data)
    with pytest.raises(RecordError, match=r"state\.json cannot be read .*delete the file, then clear the task"):
        file.load()


def test_a_state_of_a_newer_version_is_refused_with_what_to_upgrade(storage: Storage) -> None:
    file = StateFile(storage, "run", "step")
    storage.put(file.key, b'{"format": 2}')
    with pytest.raises(
        RecordError, match=r"state\.json is a state of a step of format 2, .* up to 1: upgrade airflow-"
    ):
        file.load()


def test_a_state_of_a_version_that_kept_less_is_read() -> None:
    """As 0.1 wrote it: failures without hint and fingerprint, nothing of turns, needs, rounds and waiting."""
    failure = {"category": "tool_error", "sentence": "It failed.", "line": "", "job_id": "j:1"}
    old = {"run_id": "run", "step": "work", "attempts": {"a": 1}, "losses": {}, "submissions": []}
    state = StepState.from_json(json.dumps({**old, "format": 1, "extra": {"failures": {"a": failure}}}).encode())
    wanted = StepState("run", "work", attempts={"a": 1})
    assert state == replace(wanted, failures={"a": UnitFailure("a", Category.TOOL_ERROR, "It failed.", job_id="j:1")})


def test_older_versions_find_what_they_know_where_it_was() -> None:
    """They go on with a run of this version, as after a roll-back: all but the top is in `extra`."""
    failure = UnitFailure("a", Category.TOOL_ERROR, "It failed.")
    state = StepState("run", "work", failures={"a": failure}, made={"a": 1}, turn="t", rounds=1, last_n=3)
    raw = json.loads(state.to_json())
    assert raw.keys() == {"format", "run_id", "step", "submissions", "attempts", "losses", "extra"}
    assert (raw["format"], raw["extra"]["made"], raw["extra"]["turn"], raw["extra"]["last_n"]) == (1, {"a": 1}, "t", 3)
    assert raw["extra"]["failures"]["a"].keys() == {"category", "sentence", "line", "job_id", "hint", "fingerprint"}
