"""A folder as one thing, such as an OME-Zarr: one key stands for all its files.

A folder that a unit wrote has a marker, which stage-out writes last. The marker's key stands for the folder, so that a
folder without one is not there for anybody, and its content names all files, so that its hash is the folder's identity.
Markers lie together, so that a plan need not list a hundred thousand chunks to learn which folders there are.
A raw folder has no marker: its path with a slash at the end stands for it, and a hash of its listing for what it holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from platerunner_unit.contract.storage import StoredObject

UNFINISHED = ".platerunner-unfinished"
"""A file in a folder that is being written, for those who read it as raw data and see no marker."""
FORMAT = 1
METADATA: Mapping[str, tuple[str, tuple[str, ...]]] = {
    ".zarr": ("Zarr", ("zarr.json", ".zgroup", ".zarray")),
    ".n5": ("N5", ("attributes.json",)),
}
"""Ending of a folder's name to what it is, and the files one of which lies at the top of a whole folder."""
_BITS = 128
_TOP = 1000


class Member(NamedTuple):
    """A file of a folder.

    :param name: its path in the folder.
    :param size: bytes.
    :param sha256: of its content.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class FolderManifest:
    """All files of a folder that a unit wrote: what its marker says, and nothing besides.

    :param members: by name.
    """

    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(member.size for member in self.members)

    def to_json(self) -> bytes:
        """The marker's content: the same for the same files, so that its hash is the folder's identity."""
        return json.dumps({"format": FORMAT, "members": self.members}, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> FolderManifest:
        """Read a marker.

        :raises ValueError: if it is not one, or of a newer format.
        """
        raw = json.loads(data)
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise ValueError("is no marker of a folder that this version reads; use an image built with a newer one")
        return cls(tuple(Member(*member) for member in raw["members"]))


class FolderListing:
    """What a raw folder holds, taken in file by file in any order.

    :ivar size: bytes of all files.
    :ivar count: how many there are.
    :ivar top: names of the first few files and folders in it.
    :ivar is_finished: whether nobody is writing it.
    """

    def __init__(self) -> None:
        self.size = 0
        self.count = 0
        self.top: set[str] = set()
        self.is_finished = True
        self._sum = 0

    def add(self, name: str, size: int, etag: str) -> None:
        """Take in a file.

        :param name: its path in the folder.
        """
        hashed = hashlib.blake2b(f"{name}\0{size}\0{etag}".encode(), digest_size=_BITS // 8).digest()
        self._sum = (self._sum + int.from_bytes(hashed, "big")) % (1 << _BITS)
        self.size += size
        self.count += 1
        self.is_finished = self.is_finished and name != UNFINISHED
        if len(self.top) < _TOP:
            self.top.add(name.partition("/")[0])

    def merge(self, other: FolderListing) -> None:
        """Take in what another one has."""
        self._sum = (self._sum + other._sum) % (1 << _BITS)
        self.size += other.size
        self.count += other.count
        self.is_finished = self.is_finished and other.is_finished
        self.top |= other.top

    @property
    def etag(self) -> str:
        """Changes when a file changes, comes or goes; the same whatever the order."""
        return f"{self._sum:032x}-{self.count}"

    @classmethod
    def of(cls, folder: str, objects: Iterable[StoredObject]) -> FolderListing:
        """What a folder holds.

        :param folder: its path.
        :param objects: as listed.
        """
        listing = cls()
        for each in files_of(folder, objects):
            listing.add(each.key[len(folder) + 1 :], each.size, each.etag)
        return listing


def files_of(folder: str, objects: Iterable[StoredObject]) -> Iterator[StoredObject]:
    """The files that are listed below a folder, without the markers of S3's console for empty folders."""
    return (each for each in objects if each.key.startswith(f"{folder}/") and not each.key.endswith("/"))
