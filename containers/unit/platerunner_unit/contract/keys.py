"""Every key under ``_platerunner/`` in a workspace: here, and nowhere else, is written where a record is kept.

It lies in the contract because both sides write there: the container its outcomes and logs, the engine all else.
"""

from __future__ import annotations

import hashlib
import sys
from typing import NamedTuple, Optional
from urllib.parse import quote

from platerunner_unit.contract.category import Category

PREFIX = "_platerunner"
FORGOTTEN = "forgotten"
"""Stands in the place of a category: the unit succeeded, and somebody asked for it to be done again."""
OVERWRITTEN = "overwritten"
"""The same: the unit succeeded, and a later success with other inputs or settings overwrote its outputs."""
_SET_ASIDE = frozenset({FORGOTTEN, OVERWRITTEN})
LONGEST_RUN = 120
"""Characters of a run's id in a key; a file's name may have 255."""


class Kept(NamedTuple):
    """What the name of an outcome tells.

    :param word: category, or :data:`FORGOTTEN`, or :data:`OVERWRITTEN`.
    :param run: :func:`run_token` of its run; empty for one of a version that kept one per fingerprint and verdict.
    :param attempt: its number within the run; 0 if the name has none.
    """

    fingerprint: str
    word: str
    run: str = ""
    attempt: int = 0

    @property
    def category(self) -> Optional[Category]:
        """How the attempt ended; None if that does not count any more."""
        return None if self.word in _SET_ASIDE else Category(self.word)


def outcomes_prefix(step: str) -> str:
    """The prefix under which one LIST tells what of a step is done."""
    return f"{PREFIX}/outcomes/{step}/"


def run_token(run_id: str) -> str:
    """A run's id as it stands in an outcome's name: without slashes, and short enough for a file."""
    token = quote(run_id, safe="+:~@=,")
    if len(token) > LONGEST_RUN:
        token = f"{token[: LONGEST_RUN - 17]}~{hashlib.sha256(run_id.encode()).hexdigest()[:16]}"
    return sys.intern(token)


def outcome_key(step: str, unit: str, kept: Kept) -> str:
    """Where an outcome is kept, relative to the workspace: no attempt takes the place of another."""
    made = f".{kept.attempt}.{kept.run}" if kept.run else ""
    return f"{outcomes_prefix(step)}{unit}/{kept.fingerprint}.{kept.word}{made}.json"


def parse_outcome_key(key: str) -> Optional[tuple[str, Kept]]:
    """Unit id and name of an outcome by its key; None if the key is no outcome's.

    :param key: relative to the workspace.
    """
    parts = key.split("/")
    name, mark, ending = parts[-1].rpartition(".")
    if len(parts) < 5 or not mark or ending != "json" or parts[:2] != [PREFIX, "outcomes"]:
        return None
    fingerprint, *rest = name.split(".", 3)
    if not rest or rest[0] not in _WORDS or len(rest) == 2:
        return None
    if len(rest) == 3 and not (rest[1].isascii() and rest[1].isdigit() and rest[2]):
        return None
    made = (sys.intern(rest[2]), int(rest[1])) if len(rest) == 3 else ("", 0)
    return "/".join(parts[3:-1]), Kept(fingerprint, sys.intern(rest[0]), *made)


_WORDS = _SET_ASIDE | {category.value for category in Category}


def run_prefix(run_id: str, step: str, branch: str = "") -> str:
    """Where a run keeps a step's state and manifests.

    :param branch: which one, like ``plate=P1``, of a step that each branch of the pipeline has for itself.
    """
    return f"{PREFIX}/runs/{run_id}/{step}/{branch}/" if branch else f"{PREFIX}/runs/{run_id}/{step}/"


def branches_key(run_id: str) -> str:
    """Where a run of a pipeline with ``split`` keeps which branches it has."""
    return f"{PREFIX}/runs/{run_id}/branches.json"


def waiting_key(run_id: str) -> str:
    """Where a run keeps when it began to wait for raw files."""
    return f"{PREFIX}/runs/{run_id}/waiting.json"


def needs_key(step: str, branch: str = "") -> str:
    """Where a pipeline keeps what the units of a step were found to need beyond their step's resources.

    :param branch: as in :func:`run_prefix`; branches write at the same time, so that each has a file of its own.
    """
    return f"{PREFIX}/needs/{step}/{branch}.json" if branch else f"{PREFIX}/needs/{step}.json"


def last_run_key(step: str, branch: str = "") -> str:
    """Where a pipeline keeps which run has the jobs of a step, or had them last.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{PREFIX}/last_run/{step}/{branch}.json" if branch else f"{PREFIX}/last_run/{step}.json"


def log_key(run_id: str, step: str, unit: str, attempt: int) -> str:
    """Where an attempt's log is kept."""
    return f"{PREFIX}/logs/{run_id}/{step}/{unit}/{attempt}.log.gz"


def gate_prefix(gate: str = "", branch: str = "") -> str:
    """Where the decisions on a gate are kept; without a gate, those on all gates.

    :param branch: as in :func:`run_prefix`; each has decisions of its own.
    """
    return "/".join(name for name in (PREFIX, "gates", gate, branch) if name) + "/"


def decisions_key(gate: str, fingerprint: str, branch: str = "") -> str:
    """Where the decisions on one state of a gate's files are kept."""
    return f"{gate_prefix(gate, branch)}{fingerprint}.json"


def question_key(run_id: str, gate: str, branch: str = "") -> str:
    """Where a run keeps what a gate has asked and is not answered yet."""
    return f"{run_prefix(run_id, gate, branch)}question.json"


def state_key(run_id: str, step: str, branch: str = "") -> str:
    """Where a step of a run keeps what it remembers between processes.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}state.json"


def plan_key(run_id: str, step: str, branch: str = "") -> str:
    """Where a step of a run keeps its plan.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}plan.json"


def done_key(run_id: str, step: str, branch: str = "") -> str:
    """Where a step of a run keeps which units and files it stands by.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}done.json"


def result_key(run_id: str, step: str, branch: str = "") -> str:
    """Where a step of a run keeps the counts that it ended with.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}result.json"


def blocked_key(run_id: str, step: str, branch: str = "") -> str:
    """Where a step of a run keeps what AWS Batch says of its jobs that wait.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}blocked.json"


def manifest_prefix(run_id: str, step: str, submission: int, branch: str = "") -> str:
    """How the names of a submission's manifest begin; see :mod:`platerunner_unit.contract.manifest`.

    :param submission: its number.
    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}{submission}"


def probe_key(name: str) -> str:
    """Where a check tries whether it may write.

    :param name: of the check; two at a time have different ones.
    """
    return f"{PREFIX}/{name}"
