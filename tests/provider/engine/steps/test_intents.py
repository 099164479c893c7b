"""A process may die between any two instructions: no job is lost, none is made twice."""

import tempfile
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.embedded import Account

from platerunner.batch.model import Submission
from platerunner.batch.submit import job_name, submit
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner.engine.steps.submission import adopt, submit_once
from platerunner_unit.contract.storage import Storage


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(str(tmp_path))


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
    state = adopt(file, aws.batch, settle_s=0)

    def make(intent: Submission) -> str:
        storage.step()
        job_id = submit(aws.batch, name=intent.name, queue=intent.queue, definition=definition)
        storage.step()
        return job_id

    for intent in state.intents:
        state = submit_once(file, state, intent, make)
    while state.next_n <= 2:
        n = state.next_n
        name = job_name("demo", "measure", run_id, n)
        state = submit_once(file, state, Submission(n, name, "single", 1, (n,), aws.spot), make)
    return state


@pytest.mark.slow
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


@pytest.mark.slow
def test_submitting_writes_the_intent_first_and_the_id_after(aws: Account, storage: Storage) -> None:
    file = StateFile(storage, "run", "step")
    intent = Submission(1, "n", "array", 2, ("a", "b"), "q")

    def make(given: Submission) -> str:
        stored = file.load()
        assert [replace(s, submitted_at="") for s in stored.intents] == [given]
        return "job"

    state = submit_once(file, file.load(), intent, make)
    assert state == file.load()
    assert [s.child_id(1) for s in state.live] == ["job:1"]
    with pytest.raises(ValueError, match="not submitted yet"):
        intent.child_id(0)
