"""Files in before the tool starts, files out after it succeeded; 16 threads, because small objects are all latency."""

from __future__ import annotations

import concurrent.futures
import filecmp
import hashlib
import random
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from platerunner_unit.contract.manifest import InputFile, ToolFile
from platerunner_unit.contract.outcome import OutputRecord
from platerunner_unit.contract.storage import AccessDeniedError, NotFoundError, Storage, StorageError
from platerunner_unit.contract.transfer import ORDER, Kind, TransferFailure, kind_of_os_error

THREADS = 16
TRIES = 4
BACK_OFF_S = 0.5
SMALL = 1024**2
"""Bytes of an output that S3 is given at once, unless it has one: to ask first would take as long as to send it."""
T = TypeVar("T")


class StagingError(Exception):
    """Some files could not be staged.

    :param failures: one for each, most decisive first.
    """

    def __init__(self, failures: Iterable[TransferFailure]) -> None:
        self.failures = tuple(sorted(failures, key=lambda failure: ORDER.get(failure.kind, len(ORDER))))
        super().__init__("; ".join(failure.text for failure in self.failures))


class Interrupted(Exception):  # noqa: N818  (not an error)
    """Staging was given up because the unit has to stop."""


class Stager:
    """Copies many files at a time.

    :param should_stop: asked between files and while waiting; copying ends with :class:`Interrupted` once it says yes.
    :param back_off_s: seconds before the second try; doubled for each further one, with jitter.
    """

    def __init__(self, should_stop: Callable[[], bool] = lambda: False, back_off_s: float = BACK_OFF_S) -> None:
        self._should_stop = should_stop
        self._back_off_s = back_off_s

    def stage_in(self, storage: Storage, files: Sequence[InputFile], target: Callable[[InputFile], Path]) -> None:
        """Fetch inputs; what is there already with the right size stays. A folder's files are linked, never copied.

        :param storage: the root of all these files.
        :param target: where each goes.
        :raises StagingError: after all others were tried, so that every missing file is named.
        """
        placed = [(file, target(file)) for file in files]
        if storage.local is not None:
            self._all([(file.key, partial(_link, storage, file, path)) for file, path in placed])
            return
        there = _sizes({path.parent for _, path in placed})
        wanted = [(file, path) for file, path in placed if file.size is None or there.get(path) != file.size]
        self._all([(file.key, partial(_download, storage, file, path)) for file, path in wanted])

    def stage_tool(self, storage: Storage, files: Iterable[tuple[ToolFile, Path]]) -> None:
        """Fetch the step's own files and check their digests.

        :param storage: the workspace.
        :raises StagingError: as :meth:`stage_in`.
        """
        self._all([(file.key, partial(_fetch_tool_file, storage, file, target)) for file, target in files])

    def stage_out(self, storage: Storage, files: Iterable[tuple[str, str, Path]]) -> tuple[OutputRecord, ...]:
        """Write outputs to their final keys; an object with the same content already is left alone, so its ETag stays.

        :param storage: the workspace.
        :param files: (output name, key, file).
        :raises StagingError: if one could not be written after several tries.
        """
        return tuple(self._all([(key, partial(_store, storage, name, key, path)) for name, key, path in files]))

    def _all(self, tasks: Sequence[tuple[str, Callable[[], T]]]) -> list[T]:
        """Run all tasks, and only then raise for those that failed."""
        if not tasks:
            return []
        pool = concurrent.futures.ThreadPoolExecutor(min(THREADS, len(tasks)), thread_name_prefix="stage")
        futures = {pool.submit(self._tried, key, task): i for i, (key, task) in enumerate(tasks)}
        try:
            self._wait(futures)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        errors = [error for future in futures if (error := future.exception()) is not None]
        if errors:
            raise _combined(errors)
        return [future.result() for future in futures]

    def _wait(self, futures: Iterable[concurrent.futures.Future[Any]]) -> None:
        waiting = set(futures)
        while waiting:
            if self._should_stop():
                raise Interrupted
            _, waiting = concurrent.futures.wait(waiting, timeout=0.2)

    def _tried(self, key: str, task: Callable[[], T]) -> T:
        """Run a task; what the system refuses is tried again, what S3 answers was asked for often enough."""
        for attempt in range(1, TRIES + 1):
            if self._should_stop():
                raise Interrupted
            try:
                return task()
            except StorageError as error:
                raise StagingError([error.failure]) from error
            except OSError as error:
                if attempt == TRIES:
                    text = f"{key}: {error} (tried {TRIES} times)"
                    raise StagingError([TransferFailure(kind_of_os_error(error).value, key, "", text)]) from error
                pause = self._back_off_s * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311  (jitter)
                time.sleep(pause)
        raise AssertionError("the loop returns or raises")


def digest(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            sha.update(chunk)
    return sha.hexdigest()


def _missing(storage: Storage, file: InputFile) -> StagingError:
    told = "nobody has made it" if file.size is None else "it was there when the step was planned"
    url = storage.url_of(file.key)
    return StagingError([TransferFailure(Kind.MISSING.value, url, "", f"{url} is missing ({told})")])


def _changed(url: str, how: str) -> StagingError:
    return StagingError([TransferFailure(Kind.CHANGED.value, url, "", f"{url} {how}")])


def _other_size(storage: Storage, file: InputFile, size: int) -> StagingError:
    sizes = f"{size} bytes now, {file.size} when planned"
    return _changed(storage.url_of(file.key), f"changed while the run was going on: {sizes}")


def _link(storage: Storage, file: InputFile, target: Path) -> None:
    source = storage.path(file.key)
    try:
        size = source.stat().st_size
    except FileNotFoundError as error:
        raise _missing(storage, file) from error
    except PermissionError as error:
        raise AccessDeniedError(f"{storage.url_of(file.key)}: access denied") from error
    if file.size is not None and size != file.size:
        raise _other_size(storage, file, size)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.exists():
        target.unlink()
    target.symlink_to(source.resolve())


def _download(storage: Storage, file: InputFile, target: Path) -> None:
    try:
        size = storage.download(file.key, target)
    except NotFoundError as error:
        raise _missing(storage, file) from error
    if file.size is not None and size != file.size:
        target.unlink()
        raise _other_size(storage, file, size)


def _sizes(folders: Iterable[Path]) -> dict[Path, int]:
    """The files that are in some folders already: none mostly, so that asking for each takes longer than this."""
    found = (path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file())
    return {path: path.stat().st_size for path in found}


def _fetch_tool_file(storage: Storage, file: ToolFile, target: Path) -> None:
    if not (target.is_file() and digest(target) == file.sha256):
        storage.download(file.key, target)
        if digest(target) != file.sha256:
            differs = "is not what the step was planned with (its digest differs); clear the task to plan again"
            raise _changed(storage.url_of(file.key), differs)


def _store(storage: Storage, name: str, key: str, path: Path) -> OutputRecord:
    record = OutputRecord(name, key, path.stat().st_size, digest(path))
    if storage.local is None and record.size <= SMALL and storage.upload_new(path, key, record.sha256):
        return record
    if not _same(storage, record, path):
        storage.upload(path, key, record.sha256)
    return record


def _same(storage: Storage, record: OutputRecord, path: Path) -> bool:
    if storage.local is not None:
        there = storage.path(record.key)
        return there.is_file() and filecmp.cmp(path, there, shallow=False)
    try:
        return storage.stored_sha256(record.key) == record.sha256
    except NotFoundError:
        return False


def _combined(errors: Sequence[BaseException]) -> BaseException:
    """One error for all; what is no matter of staging comes first."""
    for error in errors:
        if not isinstance(error, StagingError):
            return error
    return StagingError(failure for error in errors if isinstance(error, StagingError) for failure in error.failures)
