"""Whether CellProfiler pipelines fit the planned units: what each container would check, once and before the run."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from platerunner.catalog.model import Module
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import PlannedUnit, StepPlan, StepSettings, UnitState
from platerunner.engine.planning.settings import Variants
from platerunner.spec.model import Pipeline
from platerunner.spec.steps import Step
from platerunner_unit.cellprofiler import fit
from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler.load_data import LoadDataError, Table, build
from platerunner_unit.cellprofiler.plugin_names import names_of
from platerunner_unit.contract.manifest import UnitTask


def misfits(
    pipeline: Pipeline, modules: Mapping[str, Module], context: RunContext, plans: Sequence[StepPlan]
) -> Iterator[str]:
    """Why pending units cannot run, as sentences; one unit is checked for all that have its settings.

    :param modules: the catalog.
    :param plans: of all steps.
    """
    for plan in plans:
        step = pipeline.steps[plan.step]
        if isinstance(step, Step):
            variants = Variants(step, modules, context, pipeline.path.parent)
            for settings, unit in _first_of_each(variants, plan.units):
                if settings.tool == "cellprofiler":
                    place = pipeline.place(("steps", step.name, "with", "pipeline"))
                    yield from (f"{place}: {plan.step}, {unit.unit}: {said}" for said in _of_unit(settings, unit.task))


def _first_of_each(variants: Variants, units: Sequence[PlannedUnit]) -> Iterator[tuple[StepSettings, PlannedUnit]]:
    seen: set[int] = set()
    for unit in units:
        if unit.state is UnitState.PENDING:
            settings = variants.of(unit.values)
            if id(settings) not in seen:  # the variants keep them, so that no other object gets the id
                seen.add(id(settings))
                yield settings, unit


def _of_unit(settings: StepSettings, task: UnitTask) -> Iterator[str]:
    table = None
    if settings.load_data is not None:
        try:
            places = {(file.root, file.key): Path(file.key) for files in task.inputs.values() for file in files}
            table = build(settings.load_data, task, places)
        except LoadDataError as error:
            yield f"{error.problem.sentence} {error.problem.hint}"
            return
    (_, path), *_more = settings.files["pipeline"]
    yield from _of_pipeline(Path(path), settings, task, table)


def _of_pipeline(path: Path, settings: StepSettings, task: UnitTask, table: Table | None) -> Iterator[str]:
    found = cppipe.read(path)
    plugins = [Path(file) for name, file in settings.files.get("plugins", ()) if name.endswith(".py")]
    columns = set(table.columns) if table else None
    faults = cppipe.check(found, names_of(plugins) if plugins else None, columns)
    yield from (f"{fault.sentence} {fault.hint}".rstrip() for fault in faults)
    if not faults:
        expected = [file.source or file.key for files in task.outputs.values() for file in files]
        for finding in fit.check(found, columns, expected, len(table.rows) if table else None):
            yield finding.sentence
