"""What runs kept of themselves, such as plans and manifests, and nobody asks for any more.

A run goes as a whole, once nothing of it was written for long enough. One stays that a step names as its last, or that
may have jobs or an open question. Of a run that made what still counts, the steps of its manifests stay: lineage reads
there where its raw files were.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from urllib.parse import unquote

from platerunner.engine.records.codec import read
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.engine.records.step_state import StepState
from platerunner.engine.steps.turns import LAST_RUN
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.storage import Storage, StoredObject
from platerunner_unit.contract.unit_keys import parse_outcome_key, run_token

RUNS = f"{PREFIX}/runs/"
STEP = ".step.json"
"""How the name of a manifest's step ends."""
FORGOTTEN_BY_BATCH = timedelta(days=30)
"""AWS Batch knows a job for seven days after its end, and a job may take fourteen."""
Dated = tuple[StoredObject, datetime]


def old_run_records(workspace: Storage, until: datetime, now: datetime) -> Iterator[Dated]:
    """Records of runs that are due.

    :param until: when the last of a run's records was written at the latest.
    """
    old = {run: listed for run, listed in _runs(workspace) if max(written for _, written in listed) <= until}
    if not old:
        return
    last, made = _last_runs(workspace), _made_what_counts(workspace)
    for run, listed in old.items():
        if run in last or _is_open(workspace, listed, now):
            continue
        needed = run in made or run_token(run) in made
        yield from (each for each in listed if not (needed and each[0].key.endswith(STEP)))


def _runs(workspace: Storage) -> Iterator[tuple[str, list[Dated]]]:
    """Records by run; runs whose ids begin alike up to a slash are one."""
    for folder in workspace.folders(RUNS)[0]:
        if listed := list(workspace.list_dated(folder)):
            yield folder.removeprefix(RUNS).rstrip("/"), listed


def _is_open(workspace: Storage, listed: Iterable[Dated], now: datetime) -> bool:
    """Whether a run may have jobs whose verdicts are to be collected, or waits for an answer."""
    for stored, written in listed:
        name = stored.key.rpartition("/")[2]
        if name == "question.json":
            return True
        if name == "state.json" and written > now - FORGOTTEN_BY_BATCH:
            state = StepState.from_json(workspace.get(stored.key), workspace.url_of(stored.key))
            if state.live or state.intents:
                return True
    return False


def _last_runs(workspace: Storage) -> set[str]:
    """Runs that a step names as its last, or as having jobs."""
    found: set[str] = set()
    for stored in workspace.list(f"{PREFIX}/last_run/"):
        _, raw = read(LAST_RUN, workspace, stored.key)
        found |= {_first(owner["run_id"]) for owner in (raw, *raw.get("before", ()))}
    return found


def _made_what_counts(workspace: Storage) -> set[str]:
    """Runs that made a success which still counts, by id or by its token."""
    tokens: set[str] = set()
    unnamed: set[str] = set()
    store = OutcomeStore(workspace)
    for stored in workspace.list(f"{PREFIX}/outcomes/"):
        unit, kept = parse_outcome_key(stored.key) or ("", None)
        if kept is not None and kept.category is Category.SUCCEEDED:
            tokens.add(kept.run)
            if not kept.run:  # of a version that had no run in the name
                unnamed.add(store.get(stored.key.split("/")[2], unit, kept).run_id)
    return tokens | {_first(unquote(token)) for token in tokens} | {_first(run) for run in unnamed}


def _first(run: str) -> str:
    return run.partition("/")[0]
