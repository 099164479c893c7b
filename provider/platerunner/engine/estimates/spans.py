"""Hours of a step and of a run from beginning to end, by how many units ran at once before."""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from statistics import fmean, median

from platerunner.engine.estimates.model import StepEstimate
from platerunner.engine.estimates.samples import Group, Sample
from platerunner.spec.model import Pipeline

ALL = 0.9
"""Part of a run's units that ran at once from which on nothing held them back."""


def span_of(group: Group, units: int, machine_s: float, longest: float) -> float | None:
    """Seconds of a step from the first submission to the last end; None if the ledger has no times.

    :param machine_s: of all units, with attempts that fail.
    :param longest: seconds of the unit that takes longest.
    """
    told = []
    for _, some in groupby(sorted(group.samples, key=lambda each: each.run), key=lambda each: each.run):
        spans = [(each, each.span) for each in some if each.span is not None and each.submitted is not None]
        if spans:
            told.append(_at_once([span for _, span in spans], min(each.submitted or 0.0 for each, _ in spans)))
    if not told:
        return None
    wait, share, many, peak_of_all = (fmean(values) for values in zip(*told, strict=True))
    # Where all ran at once, more will; where they queued for a machine, they will again.
    at_once = share * units if peak_of_all >= ALL else min(float(units), many)
    return wait + max(longest, machine_s / max(1.0, at_once))


def between_of(pipeline: Pipeline, groups: Mapping[str, Group]) -> float:
    """Seconds from a step's last end to the first submission of the step after it, as a median over runs and steps.

    After a gate they are a person's, and count for nothing; where a plate goes ahead of the others there are none.

    :param groups: the pipeline's own attempts, by step.
    """
    begun, done = ({name: _of_runs(group, edge) for name, group in groups.items()} for edge in (_first, _last))
    told = [
        max(0.0, at - max(done[each][run] for each in upstream))
        for name, runs in begun.items()
        for run, at in runs.items()
        if (upstream := pipeline.steps[name].upstream) and all(run in done.get(each, {}) for each in upstream)
    ]
    return median(told) if told else 0.0


def _of_runs(group: Group, edge: Callable[[Sequence[Sample]], float | None]) -> dict[str, float]:
    runs = groupby(sorted(group.samples, key=attrgetter("run")), key=attrgetter("run"))
    told = {run: edge(list(some)) for run, some in runs}
    return {run: at for run, at in told.items() if at is not None}


def _first(samples: Sequence[Sample]) -> float | None:
    return min((each.submitted for each in samples if each.submitted is not None), default=None)


def _last(samples: Sequence[Sample]) -> float | None:
    return max((each.span[1] for each in samples if each.span is not None), default=None)


def wall_of(pipeline: Pipeline, found: Sequence[StepEstimate], between: float) -> float | None:
    """Seconds along the longest way through the steps; None if those of a step are not known.

    :param found: of the steps with pending units.
    :param between: seconds from one of them to the next.
    """
    own = {step.step: step.wall_s for step in found}
    if None in own.values():
        return None
    until: dict[str, float] = {}
    for name, step in pipeline.steps.items():
        before = max((until[each] for each in step.upstream), default=0.0)
        until[name] = before + (own[name] or 0.0) + (between if before else 0.0) if name in own else before
    return max(until.values(), default=0.0)


def _at_once(spans: Sequence[tuple[float, float]], submitted: float) -> tuple[float, float, float, float]:
    """Seconds until the first started; units at once on average, as a part of all and as a number; the peak's part."""
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    mean = sum(end - start for start, end in spans) / (last - first) if last > first else float(len(spans))
    moments = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    going = peak = 0
    for _, change in moments:
        going += change
        peak = max(peak, going)
    return max(0.0, first - submitted), mean / len(spans), mean, peak / len(spans)
