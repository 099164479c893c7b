"""Which file system the jobs of a run mount."""

from dataclasses import asdict, dataclass

from platerunner.engine.records.codec import Kind, encode, read
from platerunner_unit.contract.keys import file_system_key
from platerunner_unit.contract.storage import NotFoundError, Storage

FILE_SYSTEM = Kind("a record of a run's file system", remedy="delete it; jobs then read their files from S3")


@dataclass(frozen=True, slots=True)
class RunFileSystem:
    """A file system that is there for a run.

    :param kind: ``fsx`` or ``efs``.
    :param id: AWS's.
    :param source: what jobs mount: a folder of the host, or an access point.
    :param data: ``s3://bucket/prefix`` whose files come through it.
    :param ended: whether it was deleted, or is about to be.
    """

    kind: str
    id: str
    source: str
    data: str
    ended: bool = False


def load_file_system(workspace: Storage, run_id: str) -> RunFileSystem | None:
    """What the jobs of a run mount; None for nothing."""
    try:
        _, raw = read(FILE_SYSTEM, workspace, file_system_key(run_id))
    except NotFoundError:
        return None
    found = RunFileSystem(**raw)
    return None if found.ended else found


def save_file_system(workspace: Storage, run_id: str, found: RunFileSystem) -> None:
    """Keep what the jobs of a run mount."""
    workspace.put(file_system_key(run_id), encode(FILE_SYSTEM, asdict(found)))
