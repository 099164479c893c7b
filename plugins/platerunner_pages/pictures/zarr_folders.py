"""A folder that a step wrote, such as an OME-Zarr: its files are those that its marker names, and no others."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from platerunner_pages.pictures.decoding import LARGEST, NoPictureError
from platerunner_pages.pictures.kept import Kept
from platerunner_unit.contract.folders import FolderManifest
from platerunner_unit.contract.storage import NotFoundError, Storage
from platerunner_unit.contract.unit_keys import marker_of

MARKER = 64 * 1024**2
"""Bytes of a marker that is read: half a million files."""
JSON = 4 * 1024**2
"""Bytes of metadata that are read."""
AT_ONCE = 8
_files: Kept[dict[str, int]] = Kept(300_000, len)
_said: Kept[dict[str, Any]] = Kept(2000)


@dataclass(frozen=True)
class ZarrFolder:
    """A folder and its files.

    :param identity: changes with what it holds.
    :param files: name in the folder to bytes.
    """

    storage: Storage
    path: str
    identity: tuple[str, str, str]
    files: Mapping[str, int]

    def read(self, name: str) -> bytes:
        """A file's content.

        :raises NoPictureError: if it is gone, or is a link to something else.
        """
        key = f"{self.path}/{name}"
        with suppress(NotFoundError):
            if self.storage.resolved(key) == key:
                return self.storage.get(key)
        raise NoPictureError(f"{key} is gone, or is a link: the folder is not whole any more. Run its unit again.")

    def read_all(self, names: Iterable[str]) -> list[tuple[str, bytes]]:
        """Files with their content, of those that are there.

        :raises NoPictureError: if they are too large together.
        """
        there = [name for name in names if name in self.files]
        if sum(self.files[name] for name in there) > LARGEST:
            raise NoPictureError(f"What is to be read of {self.path} for this picture has more than {LARGEST:,} bytes.")
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(zip(there, threads.map(self.read, there), strict=True))

    def said(self, name: str) -> dict[str, Any]:
        """A file of metadata; empty if there is none.

        :raises NoPictureError: if it cannot be read.
        """
        return _said.get((self.identity, name), lambda: self._read_json(name))

    def _read_json(self, name: str) -> dict[str, Any]:
        if name not in self.files:
            return {}
        if self.files[name] > JSON:
            raise NoPictureError(f"{self.path}/{name} is too large to be metadata.")
        try:
            found = json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise NoPictureError(f"{self.path}/{name} cannot be read: {error}") from None
        return found if isinstance(found, dict) else {}


def folder_at(storage: Storage, path: str) -> ZarrFolder:
    """A folder that is whole.

    :param path: of the folder, in the storage.
    :raises NotFoundError: if there is no such folder, or it is not whole.
    :raises NoPictureError: if its marker cannot be read.
    """
    marker = storage.head(marker_of(path))
    if marker.size > MARKER:
        raise NoPictureError(f"{path} has too many files to be shown.")
    identity = (storage.url, path, marker.etag)

    def read() -> dict[str, int]:
        try:
            manifest = FolderManifest.from_json(storage.get(marker.key))
        except (ValueError, TypeError, KeyError) as error:
            raise NoPictureError(f"The marker of {path} cannot be read: {error}") from None
        return {each.name: each.size for each in manifest.members}

    # The files alone are kept: a storage has credentials, which run out.
    return ZarrFolder(storage, path, identity, _files.get(identity, read))
