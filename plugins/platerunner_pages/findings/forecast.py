"""What the next run of a pipeline would do, and why: planned on request, one at a time, within a limit of time."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from dataclasses import dataclass

from platerunner.batch.images import resolve
from platerunner.batch.model import BatchError
from platerunner.catalog.loader import load_catalog
from platerunner.engine.estimates.estimate import estimate
from platerunner.engine.estimates.known import known_to
from platerunner.engine.estimates.texts import HEAD, rows_of, sentences
from platerunner.engine.inspect.explain import explain
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.earlier import Contents
from platerunner.engine.planning.model import PlannedUnit, StepPlan, UnitState
from platerunner.engine.planning.prepare import images, ingredients_of, plan_pipeline
from platerunner.engine.planning.reasons import Reason, Why
from platerunner.engine.planning.settings import data_root, workspace_url
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.model import Pipeline

LIMIT_S = 60.0
EXAMPLES = 5
DETAILS = 6
_one_at_a_time = threading.Semaphore(1)
_pool = ThreadPoolExecutor(1, "platerunner-forecast")


class NoForecastError(Exception):
    """No forecast can be made now; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Group:
    """Units of a step in the same state for the same reason.

    :param why: what changed, of the first of them; empty where the reason says it.
    """

    state: UnitState
    reason: str
    count: int
    examples: tuple[str, ...]
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepForecast:
    """What a step would do."""

    step: str
    counts: Mapping[str, int]
    groups: tuple[Group, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next run would do, take and cost.

    :param head: of the table of what it would take.
    :param rows: of that table, a row per step with pending units and the total; empty if nothing is pending.
    :param basis: what the figures are based on, as sentences.
    """

    steps: list[StepForecast]
    head: Sequence[str]
    rows: list[list[str]]
    basis: list[str]


def forecast(pipeline: Pipeline, hook: PlaterunnerHook) -> Forecast:
    """Plan all steps as if the pipeline ran now with its default params; nothing is written.

    :raises NoForecastError: if it takes too long, or another one is being made.
    :raises platerunner.engine.planning.errors.PlanningError: if a step cannot be planned.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise NoForecastError("Another plan is being made; try again in a minute.")
    future = _pool.submit(_forecast, pipeline, hook)
    future.add_done_callback(lambda _: _one_at_a_time.release())
    try:
        return future.result(LIMIT_S)
    except TooLateError:
        raise NoForecastError(
            f"Planning takes longer than {LIMIT_S:.0f} s; run `platerunner plan`, or trigger a run with `dry_run`."
        ) from None
    except BatchError as error:
        raise NoForecastError(str(error)) from None


def _forecast(pipeline: Pipeline, hook: PlaterunnerHook) -> Forecast:
    roots = hook.settings.roots()
    params = {name: schema["default"] for name, schema in pipeline.params.items() if "default" in schema}
    if asked := [name for name in pipeline.params if name not in params]:
        raise NoForecastError(
            f"Each run is given its own `{'`, `'.join(asked)}`: run `platerunner plan` with `--param {asked[0]}=...`."
        )
    context = RunContext(params, roots["data_root"], roots["workspace_root"])
    modules = load_catalog()
    names = images(pipeline, modules, context)
    digests = {name: resolve(name, hook.settings.registry, hook.ecr)[1] for name in names}
    workspace = hook.storage(workspace_url(pipeline, context))
    store, contents = (
        OutcomeStore(workspace),
        Contents({"data": hook.storage(data_root(pipeline, context)), "workspace": workspace}),
    )
    plans = plan_pipeline(pipeline, modules, context, hook.storage, digests)

    def why(step: str, unit: PlannedUnit) -> tuple[str, ...]:
        ingredients = ingredients_of(pipeline, step, modules, context, digests)
        return explain(store, step, ingredients(unit.values), unit, contents).details[:DETAILS]

    found = estimate(pipeline, context, plans, known_to(hook, workspace, modules, digests))
    rows = rows_of(found) if found.steps else []
    return Forecast([_step(plan, why) for plan in plans], HEAD, rows, list(sentences(found)))


def _step(plan: StepPlan, why: Callable[[str, PlannedUnit], tuple[str, ...]]) -> StepForecast:
    groups: dict[tuple[UnitState, Reason], list[PlannedUnit]] = defaultdict(list)
    for unit in plan.units:
        if unit.state is not UnitState.DONE:
            groups[unit.state, unit.reason].append(unit)
    shown = tuple(
        Group(
            state,
            str(reason),
            len(units),
            tuple(unit.unit for unit in units[:EXAMPLES]),
            why(plan.step, units[0]) if state is UnitState.PENDING and reason.why is not Why.NEW else (),
        )
        for (state, reason), units in sorted(groups.items(), key=lambda item: -len(item[1]))[:20]
    )
    return StepForecast(plan.step, plan.counts(), shown, plan.notes)
