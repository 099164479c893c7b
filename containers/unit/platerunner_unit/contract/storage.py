"""One way to reach a data root or a workspace, on S3 or in a folder: obstore's sync API, inside containers and outside.

The sync API because obstore's async one aborts at interpreter exit now and then; threads give the same throughput.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any, NamedTuple, Optional, Union, cast
from urllib.parse import unquote

import obstore
from obstore.store import LocalStore

from platerunner_unit.contract.stores.assumed_role import AssumedRole
from platerunner_unit.contract.stores.buckets import BucketsError, open_bucket
from platerunner_unit.contract.stores.errors import (
    TRANSLATED,
    AccessDeniedError,
    ArchivedError,
    NotFoundError,
    StorageError,
    translate,
)
from platerunner_unit.contract.stores.turns import QUICKER, put_in_turn

__all__ = ["AccessDeniedError", "ArchivedError", "NotFoundError", "Storage", "StorageError", "StoredObject"]

SHA256_ATTRIBUTE = "platerunner-sha256"
_WHOLE = 4 * 1024**2
"""Bytes of an object that is fetched in one piece: to hand over pieces takes longer than small objects themselves."""


class StoredObject(NamedTuple):
    """One listed object.

    :param key: relative to the storage's URL.
    :param size: bytes.
    :param etag: changes when the object changes; in a folder it is inode, time and size.
    """

    key: str
    size: int
    etag: str


class _translated:  # noqa: N801  (reads as a verb at its uses)
    """Turn obstore's errors into ours, with the URL that was asked for.

    :param url: of what is read or written, or of the whole storage.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Optional[BaseException], _trace: Any) -> None:
        if isinstance(error, TRANSLATED):
            raise translate(self.url, error) from error


class Storage:
    """A root, and the objects under it by relative key.

    :param url: ``s3://bucket/prefix``, ``file:///folder`` or a folder.
    :param config: obstore's S3 settings where they differ from the environment's (those of an Airflow connection).
    :param role: of another account, by which the bucket is reached.
    """

    def __init__(self, url: str, config: Optional[dict[str, Any]] = None, role: Optional[AssumedRole] = None) -> None:
        self.url = url.rstrip("/")
        scheme, _, rest = url.rpartition("://")
        self.local: Optional[Path] = None
        if scheme == "s3":
            bucket, _, prefix = rest.partition("/")
            try:
                self._store: Any = open_bucket(bucket, prefix.strip("/"), config or {}, role)
            except BucketsError as error:
                raise StorageError(str(error)) from error
        elif scheme in ("", "file"):
            self.local = Path(unquote(rest) if scheme else url).expanduser().absolute()
            self.url = str(self.local)
        else:
            raise StorageError(f"{url}: only s3:// URLs and folders can be read and written")

    def path(self, key: str) -> Path:
        """Where a key lies in a local folder.

        :raises StorageError: if the storage is not a folder, or the key points out of it.
        """
        if self.local is None:
            raise StorageError(f"{self.url} is no folder")
        target = self.local / key
        if ".." in Path(key).parts or Path(key).is_absolute():
            raise StorageError(f"{key}: a key must stay inside {self.url}")
        return target

    def resolved(self, key: str) -> str:
        """The key that a key really leads to, links followed; on S3, which has none, the key itself.

        :raises NotFoundError: if a link leads out of the folder, or the key does.
        """
        if self.local is None:
            return key
        try:
            return self.path(key).resolve().relative_to(self.local.resolve()).as_posix()
        except (ValueError, OSError, RuntimeError) as error:  # outside; a name too long; links in a circle
            raise NotFoundError(f"{key} leads to no file in {self.url}") from error

    def url_of(self, key: str) -> str:
        """The full address of a key, for people."""
        return f"{self.url}/{key}"

    def list(self, prefix: str = "", after: str = "") -> Iterator[StoredObject]:
        """All objects whose key begins with a prefix: in a folder in no particular order, on S3 in that of their UTF-8.

        :param prefix: need not end at a slash.
        :param after: leave out keys up to this one; empty for none. S3 begins there, so that several LISTs can share a
            prefix.
        :raises NotFoundError: if the bucket does not exist. A folder that does not exist is empty.
        """
        if self.local is not None and not self.local.is_dir():
            return
        # obstore compares whole path segments, so list the folder part and filter the rest.
        folder = prefix.rpartition("/")[0]
        with _translated(self.url):
            for chunk in obstore.list(self._reader(), folder or None, offset=after or None, chunk_size=1000):
                for meta in chunk:
                    key = meta["path"]
                    if key.startswith(prefix) and key > after:
                        yield StoredObject(key, meta["size"], _etag(meta))

    def list_dated(self, prefix: str) -> Iterator[tuple[StoredObject, datetime]]:
        """As :meth:`list`, each with when it was last written, with its time zone.

        :param prefix: a folder with its slash at the end.
        """
        if self.local is not None and not self.local.is_dir():
            return
        with _translated(self.url):
            for chunk in obstore.list(self._reader(), prefix.rstrip("/"), chunk_size=1000):
                for meta in chunk:
                    yield StoredObject(meta["path"], meta["size"], _etag(meta)), meta["last_modified"]

    def folders(self, prefix: str = "") -> tuple[tuple[str, ...], tuple[StoredObject, ...]]:
        """What lies directly in a folder, to spread a long LIST over threads.

        :param prefix: a folder with its slash at the end; empty for the root.
        :returns: the folders in it, as prefixes that end at a slash, and the objects in it.
        :raises NotFoundError: if the bucket does not exist. A folder that does not exist is empty.
        """
        if self.local is not None and not self.local.is_dir():
            return (), ()
        with _translated(self.url):
            found = obstore.list_with_delimiter(self._reader(), prefix.rstrip("/") or None)
        objects = tuple(StoredObject(meta["path"], meta["size"], _etag(meta)) for meta in found["objects"])
        return tuple(f"{folder}/" for folder in found["common_prefixes"]), objects

    def head(self, key: str) -> StoredObject:
        """Size and ETag of one object.

        :raises NotFoundError: if it does not exist.
        """
        with _translated(self.url_of(key)):
            meta = obstore.head(self._reader(), key)
        return StoredObject(key, meta["size"], _etag(meta))

    def exists(self, key: str) -> bool:
        """Whether an object is there."""
        try:
            self.head(key)
        except NotFoundError:
            return False
        return True

    def get(self, key: str) -> bytes:
        """An object's content.

        :raises NotFoundError: if it does not exist.
        """
        with _translated(self.url_of(key)):
            return bytes(obstore.get(self._reader(), key).bytes())

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """A part of an object's content; shorter if the object ends before.

        :param start: byte offset from 0, within the object.
        :param length: bytes.
        :raises NotFoundError: if it does not exist.
        """
        if length == 0:  # a range that HTTP cannot express
            return b""
        with _translated(self.url_of(key)):
            return bytes(obstore.get_range(self._reader(), key, start=start, length=length))

    def get_part(self, key: str, start: int, length: int) -> tuple[bytes, dict[str, str]]:
        """As :meth:`get_range`, and the attributes that travel with the object on S3."""
        options: Any = {"range": (start, start + length)}
        with _translated(self.url_of(key)):
            found = obstore.get(self._reader(), key, options=options)
            return bytes(found.bytes()), cast("dict[str, str]", dict(found.attributes))

    def put(self, key: str, data: Union[bytes, IO[bytes]], attributes: Optional[dict[str, str]] = None) -> None:
        """Write an object whole; readers see the old one or the new one, never a part.

        :param data: its content, or a file of it, which is written in parts if it is large.
        :param attributes: travel with it on S3, 2 KB at most; a folder keeps none.
        """
        kept: Any = attributes if self.local is None else None
        with _translated(self.url_of(key)):
            obstore.put(self.writer(), key, data, attributes=kept)

    def rename(self, key: str, new: str) -> None:
        """Give an object another key; on S3 a copy, made there, and a deletion.

        :raises NotFoundError: if it does not exist.
        """
        with _translated(self.url_of(key)):
            obstore.rename(self.writer(), key, new)

    def get_tagged(self, key: str) -> tuple[bytes, str]:
        """An object's content, and its ETag for :meth:`put_if`.

        :raises NotFoundError: if it does not exist.
        """
        with _translated(self.url_of(key)):
            found = obstore.get(self._reader(), key)
            return bytes(found.bytes()), _etag(found.meta)

    def put_if(self, key: str, data: bytes, etag: Optional[str]) -> Optional[str]:
        """Write an object if nobody has written it since it was read: of several that try at once, one succeeds.

        :param etag: of :meth:`get_tagged`; None if there was none.
        :returns: the ETag that it has now; None if somebody else was quicker.
        :raises StorageError: also if the store does not know conditional writes, as some that are not Amazon's do not.
        """
        with _translated(self.url_of(key)):
            written = put_in_turn(self, key, data, etag)
        return None if written is None else _etag(written)

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        try:
            with _translated(self.url_of(key)):
                obstore.delete(self.writer(), key)
        except NotFoundError:
            return

    def download(self, key: str, target: Path) -> int:
        """Copy an object into a file, through a temporary name so that a file that is there is whole.

        :returns: bytes written.
        """
        part = target.with_name(f".{target.name}.part")
        with _translated(self.url_of(key)):
            found = obstore.get(self._reader(), key)
            chunks = [found.bytes()] if found.meta["size"] <= _WHOLE else found
            with _created(part) as file:
                size = sum(file.write(chunk) for chunk in chunks)
        part.replace(target)
        return size

    def upload(self, source: Path, key: str, sha256: str) -> None:
        """Copy a file into an object, in parts if it is large; on S3 its digest travels with it."""
        attributes = None if self.local is not None else {SHA256_ATTRIBUTE: sha256}
        with _translated(self.url_of(key)):
            obstore.put(self.writer(), key, source, attributes=attributes)

    def upload_new(self, source: Path, key: str, sha256: str) -> bool:
        """Upload a file to S3 in a single request, if there is no such object yet.

        :param source: small, since it travels also where there is one.
        :returns: whether it was written.
        """
        with _translated(self.url_of(key)):
            try:
                obstore.put(self._store, key, source, attributes={SHA256_ATTRIBUTE: sha256}, mode="create")
            except QUICKER:
                return False
        return True

    def stored_sha256(self, key: str) -> Optional[str]:
        """The digest that travelled with an object, if it was uploaded by :meth:`upload` to S3; else None."""
        if self.local is not None:
            return None
        with _translated(self.url_of(key)):
            return obstore.get(self._reader(), key, options={"head": True}).attributes.get(SHA256_ATTRIBUTE)

    def _reader(self) -> Any:
        if self.local is not None:
            if not self.local.is_dir():
                raise NotFoundError(f"{self.url} does not exist")
            return LocalStore(str(self.local))
        return self._store

    def writer(self) -> Any:
        """What obstore writes to; the folder is made where there is none."""
        if self.local is None:
            return self._store
        try:
            return LocalStore(str(self.local), mkdir=True)
        except Exception as error:
            raise AccessDeniedError(f"{self.url} cannot be written: {error}") from error


def _created(path: Path) -> IO[bytes]:
    """A new file, and its folder where it is the first in it."""
    try:
        return path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def _etag(meta: Any) -> str:
    return str(meta["e_tag"] or "").strip('"')
