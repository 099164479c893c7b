"""Files in before the tool starts, and looked at; files out after it. In 16 threads: small objects are all latency."""

from __future__ import annotations

import concurrent.futures
import filecmp
import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import PreflightProblem
from platerunner_unit.contract.manifest import InputFile, ToolFile
from platerunner_unit.contract.outcome import OutputRecord, digest
from platerunner_unit.contract.storage import AccessDeniedError, NotFoundError, Storage, StorageError
from platerunner_unit.contract.transfer import ORDER, Kind, TransferFailure, kind_of_os_error
from platerunner_unit.contract.unit_keys import folder_of
from platerunner_unit.tools import images

SMALL = 1024**2
"""Bytes of an output that S3 is given at once, unless it has one: to ask first would take as long as to send it."""


class StagingError(Exception):
    """Some files could not be staged.

    :param failures: one for each, most decisive first.
    """

    def __init__(self, failures: Iterable[TransferFailure]) -> None:
        self.failures = tuple(sorted(failures, key=lambda failure: ORDER.get(failure.kind, len(ORDER))))
        super().__init__("; ".join(failure.text for failure in self.failures))


def missing(storage: Storage, file: InputFile) -> StagingError:
    """The error for an input that is not there."""
    told = "nobody has made it" if file.size is None else "it was there when the step was planned"
    url = storage.url_of(file.key)
    return StagingError([TransferFailure(Kind.MISSING.value, url, "", f"{url} is missing ({told})")])


def changed(url: str, how: str) -> StagingError:
    """The error for an object that is not the one that the step was planned with.

    :param how: a clause that begins with a verb.
    """
    return StagingError([TransferFailure(Kind.CHANGED.value, url, "", f"{url} {how}")])


def _other_size(storage: Storage, file: InputFile, size: int) -> StagingError:
    """The error for an input with another size than planned."""
    sizes = f"{size} bytes now, {file.size} when planned"
    return changed(storage.url_of(file.key), f"changed while the run was going on: {sizes}")


def link(storage: Storage, file: InputFile, target: Path) -> None:
    """Link an input that lies in a folder, if it is as planned.

    :raises StagingError: if it is not.
    """
    source = storage.path(file.key)
    try:
        size = source.stat().st_size
    except FileNotFoundError as error:
        raise missing(storage, file) from error
    except PermissionError as error:
        raise AccessDeniedError(f"{storage.url_of(file.key)}: access denied") from error
    if file.size is not None and size != file.size:
        raise _other_size(storage, file, size)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.exists():
        target.unlink()
    target.symlink_to(source.resolve())


def download(storage: Storage, file: InputFile, target: Path) -> None:
    """Fetch an input from S3, if it is as planned.

    :raises StagingError: if it is not.
    """
    try:
        size = storage.download(file.key, target)
    except NotFoundError as error:
        raise missing(storage, file) from error
    if file.size is not None and size != file.size:
        target.unlink()
        raise _other_size(storage, file, size)


def store(storage: Storage, name: str, key: str, path: Path) -> OutputRecord:
    """Write an output to its final key, unless the same content is there.

    :param storage: the workspace.
    :param name: the output's name.
    """
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


THREADS = 16
TRIES = 4
BACK_OFF_S = 0.5
T = TypeVar("T")
Fetch = Callable[[Storage, InputFile, Path], None]


class Interrupted(Exception):  # noqa: N818  (not an error)
    """Staging was given up because the unit has to stop."""


class Stager:
    """Copies many files at a time.

    :param should_stop: asked between files and while waiting; copying ends with :class:`Interrupted` once it says yes.
    :param back_off_s: seconds before the second try; doubled for each further one, with jitter.
    :param fetch: gets one file from S3.
    """

    def __init__(
        self, should_stop: Callable[[], bool] = lambda: False, back_off_s: float = BACK_OFF_S, fetch: Fetch = download
    ) -> None:
        self._should_stop = should_stop
        self._back_off_s = back_off_s
        self._fetch = fetch

    def stage_in(self, storage: Storage, files: Sequence[InputFile], target: Callable[[InputFile], Path]) -> None:
        """Fetch inputs; what is there already with the right size stays. A folder's files are linked, never copied.

        :param storage: the root of all these files.
        :param target: where each goes.
        :raises StagingError: after all others were tried, so that every missing file is named.
        """
        whole = [file for file in files if folder_of(file.key) is not None]
        if whole:
            from platerunner_unit.runner.folders import stage_in  # which few units have, and which knows this module

            for file in whole:
                stage_in(self, storage, file, target(file))
        inside = tuple(f"{folder_of(file.key)}/" for file in whole)  # comes with its folder
        single = [file for file in files if folder_of(file.key) is None and not file.key.startswith(inside)]
        placed = [(file, target(file)) for file in single]
        if storage.local is not None:
            self.all([(file.key, partial(link, storage, file, path)) for file, path in placed])
            return
        # Mostly none is there yet, so that asking for each would take longer than listing the folders.
        folders = {path.parent for _, path in placed if path.parent.is_dir()}
        there = {path: path.stat().st_size for folder in folders for path in folder.iterdir() if path.is_file()}
        wanted = [(file, path) for file, path in placed if file.size is None or there.get(path) != file.size]
        self.all([(file.key, partial(self._fetch, storage, file, path)) for file, path in wanted])

    def stage_tool(self, storage: Storage, files: Iterable[tuple[ToolFile, Path]]) -> None:
        """Fetch the step's own files and check their digests.

        :param storage: the workspace.
        :raises StagingError: as :meth:`stage_in`.
        """
        self.all([(file.key, partial(_fetch_tool_file, storage, file, target)) for file, target in files])

    def stage_out(self, storage: Storage, files: Iterable[tuple[str, str, Path]]) -> tuple[OutputRecord, ...]:
        """Write outputs to their final keys; an object with the same content already is left alone, so its ETag stays.

        :param storage: the workspace.
        :param files: (output name, key, file).
        :raises StagingError: if one could not be written after several tries.
        """
        wanted = list(files)
        single = [(name, key, path) for name, key, path in wanted if folder_of(key) is None]
        stored = self.all([(key, partial(store, storage, name, key, path)) for name, key, path in single])
        whole = [each for each in wanted if folder_of(each[1]) is not None]
        if not whole:
            return tuple(stored)
        from platerunner_unit.runner.folders import stage_out

        return (*stored, *(stage_out(self, storage, name, key, path) for name, key, path in whole))

    def all(self, tasks: Sequence[tuple[str, Callable[[], T]]]) -> list[T]:
        """Run all tasks, and only then raise for those that failed.

        :param tasks: each with the key that it is about.
        :returns: what they returned, in their order.
        :raises StagingError: with all that failed.
        """
        if not tasks:
            return []
        pool = concurrent.futures.ThreadPoolExecutor(min(THREADS, len(tasks)), thread_name_prefix="stage")
        futures = {pool.submit(self._tried, key, task): i for i, (key, task) in enumerate(tasks)}
        try:
            self._wait(futures)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        errors = [error for future in futures if (error := future.exception()) is not None]
        failures = [failure for error in errors if isinstance(error, StagingError) for failure in error.failures]
        for error in errors:
            if not isinstance(error, StagingError):
                raise error
        if failures:
            raise StagingError(failures)
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


def _fetch_tool_file(storage: Storage, file: ToolFile, target: Path) -> None:
    if not (target.is_file() and digest(target) == file.sha256):
        storage.download(file.key, target)
        if digest(target) != file.sha256:
            differs = "is not what the step was planned with (its digest differs); clear the task to plan again"
            raise changed(storage.url_of(file.key), differs)


STACK_HINT = (
    "Name its planes in the file set, like `planes: {channel: [DNA, ER], z: all}`, or export a file for each plane, or "
    "a projection."
)


def check_files(files: Sequence[tuple[str, Path]], flat: Collection[Path] = ()) -> tuple[PreflightProblem, ...]:
    """Look at each input: is it there, not empty, whole by its own header, and one plane where the tool reads one.

    :param files: what a person calls the file (its key), and where it lies.
    :param flat: those that the tool reads one plane of.
    :returns: a problem per bad file, missing ones first.
    """
    found = []
    for name, path in files:
        bad = images.look(path, flat=path in flat)
        if bad is None:
            continue
        if bad.category is Category.PIPELINE_INVALID:
            sentence = f"The input {name} {bad.clause}, of which CellProfiler would silently read the first."
            found.append(PreflightProblem(bad.category.value, sentence, STACK_HINT))
        else:
            found.append(PreflightProblem(bad.category.value, f"The input {name} {bad.clause}."))
    return tuple(sorted(found, key=lambda p: p.category))
