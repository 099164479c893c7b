"""Who opened a shell in a unit that ran: kept in the workspace before it opens, so that none is open without."""

from dataclasses import asdict, dataclass

from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.keys import shell_key
from platerunner_unit.contract.storage import Storage

SHELL = Kind("a record of a shell in a unit", remedy="leave it; it tells who was there, and nothing depends on it")


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in a unit.

    :param job_id: of the unit's job.
    :param by: who opened it: an ARN on AWS, else a user name.
    :param host: the machine at which they sat.
    :param at: when, ISO 8601, UTC.
    :param ended: when they left it; empty while they are in it, and if their machine died.
    """

    run_id: str
    step: str
    unit: str
    job_id: str
    by: str
    host: str
    at: str
    ended: str = ""


def keep_shell(workspace: Storage, shell: Shell) -> str:
    """Write the record, or write it again with its end.

    :returns: its key.
    """
    key = shell_key(shell.run_id, shell.step, shell.unit, shell.at)
    workspace.put(key, encode(SHELL, asdict(shell), indent=1))
    return key


def load_shell(workspace: Storage, key: str) -> Shell:
    """A record.

    :raises platerunner.engine.records.codec.RecordError: if it cannot be read.
    """
    return Shell(**read(SHELL, workspace, key)[1])
