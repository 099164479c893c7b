"""Every key under ``_platerunner/`` in a workspace; those of units are in :mod:`platerunner_unit.contract.unit_keys`.

It lies in the contract because both sides write there: the container its outcomes and logs, the engine all else.
"""

from __future__ import annotations

import hashlib

PREFIX = "_platerunner"
MARKERS = f"{PREFIX}/folders/"
"""Where the markers of outputs that are folders are kept; see :mod:`platerunner_unit.contract.folders`."""


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


CARRIED_LIST = "list.json"
"""The name of the list of files that a unit carries; the files' own names are hashes."""


def carried_prefix(step: str, unit: str) -> str:
    """Where a unit's folder for its next attempt is kept, with a slash at the end."""
    return f"{PREFIX}/carried/{step}/{unit}/"


def gate_prefix(gate: str = "", branch: str = "") -> str:
    """Where the decisions on a gate are kept; without a gate, those on all gates.

    :param branch: as in :func:`run_prefix`; each has decisions of its own.
    """
    return "/".join(name for name in (PREFIX, "gates", gate, branch) if name) + "/"


def decisions_key(gate: str, fingerprint: str, branch: str = "") -> str:
    """Where the decisions on one state of a gate's files are kept."""
    return f"{gate_prefix(gate, branch)}{fingerprint}.json"


def marks_key(gate: str) -> str:
    """Where the wells are kept that people marked as bad at a gate, of all branches."""
    return f"{PREFIX}/marks/{gate}.json"


def question_key(run_id: str, gate: str, branch: str = "") -> str:
    """Where a run keeps what a gate has asked and is not answered yet."""
    return f"{run_prefix(run_id, gate, branch)}question.json"


def estimate_key(run_id: str) -> str:
    """Where a run with a budget keeps what it was estimated to cost before it began."""
    return f"{PREFIX}/runs/{run_id}/estimate.json"


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


def restore_key(run_id: str, step: str, branch: str = "") -> str:
    """Where a step of a run keeps what it asked S3 to bring back from an archive.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}restore.json"


def file_system_key(run_id: str) -> str:
    """Where a run keeps which file system its jobs mount."""
    return f"{PREFIX}/runs/{run_id}/storage.json"


def restored_prefix(run_id: str, step: str, branch: str = "") -> str:
    """Where such a step keeps which objects it asked for, with a slash at the end.

    :param branch: as in :func:`run_prefix`.
    """
    return f"{run_prefix(run_id, step, branch)}restore/"


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


def ledger_prefix() -> str:
    """Where a workspace keeps its own ledger."""
    return f"{PREFIX}/ledger/"


def retention_prefix() -> str:
    """Where a workspace keeps what was taken away from it, because it had been kept long enough."""
    return f"{PREFIX}/retention/"


def shell_key(run_id: str, step: str, unit: str, at: str) -> str:
    """Where a pipeline keeps who opened a shell in a unit that ran.

    :param at: when, ISO 8601.
    """
    return f"{PREFIX}/shells/{run_id}/{step}/{unit}/{at}.json"


def probe_key(name: str) -> str:
    """Where a check tries whether it may write.

    :param name: of the check; two at a time have different ones.
    """
    return f"{PREFIX}/{name}"


def launches_prefix() -> str:
    """Where a pipeline keeps the launches that files asked for."""
    return f"{PREFIX}/launches/"


def launch_key(launch: str) -> str:
    """Where a launch is kept.

    :param launch: its id.
    """
    return f"{launches_prefix()}{launch}.json"


def refused_key(name: str) -> str:
    """Where is kept why a file started nothing.

    :param name: the launch's id, or the file's own name.
    """
    return f"{launches_prefix()}refused/{name}.json"


def launch_file_key(file: str, etag: str) -> str:
    """What tells that a file was looked at; it is empty.

    :param file: its address.
    :param etag: of its content.
    """
    token = hashlib.sha256(f"{file} {etag}".encode()).hexdigest()[:32]
    return f"{launches_prefix()}files/{token}"
