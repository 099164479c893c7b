"""`platerunner run`: one run of a pipeline, to its end, with Airflow's own machinery."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from platerunner.cli.aws.connection import connect
from platerunner.cli.console import err, fail, out, quiet
from platerunner.cli.gates.questions import GateKeeper
from platerunner.cli.inspect.states import TaskStates, asking, goes_on, overall
from platerunner.cli.loading import load_or_fail
from platerunner.cli.options import (
    AcceptFailed,
    DataRoot,
    Local,
    Only,
    Params,
    Rerun,
    SpecArgument,
    WorkspaceRoot,
    parse_options,
    parse_params,
    with_roots,
)
from platerunner.cli.run.checks import check_before, check_local_images
from platerunner.cli.run.home import AirflowHome
from platerunner.cli.run.jobs import JobCounts
from platerunner.cli.run.one_at_a_time import alone
from platerunner.cli.run.progress import RunDisplay
from platerunner.cli.run.session import Engine
from platerunner.cli.run.summary import RunSummary, summarise
from platerunner.cli.run.unanswered import WAITING, Unanswered
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.options import RunOptions
from platerunner.engine.planning.settings import workspace_url
from platerunner.spec.model import Gate, Pipeline
from platerunner_unit.contract.storage import Storage

HOME = Path(".platerunner")
FAILED = 1
GATE_WAITS = 3
NOT_THERE = 4
"""All that there is was done, but not all that was asked for by name is there."""
INTERRUPTED = 130
"""As shells show a program that Ctrl-C ended."""


def run(
    spec: SpecArgument,
    *,
    local: Local = False,
    data_root: DataRoot = None,
    workspace_root: WorkspaceRoot = None,
    param: Params = None,
    only: Only = None,
    rerun: Rerun = None,
    accept_failed: AcceptFailed = None,
    approve: Annotated[list[str] | None, typer.Option(help="Approve this gate without asking.", metavar="GATE")] = None,
    approve_all: Annotated[bool, typer.Option("--approve-all", help="Approve every gate without asking.")] = False,
    summary: Annotated[Path | None, typer.Option(help="Write what happened as JSON.", dir_okay=False)] = None,
) -> None:
    """Run a pipeline once: what is done already is not done again. Ends with 0 only if the run succeeded.

    Ends with 4 if it succeeded, and `where` asks for a plate, well or the like that has no file.

    Without a terminal nobody can be asked: then all that needs no answer is done, and it ends with 3.
    """
    pipeline = load_or_fail(spec)
    gates = [step.name for step in pipeline.steps.values() if isinstance(step, Gate)]
    for name in approve or []:
        if name not in gates:
            fail(f"--approve {name}: {spec} has no such gate; it has {', '.join(gates) or 'none'}")
    params = parse_params(param or [], pipeline.params)
    options = parse_options(pipeline, only, rerun, accept_failed)
    with quiet(), connect(local=local) as cloud:
        connection = with_roots(cloud.extras, data_root, workspace_root)
        request = RunRequest(pipeline, params, connection, tuple(gates if approve_all else approve or []), options)
        if cloud.images is not None:
            check_local_images(pipeline, request.context(""), cloud.images)
        with alone(workspace_url(pipeline, request.context(""))):
            check_before(pipeline, request.context(""), connection)
            result = _unless_interrupted(request)
    if summary:
        result.write(summary)
    if result.state != "success":
        raise typer.Exit(GATE_WAITS if result.state == WAITING else FAILED)
    if result.absent:
        fail(f"The dataset has no file of {', '.join(result.absent)}, which `where` asks for.", code=NOT_THERE)


def _unless_interrupted(request: "RunRequest") -> RunSummary:
    try:
        return execute(request)
    except KeyboardInterrupt:
        fail("Interrupted. What is done stays done: the same command goes on from there.", code=INTERRUPTED)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that decides a run.

    :param connection: extras of the connection ``platerunner``, with ``data_root`` and ``workspace_root``.
    :param approve: gates approved beforehand.
    :param options: what is asked of this run alone.
    """

    pipeline: Pipeline
    params: Mapping[str, Any]
    connection: Mapping[str, Any]
    approve: tuple[str, ...] = ()
    options: RunOptions = field(default_factory=RunOptions)

    def context(self, run_id: str) -> RunContext:
        """What the spec's templates see."""
        roots = self.connection["data_root"], self.connection["workspace_root"]
        return RunContext(dict(self.params), *roots, run_id=run_id, options=self.options)


def execute(request: RunRequest) -> RunSummary:
    """Run a pipeline to its end, with progress on the terminal, and print what happened.

    :param request: the run.
    """
    home = AirflowHome((HOME / "airflow").absolute())
    with out.status("Preparing Airflow"):
        home.prepare()
    log = HOME / "logs" / f"{request.pipeline.name}-{time.strftime('%Y%m%d-%H%M%S')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    engine = Engine(home, log)
    workspace = Storage(workspace_url(request.pipeline, request.context(engine.run_id)))
    started = time.monotonic()
    state, states, unanswered = _follow(engine, request, workspace)
    result = summarise(request.pipeline, workspace, engine.run_id, state, time.monotonic() - started)
    result.show(states)
    out.print(f"Results: {workspace.url}\nAirflow's log: {log}", markup=False)
    if state == WAITING:
        err.print(unanswered.sentence(), style="red", markup=False)
    return result


def _follow(engine: Engine, request: RunRequest, workspace: Storage) -> tuple[str, dict[str, str], Unanswered]:
    """Start the engine, show its progress, answer its gates; the run's state, its steps' states, what waits."""
    conf = {**request.params, **request.options.to_params()}
    environment = engine.home.environment(request.pipeline.path, request.connection)
    keeper = GateKeeper(request.pipeline, request.approve, workspace, engine.run_id)
    asked: set[tuple[str, int]] = set()
    unanswered = Unanswered()
    state: str = "failed"
    states: TaskStates = {}
    with RunDisplay(request.pipeline, JobCounts(request.pipeline, workspace, engine.run_id)) as display:
        for event in engine.events(request.pipeline.path, conf, environment):
            if event["event"] == "failure":
                display.failed(_called(keeper, event["task"], event["index"]), event["message"])
                continue
            states = event["states"]
            display.update(overall(states))
            state = event.get("state", state)
            for name, index in sorted(asking(request.pipeline, states) - asked):
                asked.add((name, index))
                if not _ask(engine, display, keeper, name, index):
                    unanswered.add(name, _called(keeper, name, index))
            if unanswered.in_the_way(goes_on=goes_on(request.pipeline, states)):
                engine.abandon()
                state = WAITING
                break
    return state, overall(states), unanswered


def _called(keeper: GateKeeper, name: str, index: int) -> str:
    branch = keeper.branch(index)
    return f"{name} of {branch.key}" if branch else name


def _ask(engine: Engine, display: RunDisplay, keeper: GateKeeper, name: str, index: int) -> bool:
    """Ask at the terminal and hand the answer on; False if nobody is there."""
    display.pause()
    answer = keeper.answer(name, index)
    display.resume()
    if answer is not None:
        engine.answer(name, index, answer.choice, answer.comment)
    return answer is not None
