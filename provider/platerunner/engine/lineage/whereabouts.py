"""From what a person types to a file of a workspace: its place, or a copy of it that is anywhere."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platerunner.engine.lineage.model import LineageError
from platerunner.engine.lineage.search import OutcomeSearch, ended, names_of, wrote
from platerunner.engine.lineage.trace import writer_now
from platerunner_unit.contract.keys import PREFIX, run_prefix
from platerunner_unit.contract.outcome import Outcome, OutputRecord
from platerunner_unit.contract.storage import NotFoundError, Storage

PIECE = 1024**2


@dataclass(frozen=True, slots=True)
class Origin:
    """A file that an attempt wrote.

    :param sha256: of what was looked at; empty if that is on S3 and has none.
    :param copy: whether it is a copy that lies elsewhere.
    """

    outcome: Outcome
    output: OutputRecord
    sha256: str = ""
    copy: bool = False

    @property
    def note(self) -> str:
        """What a person should know about how it was found; empty if nothing."""
        if self.copy:
            return f"It was found by its content: it is a copy of {self.output.key}."
        if self.sha256 and self.sha256 != self.output.sha256 and self.output.key.startswith(PREFIX):
            return ""  # a file in a folder; the marker was looked up
        if self.sha256 and self.sha256 != self.output.sha256:
            return "Its content is not what the attempt wrote: somebody has changed it since."
        return ""


def find_origin(search: OutcomeSearch, target: str) -> Origin:
    """The attempt that wrote a file.

    :param search: of the workspace that has it, or had it.
    :param target: its key, its address, or the path of a copy.
    :raises LineageError: if no attempt on record did.
    """
    if (key := key_in(search.workspace, target)) is not None:
        found = _by_key(search, key)
        if found is not None:
            return found
    path = Path(target).expanduser()
    if path.is_file():
        return _by_content(search, path)
    raise LineageError(
        f"{target}: no attempt that is on record in {search.workspace.url} wrote it; give a file that a step wrote, or "
        "for a raw file `platerunner lineage made-of`"
    )


def _by_key(search: OutcomeSearch, key: str) -> Origin | None:
    writers = search.writers(key)
    if not writers:
        return None
    sha256 = _sha256_now(search.workspace, key)
    outcome = writer_now(writers, sha256)
    output = wrote(outcome, names_of(key))
    assert output is not None
    return Origin(outcome, output, sha256)


def _by_content(search: OutcomeSearch, path: Path) -> Origin:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    found = search.with_content(sha256, str(path.absolute()))
    if not found:
        raise LineageError(
            f"{path}: no attempt that is on record in {search.workspace.url} wrote a file with this content "
            f"(SHA-256 {sha256[:12]}...): it is a raw file, was changed, or is of another workspace"
        )
    outcome, output = max(found, key=lambda pair: ended(pair[0]))
    return Origin(outcome, output, sha256, copy=True)


def find_workspace(target: str) -> Storage | None:
    """The workspace that a file is in; None if it is in none.

    :param target: ``s3://`` address, or path.
    """
    return next((each for each in _around(target) if any(each.folders(f"{PREFIX}/"))), None)


def _around(target: str) -> Iterator[Storage]:
    if target.startswith("s3://"):
        bucket, *parts = target.removeprefix("s3://").rstrip("/").split("/")
        for count in reversed(range(len(parts))):
            yield Storage("s3://" + "/".join([bucket, *parts[:count]]))
        return
    for folder in Path(target).expanduser().absolute().parents:
        if (folder / PREFIX).is_dir():
            yield Storage(str(folder))


def key_in(workspace: Storage, target: str) -> str | None:
    """The key that an address or a path has in a storage; a relative path that leads to nothing is a key itself."""
    if "://" in target:
        inside = target.startswith(f"{workspace.url}/")
        return target.removeprefix(f"{workspace.url}/") if inside else None
    path = Path(target).expanduser()
    if workspace.local is not None and path.absolute().is_relative_to(workspace.local):
        return str(path.absolute().relative_to(workspace.local))
    return None if path.is_absolute() or path.exists() else target


def recorded_data_root(workspace: Storage, outcome: Outcome | None = None) -> str:
    """Where a run's raw files were; empty if no manifest of it is left.

    :param outcome: of the run; None for any.
    """
    prefix = run_prefix(outcome.run_id, outcome.step) if outcome else f"{PREFIX}/runs/"
    for stored in workspace.list(prefix):
        if stored.key.endswith(".step.json"):
            return str(json.loads(workspace.get(stored.key))["roots"].get("data", ""))
    return ""


def sha256_of(storage: Storage, key: str) -> str:
    """SHA-256 of an object, which is read piece by piece.

    :raises platerunner_unit.contract.storage.NotFoundError: if it is gone.
    """
    if storage.local is not None:
        try:
            with storage.path(key).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFoundError(f"{storage.url_of(key)} does not exist") from error
    size, found = storage.head(key).size, hashlib.sha256()
    for start in range(0, size, 16 * PIECE):
        found.update(storage.get_range(key, start, min(16 * PIECE, size - start)))
    return found.hexdigest()


def _sha256_now(workspace: Storage, key: str) -> str:
    """The SHA-256 of a file as it is now, if it is known without reading the file from S3; else empty."""
    try:
        return sha256_of(workspace, key) if workspace.local is not None else workspace.stored_sha256(key) or ""
    except NotFoundError:
        return ""
