"""Folders that are one thing, staged in and out: all their files in parallel, and the marker last.

Stage-out that was cut off goes on where it ended: what lies there with the same content stays, what the tool did not
write is deleted, and nobody sees the folder before its marker is there.
"""

from __future__ import annotations

import filecmp
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from os import walk
from pathlib import Path
from typing import Protocol, TypeVar

from platerunner_unit.contract.folders import UNFINISHED, FolderListing, FolderManifest, Member
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.outcome import OutputRecord, digest
from platerunner_unit.contract.storage import NotFoundError, Storage, StoredObject
from platerunner_unit.contract.transfer import Kind, TransferFailure
from platerunner_unit.contract.unit_keys import folder_of, shown_key
from platerunner_unit.contract.words import and_more
from platerunner_unit.runner.stage import StagingError, changed, download, missing

AT_ONCE = 2000
"""Files that are handed to the threads before the next ones are: a hundred thousand would take long to look after."""
_SHOWN = 3
T = TypeVar("T")
Task = tuple[str, Callable[[], T]]


class Copies(Protocol):
    """Runs many tasks at a time, each with the key that it is about."""

    def all(self, tasks: Sequence[Task[T]]) -> list[T]:
        """What they returned, in their order."""
        ...


def stage_in(copies: Copies, storage: Storage, file: InputFile, target: Path) -> None:
    """Fetch a folder; one in a folder is linked, never copied.

    :param storage: its root.
    :param file: stands for it, by its marker or its own path.
    :param target: where it goes.
    :raises StagingError: if it is not there, not whole, or not what was planned with.
    """
    folder = folder_of(file.key) or ""
    raw = file.key.endswith("/")
    look = partial(_raw_members, storage, file, folder) if raw else partial(_members, storage, file)
    (members,) = copies.all([(file.key, look)])
    if storage.local is not None:
        copies.all([(file.key, partial(_link, storage, file, folder, members, target))])
        return
    tasks = [
        (f"{folder}/{each.name}", partial(_fetch, storage, file.root, folder, each, target / each.name))
        for each in members
    ]
    _in_turn(copies, tasks)


def stage_out(copies: Copies, storage: Storage, name: str, key: str, path: Path) -> OutputRecord:
    """Write a folder, and its marker when all its files are there.

    :param storage: the workspace.
    :param name: the output's name.
    :param key: of the marker.
    :param path: the folder that the tool wrote.
    :raises StagingError: if a file could not be written after several tries; then there is no marker.
    """
    folder = folder_of(key) or ""
    if not folder or f"{folder}/".startswith(f"{PREFIX}/"):
        raise StagingError([TransferFailure(Kind.FAILED.value, key, "", f"{key} is no place for an output")])
    names = sorted(_names(path))
    manifest = FolderManifest(tuple(_in_turn(copies, [(f"{folder}/{n}", partial(_member, path, n)) for n in names])))
    marker = manifest.to_json()
    record = OutputRecord(name, key, manifest.size, hashlib.sha256(marker).hexdigest())
    (there,) = copies.all([(key, partial(_there, storage, folder))])
    (old,) = copies.all([(key, partial(_content, storage, key))])
    sizes = {each.name: each.size for each in manifest.members}
    if old != marker or {name: each.size for name, each in there.items()} != sizes:  # not all, or something else
        _write(copies, storage, key, path, manifest, there)
    return record


def _write(
    copies: Copies, storage: Storage, key: str, path: Path, manifest: FolderManifest, there: Mapping[str, StoredObject]
) -> None:
    """Take the marker away, make the files what they should be, and put the new marker there."""
    folder = folder_of(key) or ""
    unfinished = f"{folder}/{UNFINISHED}"
    copies.all([(key, partial(storage.put, unfinished, b""))])
    copies.all([(key, partial(storage.delete, key))])
    tasks = [
        (f"{folder}/{each.name}", partial(_store, storage, folder, each, path / each.name, there.get(each.name)))
        for each in manifest.members
    ]
    _in_turn(copies, tasks)
    strays = sorted(there.keys() - {each.name for each in manifest.members} - {UNFINISHED})
    delete = storage.delete if storage.local is None else partial(_unlink, storage)
    _in_turn(copies, [(f"{folder}/{n}", partial(delete, f"{folder}/{n}")) for n in strays])
    copies.all([(key, partial(storage.delete, unfinished))])
    copies.all([(key, partial(storage.put, key, manifest.to_json()))])


def _there(storage: Storage, folder: str) -> dict[str, StoredObject]:
    """By name, all files below the folder's key; on a disk also parts that killed writers left, which no LIST shows."""
    if storage.local is None:
        return {each.key[len(folder) + 1 :]: each for each in storage.list(f"{folder}/")}
    path = storage.path(folder)
    return {name: StoredObject(f"{folder}/{name}", (path / name).lstat().st_size, "") for name in _names(path)}


def _unlink(storage: Storage, key: str) -> None:
    storage.path(key).unlink(missing_ok=True)


def _in_turn(copies: Copies, tasks: Sequence[Task[T]]) -> list[T]:
    return [done for start in range(0, len(tasks), AT_ONCE) for done in copies.all(tasks[start : start + AT_ONCE])]


def _names(path: Path) -> Iterator[str]:
    """The files in a folder on a disk."""
    for folder, _, names in walk(path):
        yield from (Path(folder, name).relative_to(path).as_posix() for name in names)


def _member(path: Path, name: str) -> Member:
    return Member(name, (path / name).stat().st_size, digest(path / name))


def _content(storage: Storage, key: str) -> bytes | None:
    try:
        return storage.get(key)
    except NotFoundError:
        return None


def _store(storage: Storage, folder: str, member: Member, path: Path, there: StoredObject | None) -> None:
    key = f"{folder}/{member.name}"
    if there is None or there.size != member.size or not _same(storage, key, member, path, there.etag):
        storage.upload(path, key, member.sha256)


def _same(storage: Storage, key: str, member: Member, path: Path, etag: str) -> bool:
    """Whether an object of the same size has the same content: mostly S3's ETag is the MD5, and nothing is asked."""
    if storage.local is not None:
        return filecmp.cmp(path, storage.path(key), shallow=False)
    if etag == _md5(path):
        return True
    return storage.stored_sha256(key) == member.sha256


def _md5(path: Path) -> str:
    found = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            found.update(chunk)
    return found.hexdigest()


def _members(storage: Storage, file: InputFile) -> tuple[Member, ...]:
    """What the marker of a folder lists."""
    try:
        marker = storage.get(file.key)
    except NotFoundError as error:
        raise missing(storage, InputFile(shown_key(file.key), size=file.size)) from error
    url = storage.url_of(shown_key(file.key))
    if file.size is not None and len(marker) != file.size:
        raise changed(url, "was written anew while the run was going on; clear the task to plan again")
    try:
        return FolderManifest.from_json(marker).members
    except (ValueError, KeyError, TypeError) as error:
        text = f"{url}: its marker {file.key} cannot be read ({error}); delete it, and the folder's unit runs again"
        raise StagingError([TransferFailure(Kind.FAILED.value, url, "", text)]) from error


def _raw_members(storage: Storage, file: InputFile, folder: str) -> tuple[Member, ...]:
    """What a raw folder holds now, if it is what it held when the step was planned."""
    objects = list(storage.list(file.key))
    if not objects:
        raise missing(storage, file)
    found = FolderListing.of(folder, objects)
    if file.etag is not None and found.etag != file.etag:
        was = f"{found.size:,} bytes in {found.count:,} files now, {file.size or 0:,} bytes when planned"
        raise changed(storage.url_of(file.key), f"changed while the run was going on: {was}")
    names = ((each.key[len(folder) + 1 :], each.size) for each in objects if not each.key.endswith("/"))
    return tuple(Member(name, size, "") for name, size in names)


def _fetch(storage: Storage, root: str, folder: str, member: Member, target: Path) -> None:
    if target.is_file() and target.stat().st_size == member.size and _as_told(member, target):
        return
    file = InputFile(f"{folder}/{member.name}", root, member.size)
    download(storage, file, target)
    if not _as_told(member, target):
        target.unlink()
        raise changed(storage.url_of(file.key), f"is not what the marker of its folder lists; {_AGAIN}")


_AGAIN = "run the step that writes it again for this unit, by `rerun`"


def _as_told(member: Member, path: Path) -> bool:
    return not member.sha256 or digest(path) == member.sha256


def _link(storage: Storage, file: InputFile, folder: str, members: Sequence[Member], target: Path) -> None:
    """Link a folder, if its files are there."""
    source = storage.path(folder)
    lost = [each.name for each in members if not _is_there(source / each.name, each.size)]
    if lost:
        url, shown = storage.url_of(shown_key(file.key)), ", ".join(lost[:_SHOWN])
        text = f"{url} lacks {len(lost):,} of its {len(members):,} files, or has other ones: {shown}"
        text += f"{and_more(len(lost) - _SHOWN)}; {_AGAIN}"
        raise StagingError([TransferFailure(Kind.CHANGED.value, url, "", text)])
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink():
        target.unlink()
    target.symlink_to(source.resolve(), target_is_directory=True)


def _is_there(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False
