"""One run of a pipeline to its end, by the engine itself or by Airflow: progress, gates, and what happened."""

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

from platerunner.batch.model import PACE, Pace
from platerunner.cli.console import err, out
from platerunner.cli.gates.questions import GateKeeper
from platerunner.cli.inspect.states import TaskStates, asking, goes_on, overall
from platerunner.cli.run.home import AirflowHome
from platerunner.cli.run.jobs import JobCounts
from platerunner.cli.run.progress import RunDisplay
from platerunner.cli.run.session import AirflowRun
from platerunner.cli.run.summary import RunSummary, summarise, summarise_step
from platerunner.cli.run.unanswered import WAITING, Unanswered
from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.planning.settings import workspace_url
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Gate
from platerunner_unit.contract.storage import Storage

HOME = Path(".platerunner")
AT_HOME = Pace(first=0.1, fastest=0.1, slowest=1.0)
"""The embedded cloud is asked often: it is near, and nobody else's."""
ON_AWS = PACE


class Run(Protocol):
    """What carries a run out."""

    still_s: ClassVar[float]
    """Seconds for which nothing but an answer has to be missing before a run counts as waiting for it."""

    def events(self) -> Iterator[dict[str, Any]]:
        """Start it and yield what it reports, to its end."""

    def answer(self, name: str, index: int, choice: str, comment: str) -> None:
        """Answer a gate that waits."""

    def abandon(self) -> None:
        """End it where it stands."""


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that decides a run.

    :param connection: extras of the connection ``platerunner``, with ``data_root`` and ``workspace_root``.
    :param approve: gates approved beforehand.
    :param options: what is asked of this run alone.
    :param airflow: let Airflow's own machinery run the DAG.
    :param ecr: what answers in ECR's place, the embedded cloud's; None on AWS.
    """

    pipeline: Pipeline
    params: Mapping[str, Any]
    connection: Mapping[str, Any]
    approve: tuple[str, ...] = ()
    options: RunOptions = field(default_factory=RunOptions)
    airflow: bool = False
    ecr: Any = None

    def context(self, run_id: str = "", at: str = "") -> RunContext:
        """What the spec's templates see.

        :param at: when it runs, ISO 8601.
        """
        roots = self.connection["data_root"], self.connection["workspace_root"]
        return RunContext(dict(self.params), *roots, run_id=run_id, logical_date=at, options=self.options)


def execute(request: RunRequest) -> RunSummary:
    """Run a pipeline to its end, with progress on the terminal, and print what happened.

    :param request: the run.
    """
    now = datetime.now(UTC)
    run_id = f"manual__{now.isoformat()}"
    log = HOME / "logs" / f"{request.pipeline.name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    workspace = Storage(workspace_url(request.pipeline, request.context(run_id)))
    started = time.monotonic()
    with _by_airflow(request, now, log) if request.airflow else _directly(request, now, log) as run:
        state, states, unanswered = _follow(run, request, workspace, run_id)
    result = summarise(request.pipeline, workspace, run_id, state, time.monotonic() - started)
    result.show(states)
    out.print(f"Results: {workspace.url}\n{"Airflow's log" if request.airflow else 'Log'}: {log}", markup=False)
    if state == WAITING:
        err.print(unanswered.sentence(), style="red", markup=False)
    return result


@contextlib.contextmanager
def _by_airflow(request: RunRequest, now: datetime, log: Path) -> Iterator[Run]:
    home = AirflowHome((HOME / "airflow").absolute())
    with out.status("Preparing Airflow"):
        home.prepare()
    conf = {**request.params, **request.options.to_params()}
    environment = home.environment(request.pipeline.path, request.connection)
    yield AirflowRun(log, now, request.pipeline.path, conf, environment)


@contextlib.contextmanager
def _directly(request: RunRequest, now: datetime, log: Path) -> Iterator[Run]:
    # With AWS's clients, which commands that only look at specs do without.
    from platerunner.engine.runs.direct import DirectRun
    from platerunner.engine.runs.direct_access import DirectAccess

    context = request.context(f"manual__{now.isoformat()}", now.isoformat())
    access = DirectAccess(request.connection, ecr=request.ecr)
    with logging_to(log):
        yield DirectRun(access, request.pipeline, context, ON_AWS if request.ecr is None else AT_HOME)


@contextlib.contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Let a file have all that is logged, and nothing of it come to the terminal."""
    handler = logging.FileHandler(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s [%(threadName)s] %(message)s"))
    root, level, disabled = logging.root, logging.root.level, logging.root.manager.disable
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.disable(logging.NOTSET)
    try:
        yield
    finally:
        logging.disable(disabled)
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def _follow(run: Run, request: RunRequest, workspace: Storage, run_id: str) -> tuple[str, dict[str, str], Unanswered]:
    """Show a run's progress, answer its gates; the run's state, its steps' states, what waits."""
    keeper = GateKeeper(request.pipeline, request.approve, workspace, run_id)
    asked: set[tuple[str, int]] = set()
    unanswered = Unanswered()
    state: str = "failed"
    states: TaskStates = {}
    done = partial(_done, request.pipeline, workspace, run_id)
    with RunDisplay(request.pipeline, JobCounts(request.pipeline, workspace, run_id), done) as display:
        for event in run.events():
            if event["event"] in ("failure", "refused"):
                name, index = event["task"], event["index"]
                display.failed(_called(keeper, name, index), event["message"])
                if event["event"] == "refused" and keeper.asks(name):
                    asked.discard((name, index))
                elif event["event"] == "refused":
                    unanswered.add(name, _called(keeper, name, index))
                continue
            states = event["states"]
            display.update(overall(states))
            state = event.get("state", state)
            for name, index in sorted(asking(request.pipeline, states) - asked):
                asked.add((name, index))
                if not _ask(run, display, keeper, name, index):
                    unanswered.add(name, _called(keeper, name, index))
            if unanswered.in_the_way(goes_on=goes_on(request.pipeline, states), still_s=run.still_s):
                run.abandon()
                state = WAITING
                break
    return state, overall(states), unanswered


def _done(pipeline: Pipeline, workspace: Storage, run_id: str, name: str) -> tuple[int, int]:
    """Units done and units of a step that has ended; a gate counts as one."""
    if isinstance(pipeline.steps[name], Gate):
        return 1, 1
    step = summarise_step(pipeline, workspace, run_id, name)
    return step.succeeded + step.done_before, step.units


def _called(keeper: GateKeeper, name: str, index: int) -> str:
    branch = keeper.branch(index)
    return f"{name} of {branch.key}" if branch else name


def _ask(run: Run, display: RunDisplay, keeper: GateKeeper, name: str, index: int) -> bool:
    """Ask at the terminal and hand the answer on; False if nobody is there."""
    display.pause()
    answer = keeper.answer(name, index)
    display.resume()
    if answer is not None:
        run.answer(name, index, answer.choice, answer.comment)
    return answer is not None
