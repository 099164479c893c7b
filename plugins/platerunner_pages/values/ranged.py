"""A stored object as a file that is read in pieces: a table of a gigabyte never lies in the server's memory."""

import gzip
import io
import zlib
from typing import Any, cast

from platerunner_pages.values.problems import ValuesError
from platerunner_unit.contract.storage import Storage

PIECE = 1024**2
UNPACKED = 2 * 1024**3
"""Bytes that a packed table may unpack to; a small file can unpack to more than a disk holds."""


class RangedFile(io.RawIOBase):
    """A file whose content is fetched where it is read.

    :param size: bytes of the object.
    """

    def __init__(self, workspace: Storage, key: str, size: int) -> None:
        super().__init__()
        self._workspace, self._key, self._size, self._at = workspace, key, size, 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, base: int = io.SEEK_SET) -> int:
        """Go to a place; see :class:`io.IOBase`."""
        begin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[base]
        self._at = max(0, begin + offset)
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Fetch as much as fits, or what is left."""
        wanted = max(0, min(len(buffer), self._size - self._at))
        data = self._workspace.get_range(self._key, self._at, wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Unpacked(io.RawIOBase):
    """What a gzip file unpacks to, up to a limit.

    :param key: for the message.
    """

    def __init__(self, packed: io.BufferedIOBase, key: str) -> None:
        super().__init__()
        self._file, self._key, self._left = gzip.GzipFile(fileobj=packed), key, UNPACKED

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Unpack the next piece.

        :raises ValuesError: past the limit, or if the file is damaged.
        """
        try:
            data = self._file.read(len(buffer))
        except (OSError, EOFError, zlib.error) as error:
            raise ValuesError(f"{self._key} cannot be unpacked: {error}") from None
        self._left -= len(data)
        if self._left < 0:
            raise ValuesError(f"{self._key} unpacks to more than {UNPACKED // 1024**3} GiB; write it as Parquet.")
        buffer[: len(data)] = data
        return len(data)


def opened(workspace: Storage, key: str, size: int) -> io.BufferedReader:
    """A stored object, unpacked if it is packed.

    :param key: relative to the workspace; links that lead out of it are refused.
    :raises platerunner_unit.contract.storage.NotFoundError: if it leads out.
    """
    file = io.BufferedReader(RangedFile(workspace, workspace.resolved(key), size), PIECE)
    packed = key.lower().endswith(".gz")
    return cast("io.BufferedReader", io.BufferedReader(Unpacked(file, key), PIECE) if packed else file)
