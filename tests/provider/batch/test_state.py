"""A process may die between any two instructions: no job is lost, none is made twice."""

import tempfile
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.embedded import Account

from platerunner.batch.model import BatchError, StepState, Submission
from platerunner.batch.state import StateFile
from platerunner.batch.submit import job_name, submit
from platerunner_unit.contract.storage import Storage

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
    extra=st.dictionaries(st.text(max_size=9), st.integers() | st.text(max_size=9)),
)


@given(states)
def test_a_state_is_read_as_it_was_written(state: StepState) -> None:
    assert StepState.from_json(state.to_json()) == state


@given(states, submissions)
def test_a_submission_is_live_an_intent_or_over(state: StepState, submission: Submission) -> None:
    changed = state.with_submission(submission)
    assert submission in changed.submissions
    assert len({s.n for s in changed.submissions}) == len(changed.submissions)
    assert changed.next_n == max(s.n for s in changed.submissions) + 1
    over = [s for s in changed.submissions if s.ended_at is not None]
    assert len(changed.live) + len(changed.intents) + len(over) == len(changed.submissions)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


def test_nothing_stored_is_a_new_state(storage: Storage) -> None:
    assert StateFile(storage, "run", "step").load() == StepState("run", "step")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": 2}', b'{"format": 1, "submissions": [{}]}'])
def test_a_state_that_cannot_be_read_is_not_guessed(storage: Storage, data: bytes) -> None:
    file = StateFile(storage, "run", "step")
    storage.put(file.key, data)
    with pytest.raises(BatchError, match=r"state\.json cannot be read .*delete the file, then clear the task"):
        file.load()


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


class Mortal(Storage):
    """A storage whose process dies at the n-th write: before it, or right after it.

    :param lives: writes and submissions that are survived.
    """

    lives = 1000
    after = False

    def put(self, key: str, data: bytes) -> None:
        if not self.after:
            self.step()
        super().put(key, data)
        if self.after:
            self.step()

    def step(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise Killed


def _carry_on(aws: Account, storage: Mortal, run_id: str, definition: str) -> StepState:
    """What an operator does at each start: adopt, submit what has no job, then the next submission."""
    file = StateFile(storage, run_id, "measure")
    state = file.adopt(aws.batch, file.load(), settle_s=0)

    def make(intent: Submission) -> str:
        storage.step()
        job_id = submit(aws.batch, name=intent.name, queue=intent.queue, definition=definition)
        storage.step()
        return job_id

    for intent in state.intents:
        state = file.submit(state, intent, make)
    while state.next_n <= 2:
        n = state.next_n
        name = job_name("demo", "measure", run_id, n)
        state = file.submit(state, Submission(n, name, "single", 1, (n,), aws.spot), make)
    return state


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deaths=st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=4))
def test_no_death_loses_or_doubles_a_job(aws: Account, deaths: list[tuple[int, bool]]) -> None:
    run = uuid.uuid4()
    definition = aws.batch.describe_job_definitions(jobDefinitionName="mortal", status="ACTIVE")["jobDefinitions"]
    arn = definition[0]["jobDefinitionArn"] if definition else aws.define("mortal")
    with tempfile.TemporaryDirectory() as folder:
        storage = Mortal(folder)
        for lives, after in deaths:
            storage.lives, storage.after = lives, after
            try:
                _carry_on(aws, storage, str(run), arn)
            except Killed:
                continue
        storage.lives = 1000
        state = _carry_on(aws, storage, str(run), arn)
        assert StateFile(storage, str(run), "measure").load() == state
    wanted = {"name": "JOB_NAME", "values": [f"demo-measure-{run}*"]}
    made = aws.batch.list_jobs(jobQueue=aws.spot, filters=[wanted])["jobSummaryList"]
    assert sorted(job["jobId"] for job in made) == sorted(s.job_id for s in state.submissions)
    assert [s.n for s in state.submissions] == [1, 2]


def test_submitting_writes_the_intent_first_and_the_id_after(aws: Account, storage: Storage) -> None:
    file = StateFile(storage, "run", "step")
    intent = Submission(1, "n", "array", 2, ("a", "b"), "q")

    def make(given: Submission) -> str:
        stored = file.load()
        assert [replace(s, submitted_at="") for s in stored.intents] == [given]
        return "job"

    state = file.submit(file.load(), intent, make)
    assert state == file.load()
    assert [s.child_id(1) for s in state.live] == ["job:1"]
    with pytest.raises(ValueError, match="not submitted yet"):
        intent.child_id(0)
