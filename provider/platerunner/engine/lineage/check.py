"""Hashes the files of a lineage again: whether what is there now is what was written and read then."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from platerunner.engine.lineage.model import DATA, File, Lineage
from platerunner.engine.lineage.search import THREADS
from platerunner_unit.contract.folders import FolderListing, FolderManifest
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import folder_of, is_marker

Found = Literal["same", "same size", "changed", "gone", "not recorded", "out of reach"]
GOOD: frozenset[Found] = frozenset({"same", "same size"})


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, looked at again.

    :param found: ``same`` says that its SHA-256, or on S3 its ETag, is what was recorded; ``same size`` that no more
        was recorded than that.
    :param detail: what differs.
    """

    key: str
    found: Found
    detail: str = ""


def check(
    lineage: Lineage, workspace: Storage, data: Storage | None, hash_of: Callable[[Storage, str], str]
) -> list[Checked]:
    """Look at every file of a lineage again, the tool's own files too.

    :param data: where raw files are; None if that is not known.
    :param hash_of: SHA-256 of an object.
    """
    roots = {DATA: data, "workspace": workspace}

    def look(file: File) -> Checked:
        storage = roots[file.root]
        if storage is None:
            return Checked(file.shown, "out of reach", "nobody said where raw files are")
        try:
            return _check_file(file, storage, hash_of)
        except NotFoundError:
            return Checked(file.shown, "gone")

    def look_at_tool(item: tuple[str, str]) -> Checked:
        name, sha256 = item
        key = f"{PREFIX}/files/{sha256}/{name}"
        try:
            return _compared(key, sha256, hash_of(workspace, key))
        except NotFoundError:
            return Checked(key, "gone")

    with ThreadPoolExecutor(THREADS) as pool:
        files = pool.map(look, _newest(lineage))
        return [*files, *pool.map(look_at_tool, sorted(tool_files(lineage)))]


def _newest(lineage: Lineage) -> list[File]:
    return sorted(lineage.files.values(), key=lambda file: (file.root, file.key))


def tool_files(lineage: Lineage) -> set[tuple[str, str]]:
    """Name and SHA-256 of the files that steps brought along: pipeline files, plugins."""
    all_files: Iterable[Mapping[str, Mapping[str, str]]] = (
        each.outcome.ingredients.get("files") or {} for each in lineage.attempts.values()
    )
    return {item for of_param in all_files for named in of_param.values() for item in named.items()}


def _check_file(file: File, storage: Storage, hash_of: Callable[[Storage, str], str]) -> Checked:
    folder = folder_of(file.key)
    if folder is not None and not is_marker(file.key):
        now = FolderListing.of(folder, storage.list(f"{folder}/")).etag
        return Checked(file.shown, "same" if now == file.etag else "changed", "" if now == file.etag else "its listing")
    if file.sha256:
        found = _compared(file.shown, file.sha256, hash_of(storage, file.key))
        return _members(file, folder, storage, hash_of) if folder and found.found == "same" else found
    there = storage.head(file.key)
    if there.size != file.size:
        return Checked(file.shown, "changed", f"{there.size:,} bytes in place of {file.size:,}" if file.size else "")
    if file.etag == there.etag:
        return Checked(file.shown, "same")
    local = storage.local is not None  # a time stamp, which a copy changes
    return Checked(file.shown, "same size" if local else "changed", "" if local else "its ETag")


def _members(file: File, folder: str, storage: Storage, hash_of: Callable[[Storage, str], str]) -> Checked:
    """The files of a folder, which its marker names."""
    for member in FolderManifest.from_json(storage.get(file.key)).members:
        key = f"{folder}/{member.name}"
        if not storage.exists(key):
            return Checked(key, "gone")
        if (found := _compared(key, member.sha256, hash_of(storage, key))).found != "same":
            return found
    return Checked(file.shown, "same")


def _compared(key: str, recorded: str, now: str) -> Checked:
    if recorded == now:
        return Checked(key, "same")
    return Checked(key, "changed", f"SHA-256 {now[:12]}... in place of {recorded[:12]}...")
