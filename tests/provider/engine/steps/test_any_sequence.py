"""Whatever becomes of submissions and workers: each unit ends run exactly once under the newest settings, or red."""

import contextlib
import tempfile
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.provider.engine.steps.any_sequence import FATES, PER_SECOND, WELLS, Killed, Lab

from platerunner.batch.model import BatchError
from platerunner.engine.planning.model import UnitState
from platerunner.engine.steps.digest import is_red
from platerunner.engine.steps.step_run import MAX_ROUNDS
from platerunner.engine.steps.uncollected import record_uncollected

RUNS = ("one", "two")
runs = st.sampled_from(RUNS)
healthy = st.just({"fates": [], "lists": True, "lag": 0.0, "writes": None})
workers = healthy | st.fixed_dictionaries(
    {
        "fates": st.lists(st.sampled_from(FATES), max_size=3),
        "lists": st.booleans() | st.just(True),
        "lag": st.sampled_from([0.0, 0.5, 9.0]),
        "writes": st.none() | st.integers(0, 12),
    }
)


class AnySequence(RuleBasedStateMachine):
    """Two runs of a step, cleared and gone on with in any order, while AWS, workers and the spec do what they like."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.lab = Lab(Path(self._folder.name))
        self.parked: set[str] = set()
        """Runs whose last process ended well; of any other one Airflow begins a new try."""

    @rule(run=runs, worker=workers)
    def clear(self, run: str, worker: dict) -> None:
        self._live(run, worker, lambda: self.lab.run(run).start())

    @rule(run=runs, worker=workers)
    def go_on(self, run: str, worker: dict) -> None:
        if run in self.parked:
            self._live(run, worker, lambda: self._go_on(run))

    def _go_on(self, run: str) -> None:
        """A host that is lost costs no attempt, so a step that ends is green unless its spec changed too often."""
        if self.lab.run(run).waiting_for() or self.lab.run(run).collect():
            return
        red = is_red(*self.lab.run(run).finish(), 0)
        assert not red or self.lab.run(run).scope.state_file.load().rounds >= MAX_ROUNDS

    def _live(self, run: str, worker: dict, act) -> None:
        """A process: it ends well, red with a sentence, or killed; anything else is a defect."""
        how = dict(worker)
        self.parked.discard(run)
        with self.lab.worker(*how.pop("fates"), **how), contextlib.suppress(BatchError, Killed):
            act()
            self.parked.add(run)

    @rule()
    def fix(self) -> None:
        self.lab.version += 1

    @rule(lost=st.sampled_from([(), WELLS]) | st.sets(st.sampled_from(WELLS)))
    def jobs_end(self, lost: Collection[str]) -> None:
        self.lab.end_jobs(lost)

    @rule(seconds=st.sampled_from([60.0, 1000.0]))
    def time_passes(self, seconds: float) -> None:
        self.lab.clock.sleep(seconds)

    @invariant()
    def nothing_ran_twice(self) -> None:
        assert set(self.lab.ran.values()) <= {1}, self.lab.ran

    def teardown(self) -> None:
        with self._folder, self.lab.worker():
            for run in RUNS:
                self.lab.run(run).start()
            going = set(RUNS)
            while going:
                self.lab.end_jobs()
                going = {run for run in RUNS if self.lab.run(run).waiting_for() or self.lab.run(run).collect()}
            for run in RUNS:
                assert not is_red(*self.lab.run(run).finish(), 0)
            plan = self.lab.run("one").scope.plan()
            assert [unit.state for unit in plan.units] == [UnitState.DONE] * len(WELLS)
            assert [self.lab.ran[unit.unit, unit.fingerprint] for unit in plan.units] == [1] * len(WELLS)
            self.nothing_ran_twice()
            check_ledger(self.lab)


def check_ledger(lab: Lab) -> None:
    """Each attempt is in it once, for as long as Batch says, and costs what that comes to."""
    rows, book = lab.attempts(), lab.batch.book
    assert len(rows) == len(book)
    assert {row["job"]: row["seconds"] for row in rows} == book
    assert sum(row["usd"] for row in rows) == pytest.approx(sum(book.values()) * PER_SECOND)


AnySequence.TestCase.settings = settings(
    max_examples=40, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnySequence = pytest.mark.slow(AnySequence.TestCase)


@pytest.mark.parametrize("fate", FATES)
def test_each_fate_once_then_cleared(tmp_path, fate):
    lab = Lab(tmp_path)
    with lab.worker("answered", fate), contextlib.suppress(BatchError, Killed):
        lab.run("one").start()
    lab.version += 1
    with lab.worker():
        lab.run("one").start()
        while lab.run("one").waiting_for() or lab.run("one").collect():
            lab.end_jobs()
        assert not is_red(*lab.run("one").finish(), 0)
        plan = lab.run("one").scope.plan()
    assert {lab.ran[unit.unit, unit.fingerprint] for unit in plan.units} == {1}
    assert set(lab.ran.values()) == {1}


@pytest.mark.parametrize("order", [RUNS, RUNS[::-1]])
def test_what_is_lost_in_both_runs_is_tried_again_by_whoever_looks_first(tmp_path, order):
    """Chance seldom finds it: the second run begins when the jobs of the first are over and not collected."""
    lab = Lab(tmp_path)
    with lab.worker():
        lab.run("one").start()
        lab.end_jobs(WELLS)
        lab.run("two").start()
        assert lab.run("one").collect(), "the other run's jobs are waited for"
        lab.end_jobs(WELLS)
        for run in order:
            assert lab.run(run).collect(), "there are attempts left"
        going = set(RUNS)
        while going:
            lab.end_jobs()
            going = {run for run in RUNS if lab.run(run).waiting_for() or lab.run(run).collect()}
        assert not any(is_red(*lab.run(run).finish(), 0) for run in RUNS)
    assert set(lab.ran.values()) == {1}


@pytest.mark.parametrize("writes", range(8))
def test_who_dies_while_collecting_leaves_each_attempt_once_in_the_ledger(tmp_path, writes):
    lab = Lab(tmp_path)
    with lab.worker():
        lab.run("one").start()
        lab.end_jobs({"A02"})
    with lab.worker(writes=writes), contextlib.suppress(Killed):
        lab.run("one").collect()
    with lab.worker():
        lab.run("one").start()
        while lab.run("one").waiting_for() or lab.run("one").collect():
            lab.end_jobs()
        assert not is_red(*lab.run("one").finish(), 0)
    check_ledger(lab)
    assert [row["verdict"] for row in lab.attempts()].count("host_lost") == 1


def test_attempts_that_no_run_collects_are_recorded_once_and_a_run_that_comes_back_goes_on(tmp_path):
    lab = Lab(tmp_path)
    workspace = lab.storage(str(tmp_path / "workspace"))
    with lab.worker():
        lab.run("one").start()
        pipeline = lab.run("one").scope.pipeline
        assert record_uncollected(lab, pipeline, workspace) == 0, "its jobs have not ended"
        lab.end_jobs({"A02"})
        assert record_uncollected(lab, pipeline, workspace) == 2
        assert record_uncollected(lab, pipeline, workspace) == 2
        check_ledger(lab)
        lab.run("one").start()
        while lab.run("one").waiting_for() or lab.run("one").collect():
            lab.end_jobs()
        assert not is_red(*lab.run("one").finish(), 0)
        assert record_uncollected(lab, pipeline, workspace) == 0
    check_ledger(lab)
