"""Numbers on the plate map: which columns there are, and one column's numbers by well."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, status

from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.place import ledgers_of
from platerunner_pages.known.runs import SeenRun, SessionDep, find_run
from platerunner_pages.known.step_records import StepRecords, records_of
from platerunner_pages.known.steps import SeenStep
from platerunner_pages.known.workspaces import hook
from platerunner_pages.requests.access import Reader, missing
from platerunner_pages.values.attempts import MEASURES, by_unit, rows_of_run
from platerunner_pages.values.maps import drawn
from platerunner_pages.values.problems import ValuesError
from platerunner_pages.values.rows import columns_of
from platerunner_pages.values.spread import one_each
from platerunner_pages.values.tables import files_of, first_of, tables_of
from platerunner_pages.values.wells import Place, by_well
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import parse_unit_id

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}/tasks/{task_id}")
ATTEMPTS = ""
"""Takes the place of a table's name for what the attempts used."""
COLUMNS = 20_000
"""Columns of a table that are offered."""
Aggregate = Literal["mean", "median", "sum", "cv", "count", "lowest", "highest"]
Name = Annotated[str, Query(max_length=500)]


@router.get("/measures.json")
def measures(dag_id: str, run_id: str, task_id: str, _user: Reader, session: SessionDep) -> dict[str, Any]:
    """What can be shown on a step's map: what its attempts took, and the columns of numbers of its tables."""
    found = find_run(dag_id, run_id, session)
    step = found.step(task_id)
    workspace = records_of(found, step).workspace
    own = [{"name": each.name, "title": each.title, "unit": each.unit} for each in MEASURES.values()]
    return {
        "attempts": own,
        "tables": [_table(workspace, name, step) for name in tables_of(step)],
    }


@router.get("/values.json")
def values(
    dag_id: str,
    run_id: str,
    task_id: str,
    _user: Reader,
    session: SessionDep,
    column: Name,
    table: Name = ATTEMPTS,
    of: Aggregate = "mean",
    plate: Name = "",
) -> dict[str, Any]:
    """A number of each well, with the scale on which they are drawn.

    :param table: name of an output of the step; empty for what its attempts took.
    :param of: what makes one number of those of a well.
    :param plate: the only one that is wanted; empty for all.
    """
    found = find_run(dag_id, run_id, session)
    step = found.step(task_id)
    records = records_of(found, step)
    try:
        if table == ATTEMPTS:
            return _of_attempts(found, step, records, column, plate)
        return _of_table(found, step, records, table, column, of, plate)
    except (ValuesError, LedgerError) as error:
        raise HTTPException(status.HTTP_409_CONFLICT, str(error)) from None
    except NotFoundError:  # gone since it was listed, or a link that leads out of the workspace
        raise missing() from None


def _table(workspace: Storage, name: str, step: SeenStep) -> dict[str, Any]:
    """A table with its columns of numbers, as its first file has them; or why there are none."""
    told: dict[str, Any] = {"name": name, "columns": [], "problem": ""}
    try:
        if (file := first_of(workspace, tables_of(step)[name])) is None:
            return {**told, "problem": "It has no files yet."}
        return {**told, "columns": columns_of(workspace, file.key, file.size)[1][:COLUMNS]}
    except (ValuesError, NotFoundError) as error:
        return {**told, "problem": str(error)}


def _of_attempts(run: SeenRun, step: SeenStep, records: StepRecords, column: str, plate: str) -> dict[str, Any]:
    if (measure := MEASURES.get(column)) is None:
        raise ValuesError(f"There is no `{column}` of attempts.")
    rows = rows_of_run(ledgers_of(hook(), records.workspace), run, step.pipeline)
    sites: dict[Place, list[float]] = {}
    for unit, number in by_unit(rows, step.step, measure).items():
        of = parse_unit_id(unit)
        sites.setdefault((of.get("plate", ""), of.get("well", "")), []).append(number)
    wells = {place: measure.of_sites(each) for place, each in sites.items() if plate in ("", place[0])}
    counts = {place: len(each) for place, each in sites.items()}
    shown = drawn(wells, _ids(records), plate, counts=counts)
    return {"title": measure.title, "unit": measure.unit, **shown}


def _of_table(
    run: SeenRun, step: SeenStep, records: StepRecords, table: str, column: str, of: Aggregate, plate: str
) -> dict[str, Any]:
    if (pattern := tables_of(step).get(table)) is None:
        raise ValuesError(f"{step.step} writes no table that is called `{table}`.")
    found = by_well(records.workspace, files_of(records.workspace, pattern, plate), column, plate)
    counts = {place: len(each) for place, each in found.numbers.items()}
    shown = drawn(one_each(found.numbers, of), _ids(records), plate, _wells_before(run, step), counts, found.roles)
    return {"title": f"{column}, {of}", "unit": "%" if of == "cv" else "", **shown}


def _ids(records: StepRecords) -> list[str]:
    return [each.unit for each in records.units]


def _wells_before(run: SeenRun, step: SeenStep) -> list[str]:
    """Units of the nearest step before one of whole plates that has a unit for each well; none if there is none."""
    steps = {each.task_id: each for each in run.dag.steps}
    wanted = [step.task_id]
    for task in wanted:
        if "well" in steps[task].foreach:
            return [] if task == step.task_id else _ids(records_of(run, steps[task]))
        wanted += [each for each in steps[task].upstream if each in steps and each not in wanted]
    return []
