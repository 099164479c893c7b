"""What a spec and its plan answer."""

from collections.abc import Callable, Iterator, Mapping

from platerunner.batch.image_catalog import standing_of
from platerunner.catalog.loader import FILE_TYPES
from platerunner.engine.planning.model import UnitState
from platerunner.engine.reviews.known import Answer, Known, all_or, some
from platerunner.spec.steps import ALL, Step

FromSpec = Callable[[Known], Answer | None]


def _approvers_named(known: Known) -> Answer:
    lacking = [gate.name for gate in known.gates if not gate.approvers]
    return all_or(lacking, "Every gate does.", ": everybody may approve who may edit the DAG.")


def _what_leaves(known: Known) -> Answer:
    kinds = {f"{event}: {each.kind}" for event, messages in known.pipeline.notify.items() for each in messages}
    return Answer(f"{some(sorted(kinds))}.")


def _tried_again(known: Known) -> Answer:
    once = [step.name for step in known.pipeline.modules if step.retry.attempts < 2]
    most = max(step.retry.attempts for step in known.pipeline.modules)
    good = f"Up to {most} attempts in a run, with more memory, disk or time where these were short."
    return all_or(once, good, ": one attempt.")


def _host_taken(known: Known) -> Answer:
    after = sorted({step.retry.on_demand_after for step in known.pipeline.modules if step.resources.capacity == "spot"})
    times = " or ".join(map(str, after))
    return Answer(f"It is tried again, and goes to on-demand hosts after {times} losses.", is_good=True)


def _branches_lost(known: Known) -> Answer | None:
    split = known.pipeline.split
    return None if split is None else Answer(f"{_share(split.tolerate)} of the branches.")


def _share(tolerate: float) -> str:
    if tolerate == ALL:
        return "all"
    return str(tolerate) if isinstance(tolerate, int) else f"{100 * tolerate:g}%"


def _gate_ends(known: Known) -> Answer:
    return all_or((gate.name for gate in known.gates if gate.timeout is None), "Every gate does.", ": waits for ever.")


def _gate_numbers(known: Known) -> Answer:
    lacking = [gate.name for gate in known.gates if not gate.checks and not gate.budget and not gate.restore]
    return all_or(lacking, "Every gate does.", ": no `checks`.")


def _failure_told(known: Known) -> Answer:
    told = [each.kind for each in known.pipeline.notify.get("on_failure", ())]
    return (
        Answer(f"By {some(told)}.", is_good=True) if told else Answer("`notify.on_failure` is not set.", is_good=False)
    )


def _restore_waits(known: Known) -> Answer | None:
    restore = known.pipeline.dataset.restore
    if restore is None:
        return None
    return Answer(f"At most {restore.timeout / 3600:g} hours, by the tier `{restore.tier}`.")


def _restore_paid(known: Known) -> Answer | None:
    restore = known.pipeline.dataset.restore
    if restore is None:
        return None
    if restore.ask_above is None:
        return Answer("Nobody is.", is_good=False)
    return Answer(f"Above {restore.ask_above:g} USD.", is_good=True)


def _cost_capped(known: Known) -> Answer | None:
    limits = [gate.budget.per_run for gate in known.gates if gate.budget and gate.budget.per_run is not None]
    return Answer(f"A run is asked about above {min(limits):g} USD by its estimate.", is_good=True) if limits else None


def _images_fixed(known: Known) -> Answer | None:
    if not known.digests or None in known.digests.values():
        return None
    return Answer(f"{some(sorted(known.digests))}: by the registry, or by their last run.", is_good=True)


def _modules_approved(known: Known) -> Answer:
    used = sorted({name for step in known.pipeline.modules for name in modules_of(step)})
    lacking = [name for name in used if known.modules[name].standing.status != "approved"]
    return all_or(lacking, f"{some(used)}: approved.", ": not approved in the catalog.")


def _images_approved(known: Known) -> Answer:
    steps = list(known.pipeline.modules)
    images = [step.image for step in steps] + [each.image for step in steps for each in step.overrides]
    named = [image for image in images if image]
    lacking = [image for image in named if (found := standing_of(image)) is None or found.status != "approved"]
    good = f"{some(sorted(set(named)))}: approved." if named else "No step names one; each module's own runs."
    return all_or(lacking, good, ": not approved in the catalog.")


def modules_of(step: Step) -> Iterator[str]:
    """The modules that a step may run, by their names in the catalog."""
    yield step.module
    yield from (each.module for each in step.overrides if each.module)


def _programs_fixed(_known: Known) -> Answer:
    return Answer("Every file that a step names is part of its units' fingerprints.", is_good=True)


def files_beside(known: Known) -> Iterator[tuple[Step, str]]:
    """The programs beside a spec that its steps run; a pipeline of CellProfiler's is none."""
    for step in known.pipeline.modules:
        module = known.modules[step.module]
        if module.tool == "command":
            yield from ((step, name) for name, each in module.parameters.items()
                        if name in step.with_ and (each.type in FILE_TYPES or each.items in FILE_TYPES))  # fmt: skip


def _files_complete(known: Known) -> Answer:
    files = known.pipeline.dataset.files.values()
    lacking = [each.name for each in files if not each.complete and each.table is None]
    return all_or(lacking, "Every file set says what must be there.", ": no `complete`, so it takes what is there.")


def _failures_allowed(known: Known) -> Answer:
    allowed = [f"{step.name}: {_share(step.tolerate)}" for step in known.pipeline.modules if step.tolerate]
    return all_or(allowed, "Every one does.", ": what comes after goes on without them.")


def _outputs_counted(known: Known) -> Answer:
    opened = [
        f"{step.name}.{output.name}"
        for step in known.pipeline.modules
        for output in step.outputs.values()
        if output.at_least is not None
    ]
    return all_or(opened, "Every one is.", ": a least number of files instead.")


def _units_left_out(known: Known) -> Answer | None:
    if not known.plans:
        return None
    excluded = sum(len(plan.of(UnitState.EXCLUDED)) for plan in known.plans)
    units = sum(len(plan.units) for plan in known.plans)
    absent = list(dict.fromkeys(each for plan in known.plans for each in plan.absent))
    told = f" The dataset has no {', '.join(absent)}." if absent else ""
    reasons = some(each.because for each in known.pipeline.dataset.exclude)
    because = f" Files are left out because: {reasons}." if reasons else ""
    return Answer(f"{excluded:,} of {units:,} units.{because}{told}", is_good=not absent)


def _upload_ended(known: Known) -> Answer | None:
    schedule = known.pipeline.schedule
    quiet, latest = getattr(schedule, "quiet", None), getattr(schedule, "at_latest", None)
    if quiet is None or latest is None:
        return Answer("The file that asks for the run, which is uploaded last.")
    return Answer(f"{quiet / 60:g} minutes without a further file, or {latest / 3600:g} hours after the first.")


BY_QUESTION: Mapping[str, FromSpec] = {
    "approvers_named": _approvers_named,
    "what_leaves": _what_leaves,
    "tried_again": _tried_again,
    "host_taken": _host_taken,
    "branches_lost": _branches_lost,
    "gate_ends": _gate_ends,
    "gate_numbers": _gate_numbers,
    "failure_told": _failure_told,
    "restore_waits": _restore_waits,
    "restore_paid": _restore_paid,
    "cost_capped": _cost_capped,
    "images_fixed": _images_fixed,
    "modules_approved": _modules_approved,
    "images_approved": _images_approved,
    "programs_fixed": _programs_fixed,
    "files_complete": _files_complete,
    "failures_allowed": _failures_allowed,
    "outputs_counted": _outputs_counted,
    "units_left_out": _units_left_out,
    "upload_ended": _upload_ended,
}
"""Each answers with None where spec and plan do not tell."""
