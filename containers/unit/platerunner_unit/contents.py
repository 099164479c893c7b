"""What files held that a unit has read, where their ETag is a time stamp: in folders."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from platerunner_unit.contract.folders import FolderListing, files_of
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.storage import Storage, StorageError
from platerunner_unit.runner.stage import digest


def contents_of(roots: Mapping[str, str], inputs: Mapping[str, Sequence[InputFile]]) -> dict[str, dict[str, str]]:
    """Root to key to SHA-256 of the inputs that lie in folders; on S3 the ETag itself tells another content.

    A file that changed since planning, or is gone, is left out: what the tool read of it is unknown.

    :param roots: ``data`` and ``workspace`` to URL.
    """
    folders = {root: Storage(url) for root, url in roots.items() if not url.startswith("s3://")}
    files = {(file.root, file.key): file for listed in inputs.values() for file in listed if file.etag is not None}
    found: dict[str, dict[str, str]] = {}
    for (root, key), file in files.items():
        content = content_of(folders[root], key, file.etag) if root in folders else None
        if content is not None:
            found.setdefault(root, {})[key] = content
    return found


def content_of(storage: Storage, key: str, etag: str | None) -> str | None:
    """SHA-256 of a file in a folder; None if it is gone, or was written since its ETag was seen.

    Of a folder that is one thing, its marker counts, or all its files.

    :param storage: a folder.
    """
    try:
        if key.endswith("/"):
            return _content_of_folder(storage, key[:-1], etag)
        found = digest(storage.path(key))
        return found if storage.head(key).etag == etag else None
    except (OSError, StorageError):
        return None


def _content_of_folder(storage: Storage, folder: str, etag: str | None) -> str | None:
    files = sorted(files_of(folder, storage.list(f"{folder}/")))
    found = hashlib.sha256()
    for each in files:
        found.update(f"{each.key}\0{digest(storage.path(each.key))}\n".encode())
    return found.hexdigest() if FolderListing.of(folder, files).etag == etag else None
