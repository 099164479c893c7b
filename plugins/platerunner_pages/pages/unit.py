"""What became of a unit: verdict, attempts, end of the log, outputs; a part of the run's page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from platerunner.engine.inspect.run_record import UnitMark
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner_pages.drawing.rendering import page
from platerunner_pages.findings.log_tail import tail
from platerunner_pages.known.runs import SessionDep, find_run
from platerunner_pages.known.sources import Source, sources_of
from platerunner_pages.known.step_records import StepRecords, records_of
from platerunner_pages.requests import tokens
from platerunner_pages.requests.access import Reader, may_rerun, may_see_logs, missing
from platerunner_pages.requests.served_files import PICTURES, servable
from platerunner_unit.contract.category import CATEGORIES, Category, CategoryInfo
from platerunner_unit.contract.hints import hint_of
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.unit_keys import folder_of, shown_key

router = APIRouter(prefix="/dags/{dag_id}/runs/{run_id}")
OUTPUTS = 50
"""Outputs that are listed."""
SMALL = 12
"""The first outputs, of which images that no browser draws are shown small."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An output with the address under which it may be fetched for some minutes.

    :param token: None for a file that is not served.
    :param picture: whether a browser can draw it.
    :param look: its key, or a folder's path, if it is an image that no browser draws; else empty.
    :param small: whether it is shown small.
    """

    output: OutputRecord
    token: str | None
    picture: bool
    look: str = ""
    small: bool = False


@router.get("/tasks/{task_id}/unit")
def unit(
    request: Request,
    dag_id: str,
    run_id: str,
    task_id: str,
    user: Reader,
    session: SessionDep,
    id: str,  # noqa: A002
) -> HTMLResponse:
    """Show a unit of a step; only one that the step has, so that no name leads anywhere else."""
    found = find_run(dag_id, run_id, session)
    step = found.step(task_id)
    record = records_of(found, step)
    mark = _mark(record, id)
    attempts = OutcomeStore(record.workspace).attempts(record.step, id)[::-1]
    last = attempts[0] if attempts else None
    return page(
        request,
        "unit.html",
        unit=id,
        mark=mark,
        info=_info(mark, last),
        hint=_hint(mark, last),
        attempts=attempts,
        last=last,
        run_id=run_id,
        live=may_see_logs(request, user),
        log=tail(record.workspace, last.log) if last and last.log and may_see_logs(request, user) else None,
        outputs=[
            _shown(output, sources_of(step), at < SMALL, user.get_id(), dag_id, run_id, task_id)
            for at, output in enumerate(_outputs(last))
        ],
        more=max(0, len(last.outputs) - OUTPUTS) if last else 0,
        editable=may_rerun(request, user),
    )


def _mark(record: StepRecords, unit_id: str) -> UnitMark:
    if (mark := record.find(unit_id)) is None:
        raise missing()
    return mark


def _info(mark: UnitMark, last: Outcome | None) -> CategoryInfo | None:
    """What the table says of the failure that the unit shows, or met last."""
    if mark.category is not None:
        return CATEGORIES[mark.category]
    return CATEGORIES[Category(last.verdict.category)] if last else None


def _hint(mark: UnitMark, last: Outcome | None) -> str:
    """What to do: about the last verdict, if that is what the unit shows."""
    if last is not None and mark.category in (None, last.verdict.category):
        return hint_of(last.verdict)
    return CATEGORIES[mark.category].hint if mark.category is not None else ""


def _outputs(last: Outcome | None) -> tuple[OutputRecord, ...]:
    return last.outputs[:OUTPUTS] if last else ()


def _shown(output: OutputRecord, sources: Mapping[str, Source], early: bool, *whose: str) -> Shown:  # noqa: FBT001
    token = tokens.sign("file", *whose, output.key) if servable(output.key, output.size) else None
    shown = Shown(replace(output, key=shown_key(output.key)), token, token is not None and _drawn(output.key))
    source = sources.get(output.name)
    if token is not None or source is None or not (source.images or source.zarr):
        return shown
    place = folder_of(output.key) or output.key
    if source.pattern.match(place) is None:
        return shown  # the pattern was another one when it was written
    return replace(shown, look=place, small=source.images and early)


def _drawn(key: str) -> bool:
    return key.lower().endswith(PICTURES)
