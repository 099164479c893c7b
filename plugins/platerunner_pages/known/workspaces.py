"""The workspace of a run, reached with the connection that its tasks use."""

import time
from functools import lru_cache
from urllib.parse import urlencode

from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.planning.context import RunContext
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.templates import TemplateProblem, render
from platerunner_pages.known.runs import SeenRun
from platerunner_pages.known.steps import SeenStep
from platerunner_unit.contract.storage import Storage, StorageError

HOOK_S = 60
"""Seconds for which a hook is used: credentials that it found are temporary."""
UNREADABLE = (ConnectionProblem, StorageError, TemplateProblem)
"""What keeps a workspace from being read; the message is one sentence for a person."""


def workspace_of(run: SeenRun, step: SeenStep) -> Storage:
    """Where a run keeps its results.

    :param step: any of the run.
    :raises ConnectionProblem: and the rest of :data:`UNREADABLE`.
    """
    return hook().storage(str(render(step.workspace, context_of(run, step).templates())))


def hook() -> PlaterunnerHook:
    """The connection that tasks use, too."""
    return _hook(int(time.time() // HOOK_S))


def dashboard(board: str, pipeline: str = "") -> str:
    """The address of a dashboard in the lab's Grafana; empty if the connection names none.

    :param board: its uid, as in ``observability/panels.py``.
    :param pipeline: the one that is chosen there; empty for all.
    """
    try:
        grafana = hook().settings.grafana.rstrip("/")
    except ConnectionProblem:
        return ""  # what needs the connection says so
    chosen = f"?{urlencode({'var-pipeline': pipeline})}" if pipeline else ""
    return f"{grafana}/d/{board}{chosen}" if grafana else ""


def context_of(run: SeenRun, step: SeenStep) -> RunContext:
    """What the spec's templates see in this run."""
    params = {name: run.params.get(name) for name in step.params}
    roots = hook().settings.roots()
    return RunContext(params, roots["data_root"], roots["workspace_root"], run.run_id, run.logical_date)


@lru_cache(maxsize=1)
def _hook(_minute: int) -> PlaterunnerHook:
    return PlaterunnerHook()
