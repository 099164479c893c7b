"""What a step tells a collector: its attempts as they are collected, and its end. Counts come from its records.

They are saved with the verdicts, and told until a collector has taken them: a worker that dies in between leaves them
to the next one, and a collector that is away gets them when it is back.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from platerunner.batch.model import Submission
from platerunner.engine.ledger.columns import Row
from platerunner.engine.records.step_state import StateFile, StepState
from platerunner.engine.steps.digest import StepResult
from platerunner.engine.steps.step_scope import StepScope
from platerunner.engine.telemetry import Point, Span, is_on, send
from platerunner.spec.model import Pipeline
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.telemetry import signals
from platerunner_unit.contract.telemetry.run_trace import RunTrace

METRICS = {metric.name: metric for metric in signals.WORKER}
STATES = ("succeeded", "done_before", "failed", "waiting", "excluded")


def trace_of(scope: StepScope) -> RunTrace:
    """The trace of a step in a run that Airflow does not trace."""
    place = f"{scope.step.name}/{scope.branch}" if scope.branch else scope.step.name
    return RunTrace.of(scope.workspace.url, scope.pipeline.name, scope.context.run_id, place)


def points_of(scope: StepScope, won: Sequence[str], lost: Sequence[Category], rows: Sequence[Row]) -> list[Point]:
    """The numbers of a submission whose verdicts were collected.

    :param won: units that succeeded.
    :param lost: category of each that did not.
    :param rows: of the ledger.
    """
    counts = Counter(lost)
    counts[Category.SUCCEEDED] += len(won)
    known = place_of(scope)
    attempts = [(count, {**known, signals.VERDICT: str(word)}) for word, count in counts.items() if count]
    return [*(Point(signals.ATTEMPTS, count, named) for count, named in attempts), *_costs(known, rows)]


def span_of(scope: StepScope, trace: RunTrace, submission: Submission, lost: int) -> Span:
    """A submission's part of its run's trace.

    :param submission: with both of its times.
    :param lost: units that failed.
    """
    attributes = {
        **place_of(scope), "platerunner.submission": submission.n, "platerunner.job_id": submission.job_id or "",
        "platerunner.job_queue": submission.queue, "platerunner.units": submission.size,
    }  # fmt: skip
    return Span(
        name=f"submission {scope.step.name}",
        trace=trace.trace,
        span=trace.submission(submission.n),
        parent=trace.step,
        start_s=_seconds(submission.submitted_at),
        end_s=_seconds(submission.ended_at or submission.submitted_at),
        attributes=attributes,
        error=f"{lost} of {submission.size} units failed" if lost else None,
    )


def with_untold(state: StepState, points: Sequence[Point]) -> StepState:
    """The state that keeps numbers until a collector has taken them; the same where there is no collector.

    Counts of the same are one number: a collector may be away for days.
    """
    if not is_on():
        return state
    counts: defaultdict[tuple[str, tuple[tuple[str, str], ...]], float] = defaultdict(float)
    others = []
    for name, value, attributes in (*state.untold, *((p.metric.name, p.value, p.attributes) for p in points)):
        if METRICS[name].kind == signals.COUNTER:
            counts[name, tuple(attributes.items())] += value
        else:
            others.append((name, value, attributes))
    return replace(state, untold=(*((name, value, dict(known)) for (name, known), value in counts.items()), *others))


def tell_untold(file: StateFile, state: StepState, spans: Sequence[Span] = ()) -> StepState:
    """Tell the numbers that a state keeps.

    :param file: where it is kept.
    :param state: as it is saved.
    :returns: the state without them, saved, if the collector took them.
    """
    points = [Point(METRICS[name], value, attributes) for name, value, attributes in state.untold]
    taken = is_on() and send(points, spans)
    return file.save(replace(state, untold=())) if taken and points else state


def tell_retries(scope: StepScope, state: StepState, counts: Mapping[Category, int]) -> StepState:
    """Tell of units that are tried again.

    :param counts: what became of their last attempt, with the number of units.
    :returns: the state, with what the collector did not take.
    """
    known = place_of(scope)
    points = [Point(signals.RETRIES, count, {**known, signals.VERDICT: str(word)}) for word, count in counts.items()]
    return state if send(points) else with_untold(state, points)


def tell_end(scope: StepScope, trace: RunTrace, result: StepResult, *, red: bool) -> None:
    """Tell of a step's end, and what no collector took before.

    :param red: whether it failed.
    """
    known, now = place_of(scope), time.time()
    ended = {**known, signals.RESULT: "failed" if red else "succeeded"}
    points = [Point(signals.STEP_DURATION, result.seconds, ended), *_units(known, result)]
    spans = []
    if trace.run is not None:  # else Airflow's own span of the task is the step's
        start, error = now - result.seconds, result.sentence if red else None
        name = f"step {scope.step.name}"
        spans = [Span(name, trace.trace, trace.step, trace.run, start, now, _span_attributes(scope, result), error)]
    if is_on():
        left = tell_untold(scope.state_file, with_untold(scope.state_file.load(), points), spans)
        if left.untold:
            scope.state_file.save(left)


def tell_run(
    workspace: str, pipeline: Pipeline, run_id: str, state: str, seconds: float, ended: float, *, spans: bool = True
) -> None:
    """Tell of a run's end.

    :param workspace: its URL.
    :param state: as Airflow or the run graph has it, ``success`` or another.
    :param seconds: wall time.
    :param ended: when, in seconds since 1970.
    :param spans: whether its span is ours to send, and not Airflow's.
    """
    trace = RunTrace.of(workspace, pipeline.name, run_id)
    named = {signals.PIPELINE: pipeline.name, "platerunner.run_id": run_id}
    result = "succeeded" if state == "success" else "failed"
    point = Point(signals.RUN_DURATION, seconds, {signals.PIPELINE: pipeline.name, signals.RESULT: result})
    error = None if result == "succeeded" else f"the run ended as {state}"
    span = Span(f"run {pipeline.name}", trace.trace, trace.step, None, ended - seconds, ended, named, error)
    send([point], [span] if spans else [])


def place_of(scope: StepScope) -> dict[str, str]:
    """The attributes of every number of a step."""
    return {signals.PIPELINE: scope.pipeline.name, signals.STEP: scope.step.name}


def _costs(known: Mapping[str, str], rows: Sequence[Row]) -> Iterator[Point]:
    """What attempts cost, by verdict; those without a price are counted instead, for no sum would be true."""
    for verdict in {row["verdict"] for row in rows}:
        priced = [row["usd"] for row in rows if row["verdict"] == verdict and row["usd"] is not None]
        if priced:
            yield Point(signals.COST, sum(priced), {**known, signals.VERDICT: verdict})
    yield Point(signals.UNPRICED, sum(row["usd"] is None for row in rows), known)


def _units(known: Mapping[str, str], result: StepResult) -> Iterator[Point]:
    for state in STATES:
        yield Point(signals.STEP_UNITS, getattr(result, state), {**known, signals.STATE: state})


def _span_attributes(scope: StepScope, result: StepResult) -> dict[str, Any]:
    counts = {f"platerunner.units.{state}": getattr(result, state) for state in STATES}
    named = {**place_of(scope), "platerunner.run_id": scope.context.run_id, **counts}
    return {**named, "platerunner.branch": scope.branch} if scope.branch else named


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
