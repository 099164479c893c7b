"""Runs of one step know of each other: what one has going, no other submits."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.lab import GOOD

from platerunner.engine.steps import turns
from platerunner.engine.steps.digest import is_red
from platerunner.engine.steps.stay import end_left_behind
from platerunner_unit.contract.keys import last_run_key
from platerunner_unit.contract.storage import Storage


def held(lab, then=GOOD):
    """A well that goes on until it is released."""
    return f"until test -e {lab.folder}/released; do sleep 0.1; done\n{then}"


def release(lab):
    (lab.folder / "released").touch()


def key(lab):
    return lab.folder / "workspace/_platerunner/last_run/work.json"


@pytest.mark.slow
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_what_a_run_has_going_is_waited_for(lab, order):
    lab.write(A01=held(lab), A02=held(lab))
    lab.run("run-1").start()
    plan = lab.run("run-2").start()
    release(lab)
    assert {str(unit.reason) for unit in plan.units} == {"runs in the run run-1 now"}, "the map says it"
    for n in order:
        result, failed = lab.collect(f"run-{n}")
        assert (result.succeeded + result.done_before, failed) == (2, [])
    assert lab.starts() == {"A01": 1, "A02": 1}
    assert lab.run("run-2").scope.state_file.load().submissions == ()


@pytest.mark.slow
def test_what_fails_elsewhere_and_what_is_new_is_run_after_it(lab):
    lab.write(A01=held(lab, f"test -e {lab.folder}/fixed || exit 3\n{GOOD}"), A02=held(lab))
    lab.run("run-1").start()
    lab.write(A03=GOOD)
    lab.run("run-2").start()
    release(lab)
    lab.collect("run-1")
    (lab.folder / "fixed").touch()
    result, failed = lab.collect("run-2")
    assert (result.succeeded, result.done_before, failed) == (2, 1, [])
    assert lab.starts() == {"A01": 2, "A02": 1, "A03": 1}


def failing(lab, times, then=GOOD):
    """A well that dies for want of memory the first times; from the second on it goes on until it is released."""
    count = f"$(grep -c A01 {lab.started})"
    hold = f"test {count} -eq 1 || until test -e {lab.folder}/released; do sleep 0.1; done\n"
    return f"{hold}test {count} -gt {times} || exit 137\n{then}"


def ended(lab, run_id):
    while lab.run(run_id).waiting_for():
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_retry_that_another_run_has_going_is_not_forgotten_when_that_fails_too(lab, order):
    lab.write(A01=failing(lab, times=2, then=f"until test -e {lab.folder}/third; do sleep 0.1; done\n{GOOD}"))
    lab.run("run-1").start()
    ended(lab, "run-1")
    lab.run("run-2").start()
    assert lab.run("run-1").collect(), "the second run's job is waited for instead"
    release(lab)
    ended(lab, "run-2")
    assert [lab.run(f"run-{n}").collect() for n in order] == [True, True], "one tries again, the other waits for it"
    (lab.folder / "third").touch()
    for n in order:
        result, failed = lab.collect(f"run-{n}")
        assert (result.succeeded + result.done_before, failed) == (1, [])
    assert lab.starts() == {"A01": 3}


def test_a_job_of_another_run_that_ends_first_leaves_the_own_ones_to_wait_for(lab):
    lab.write(A01=held(lab))
    lab.run("run-1").start()
    lab.write(A02=f"until test -e {lab.folder}/second; do sleep 0.1; done\n{GOOD}")
    lab.run("run-2").start()
    release(lab)
    ended(lab, "run-1")
    own = [str(submission.job_id) for submission in lab.state("run-2").live]
    assert lab.run("run-2").collect()
    assert lab.run("run-2").waiting_for() == own, "a task with jobs left is parked, and no worker turns in circles"
    (lab.folder / "second").touch()
    result, failed = lab.collect("run-2")
    assert (result.succeeded, result.done_before, failed) == (1, 1, [])


def test_a_trigger_ends_no_job_of_another_run(lab):
    lab.write(A01=held(lab))
    lab.run("run-1").start()
    second = lab.run("run-2")
    second.start()
    [job] = second.waiting_for()
    assert second.foreign == [job]
    assert second.jobs.stop("the second was cleared") == []
    release(lab)
    result, _ = lab.collect("run-1")
    assert result.succeeded == 1


@pytest.mark.slow
def test_runs_that_start_in_the_same_instant_share_the_work(lab):
    wells = {f"A{n:02}": f"sleep 1\n{GOOD}" for n in range(1, 7)}
    lab.write(**wells)
    ready = threading.Barrier(3)

    def run(name):
        step = lab.run(name)
        ready.wait()
        step.start()
        return lab.collect(name)

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(run, ["a", "b", "c"]))
    assert all(not is_red(result, failed, 0) for result, failed in results)
    assert lab.starts() == dict.fromkeys(wells, 1)
    assert sum(result.succeeded for result, _ in results) == len(wells)


@pytest.mark.slow
def test_a_run_that_died_within_its_turn_holds_others_up_for_its_lease_alone(lab, monkeypatch, caplog):
    caplog.set_level("INFO")
    lab.write(A01=GOOD)
    lab.run("run-1").turns.take()
    monkeypatch.setattr(turns, "LEASE_S", 5.0)
    began = time.time()
    result, _ = lab.to_the_end("run-2")
    assert result.succeeded == 1
    assert time.time() - began >= 1.0, "it may have been about to submit"
    assert re.search(r"If it has died, this run goes on at \d\d:\d\d:\d\d UTC$", caplog.text, re.M)
    assert "marked" not in caplog.text, "no Airflow knows its task"
    second = lab.run("run-3")
    monkeypatch.setattr(turns, "LEASE_S", 600.0)
    lab.run("run-2").turns.take()
    second.turns.over = frozenset({"run-2"})
    second.start()  # Airflow says that the task is over, so there is nothing to wait for


def test_a_step_that_cannot_be_planned_gives_its_turn_back(lab):
    lab.write(A01=GOOD)
    (lab.folder / "data/P1/A01.sh").rename(lab.folder / "data/A01.sh")
    with pytest.raises(Exception, match="matches"):
        lab.run("run-1").start()
    lab.write(A01=GOOD)
    result, _ = lab.to_the_end("run-2")
    assert result.succeeded == 1


def test_a_turn_that_took_too_long_is_not_kept(lab, monkeypatch):
    lab.write(A01=GOOD)
    slow = lab.run("run-1").turns
    slow.take()
    monkeypatch.setattr(turns, "LEASE_S", 0.0)
    lab.run("run-2").turns.take()
    with pytest.raises(Exception, match="another run began: clear the task"):
        slow.renew()


def test_a_record_of_an_older_version_is_read(lab):
    lab.write(A01=GOOD)
    key(lab).parent.mkdir(parents=True)
    owner = {"airflow": "x", "dag_id": "lab", "task_id": "work", "run_id": "old", "map_index": -1}
    key(lab).write_text(json.dumps({**owner, "before": [owner]}))
    result, _ = lab.to_the_end()
    assert result.succeeded == 1


@pytest.mark.slow
def test_a_lone_run_reads_and_writes_the_record_once(lab, monkeypatch):
    calls = []
    for name in ("get_tagged", "put_if"):
        real = getattr(Storage, name)
        monkeypatch.setattr(Storage, name, lambda *a, _n=name, _r=real: calls.append((_n, a[1])) or _r(*a))
    lab.write(A01=GOOD, A02=GOOD)
    before = lab.aws.cloud.calls.copy()
    lab.to_the_end()
    assert [name for name, path in calls if path == last_run_key("work")] == ["get_tagged", "put_if"]
    made = {name: count - before[name] for name, count in lab.aws.cloud.calls.items() if count > before[name]}
    assert "batch.listjobs" not in made
    assert made["batch.submitjob"] == 1


@pytest.mark.slow
@pytest.mark.parametrize(("host", "state"), [("this one", "pending"), ("another", "waiting")])
def test_a_job_that_an_own_cloud_does_not_know_is_over_if_the_process_of_its_run_is(lab, host, state):
    lab.write(A01=held(lab))
    first, second = lab.run("run-1"), lab.run("run-2")
    first.turns.owner = turns.Owner(host, "lab", "work", "run-1")
    first.start()
    kept = lab.state("run-1")
    first.scope.state_file.save(replace(kept, submissions=[replace(kept.live[0], job_id="of a cloud that is gone")]))
    second.turns.owner = turns.Owner("this one", "lab", "work", "run-2")
    second.turns.own_cloud = True
    second.turns.is_over = lambda owner: owner.airflow == "this one"
    end_left_behind(second)
    plan = second.start()
    release(lab)
    assert [unit.state for unit in plan.units] == [state]
