"""A run of a pipeline in this process: its steps and gates, each in a thread of its own, by the rules of its DAG.

What steps and gates do is the same code that Airflow's tasks run. Here they wait in threads instead of parking, and
their news come out of :meth:`DirectRun.events`.
"""

import getpass
import logging
import queue
import socket
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from platerunner.batch.model import BatchError, Pace
from platerunner.batch.reasons import CLEARED
from platerunner.engine.access import Access
from platerunner.engine.file_systems import STORAGE_TASK
from platerunner.engine.file_systems.life import RunStorage, wait_for
from platerunner.engine.gates.answers import Answer, decide, take
from platerunner.engine.gates.asked import APPROVE
from platerunner.engine.gates.budget_run import run_of_gate
from platerunner.engine.gates.gate_run import GateRun
from platerunner.engine.planning.branch import Branch
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.runs.graph import BAD, ENDED, FAILED, SKIPPED, SUCCESS, RunGraph, Task
from platerunner.engine.runs.waits import AbandonedError, Waits
from platerunner.engine.steps.branching import start_branches
from platerunner.engine.steps.endings import AwaitFiles, AwaitJobs, SkippedError, is_for_good
from platerunner.engine.steps.gathering import check_gathered
from platerunner.engine.steps.stay import Ended, StepStay
from platerunner.engine.steps.step_run import StepRun
from platerunner.engine.steps.telemetry import tell_run
from platerunner.engine.steps.turns import Owner
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate
from platerunner_unit.contract.storage import StorageError

log = logging.getLogger(__name__)
AT_ONCE = 16
"""Tasks that go on at once at most; most of them wait for jobs."""
TRIES = 2
PAUSE_S = 10.0
"""Seconds before the second try of a task for which Batch or a storage did not answer."""
NEWS_S = 0.5
"""Seconds after which events repeat the states: progress goes on while no state changes."""


class DirectRun:
    """One run, carried out once.

    :param access: clients, storages and settings.
    :param context: params, roots, options and the run's id.
    :param pace: how often jobs are looked at.
    """

    still_s: ClassVar[float] = 0.0
    """Seconds for which nothing but an answer has to be missing before a run counts as waiting for it."""

    def __init__(self, access: Access, pipeline: Pipeline, context: RunContext, pace: Pace) -> None:
        self._access = access
        self._pipeline = pipeline
        self._context = context
        self._pace = pace
        self._graph = RunGraph(pipeline)
        self._branches: list[Branch] = []
        self._workspace = access.storage(workspace_url(pipeline, context))
        self._news: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._answers: dict[Task, queue.SimpleQueue[Answer]] = {}
        self._going: dict[Task, StepRun | None] = {}
        self._stop = threading.Event()
        self._waits = Waits(access, pace)

    def events(self) -> Iterator[dict[str, Any]]:
        """Run it, and tell what goes on: ``states`` of all tasks, a ``failure``, an answer that was ``refused``, the
        ``end``.
        """
        ready: list[Task] = []
        state, began = None, time.monotonic()
        storage = RunStorage(self._access, self._pipeline, self._context)
        try:
            is_made = False
            while (state := self._graph.state()) is None:
                before, is_made = is_made, is_made or self._may_pay()
                if is_made and not before and (refused := (yield from self._made(storage))) is not None:
                    yield {"event": "failure", "task": STORAGE_TASK, "index": -1, "message": refused}
                    state = FAILED
                    break
                ready += self._graph.start()
                for task in [task for task in ready if (is_made or self._asks_price(task)) and self._has_room(task)]:
                    ready.remove(task)
                    self._begin(task)
                yield {"event": "states", "states": self._states()}
                yield from self._heard()
            yield {"event": "end", "state": state, "states": self._states()}
        except (KeyboardInterrupt, GeneratorExit):
            self.abandon()
            raise
        finally:
            self._stop.set()
            self._waits.close()
            _end_storage(storage)
            if not self._context.options.dry_run:
                took, run_id = time.monotonic() - began, self._context.run_id
                tell_run(self._workspace.url, self._pipeline, run_id, state or "abandoned", took, time.time())

    def _made(self, storage: RunStorage) -> Generator[dict[str, Any], None, str | None]:
        """Wait until the run's file system is there, if it has one; why it has to do without, if it must fail."""
        if any(self._graph.ends(name).get(-1) in BAD for name in self._pipeline.price_gates):
            return None
        try:
            while (seconds := storage.set_up()) is not None:
                yield {"event": "states", "states": self._states()}
                self._stop.wait(seconds)
        except Exception as error:
            if not (is_for_good(error) or isinstance(error, (BatchError, StorageError))):
                raise
            return str(error)
        return None

    def answer(self, name: str, index: int, choice: str, comment: str) -> None:
        """Answer a gate that asks.

        :param index: the place of its branch; -1 for none.
        :param choice: ``Approve`` or ``Reject``.
        :param comment: for the record.
        """
        task = Task(name, index)
        self._graph.set(task, "running")
        self._answers[task].put(Answer(choice, comment))

    def abandon(self) -> None:
        """End it where it stands, with the jobs that its steps wait for; another run goes on from there."""
        self._stop.set()
        for run in [run for run in list(self._going.values()) if run is not None]:
            if run.scope.hook.settings.on_clear == "terminate":
                try:
                    run.jobs.stop(CLEARED)
                except (BatchError, StorageError) as error:
                    log.warning("%s: its jobs could not be ended: %s", run.scope.step.name, error)

    def _may_pay(self) -> bool:
        """Whether all who were asked for the price of the run have answered: no file system is made before."""
        gates = self._pipeline.price_gates if self._pipeline.storage else ()
        return all(self._graph.ends(name).get(-1) in ENDED for name in gates)

    def _asks_price(self, task: Task) -> bool:
        return task.name in self._pipeline.price_gates

    def _has_room(self, task: Task) -> bool:
        """Whether a task may begin: gates wait for people, and keep nobody else waiting."""
        return isinstance(self._pipeline.steps.get(task.name), Gate) or len(self._going) < AT_ONCE

    def _heard(self) -> Iterator[dict[str, Any]]:
        """All news, after a short wait for the first."""
        try:
            news = [self._news.get(timeout=NEWS_S)]
        except queue.Empty:
            news = []
        while not self._news.empty():
            news.append(self._news.get())
        for each in news:
            match each:
                case {"event": "state", "task": task, "state": state}:
                    self._graph.set(task, state)
                case {"event": "branches", "count": count}:
                    self._graph.open_branches(count)
                case _:
                    yield each

    def _states(self) -> dict[str, dict[str, str]]:
        return {name: {str(i): state for i, state in found.items()} for name, found in self._graph.states().items()}

    def _begin(self, task: Task) -> None:
        if not isinstance(self._pipeline.steps.get(task.name), Gate):
            self._going[task] = None
        self._graph.set(task, "running")
        name = f"{task.name} {task.branch}" if task.branch >= 0 else task.name
        threading.Thread(target=self._run, args=(task,), name=name, daemon=True).start()

    def _run(self, task: Task) -> None:
        """A task to its end, with a second try where that may help."""
        for tries_left in reversed(range(TRIES)):
            try:
                self._act(task)
                state = SUCCESS
            except AbandonedError:
                return
            except SkippedError as reason:
                log.info("%s", reason)
                state = SKIPPED
            except Exception as error:
                if tries_left and not is_for_good(error):
                    log.warning("%s: trying again in %d s: %s", task.name, PAUSE_S, error)
                    self._set(task, "up_for_retry")
                    if self._stop.wait(PAUSE_S):
                        return
                    self._set(task, "running")
                    continue
                self._fail(task, error)
                state = FAILED
            break
        self._going.pop(task, None)
        self._set(task, state)

    def _fail(self, task: Task, error: Exception) -> None:
        known = is_for_good(error) or isinstance(error, StorageError)
        log.error("%s failed", task.name, exc_info=None if known else error)
        said = str(error) if known else f"{type(error).__name__}: {error}; the log has where it happened"
        self._news.put({"event": "failure", "task": task.name, "index": task.branch, "message": said})

    def _set(self, task: Task, state: str) -> None:
        self._news.put({"event": "state", "task": task, "state": state})

    def _act(self, task: Task) -> None:
        if task.name == self._pipeline.split_task:
            self._find_branches(task)
        elif isinstance(self._pipeline.steps[task.name], Gate):
            self._ask(task)
        else:
            self._work(task)

    def _find_branches(self, task: Task) -> None:
        data = self._access.storage(data_root(self._pipeline, self._context))
        while True:
            found = start_branches(self._pipeline, self._context, data, self._workspace, log)
            if not isinstance(found, AwaitFiles):
                self._branches = found
                return self._news.put({"event": "branches", "count": len(found)})
            self._sleep(task, found.seconds)

    def _work(self, task: Task) -> None:
        run = StepRun(self._access, self._pipeline, task.name, self._of(task))
        self._going[task] = run
        me = f"platerunner run by {getpass.getuser()} on {socket.gethostname()}"
        run.turns.owner = Owner(me, self._pipeline.name, task.name, self._context.run_id)
        # One run at a time has a workspace for this user on this machine: any before it is over.
        run.turns.is_over = lambda owner: owner.airflow == me
        stay = StepStay(run, log, self._graph.ends)
        then = stay.start()
        while isinstance(then, (AwaitFiles, AwaitJobs)):
            if isinstance(then, AwaitFiles):
                self._sleep(task, then.seconds)
                then = stay.go_on()
            else:
                self._set(task, "deferred")
                self._waits.wait(run, then, self._stop)
                self._set(task, "running")
                then = stay.collect()
        if isinstance(then, Ended):
            then.judge(run.scope.step.tolerate, log)

    def _ask(self, task: Task) -> None:
        gate = self._gate(task)
        check_gathered(self._pipeline, task.name, gate.context, gate.workspace, self._graph.ends)
        if gate.dry_run:
            for line in gate.lines:
                log.info("%s: %s", task.name, line)
            return None
        if passed := gate.passed():
            return log.info("%s: %s", task.name, passed)
        if (approval := gate.approval()) is not None:
            return log.info("%s: %s; unchanged since", task.name, approval.sentence)
        self._answers[task] = queue.SimpleQueue()
        while True:
            gate.ask()
            self._set(task, "awaiting_input")
            try:
                answer = self._answered(task)
            except AbandonedError:
                gate.tell_over("abandoned")
                raise
            gate, user = self._gate(task), getpass.getuser()  # its files may have changed since
            approved, at = answer.choice == APPROVE, datetime.now(UTC).isoformat(timespec="seconds")
            decision = decide(gate, "", user, approved=approved, comment=answer.comment, at=at)
            refused = take(gate, decision)
            if not refused:
                return log.info("%s: %s", task.name, decision.sentence)
            self._news.put({"event": "refused", "task": task.name, "index": task.branch, "message": refused})

    def _gate(self, task: Task) -> GateRun:
        return run_of_gate(self._access, self._pipeline, task.name, self._of(task))

    def _answered(self, task: Task) -> Answer:
        while not self._stop.is_set():
            try:
                return self._answers[task].get(timeout=NEWS_S)
            except queue.Empty:
                continue
        raise AbandonedError

    def _of(self, task: Task) -> RunContext:
        """The run's context, in a branch of it."""
        if task.branch < 0:
            return self._context
        return replace(self._context, branch=self._branches[task.branch])

    def _sleep(self, task: Task, seconds: float) -> None:
        self._set(task, "deferred")
        if self._stop.wait(seconds):
            raise AbandonedError
        self._set(task, "running")


def _end_storage(storage: RunStorage) -> None:
    """Delete the run's file system, whatever happened; one that stays is found by the doctor."""
    try:
        wait_for(storage.tear_down)
    except (BatchError, StorageError) as error:
        log.warning("the file system of the run costs on: %s; `platerunner doctor` finds it", error)
