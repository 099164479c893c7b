"""Errors of a storage, made of obstore's, whose text is all that is left of S3's answer."""

from __future__ import annotations

import ast
import re
from typing import Optional

import obstore

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.transfer import MEANINGS, Answer, Kind, TransferFailure, kind_of, kind_of_os_error

_DENIED = (PermissionError, obstore.exceptions.PermissionDeniedError, obstore.exceptions.UnauthenticatedError)
_MISSING = (FileNotFoundError, obstore.exceptions.NotFoundError)
# obstore raises ValueError for a key that it refuses. Other OSErrors, such as a full disk, are not translated.
TRANSLATED = (*_DENIED, *_MISSING, ValueError, obstore.exceptions.BaseError)


_ROLE = re.compile(r"RoleError\(((['\"]).*?(?<!\\)\2)\)")
"""How obstore repeats what :mod:`platerunner_unit.contract.stores.assumed_role` raised for a role it may not assume."""

_BAD_NAME = re.compile(r'invalid path: (?:Error parsing )?Path "/?(.*?)"(?:: | contained)', re.DOTALL)
_CIRCLE = re.compile(r"File system loop found: (.*) points to an ancestor")
_SYSTEM = re.compile(r": ([A-Z][^:]*) \(os error \d+\)")
"""A folder's errors end with the system's words; obstore puts its own before them, with temporary names."""


class StorageError(Exception):
    """A request to the storage failed; the message names the URL.

    :param failure: the same for the judge.
    """

    def __init__(self, text: str, failure: Optional[TransferFailure] = None) -> None:
        super().__init__(text)
        self.failure = failure or TransferFailure(self.kind.value, "", "", text)

    kind = Kind.FAILED


class NotFoundError(StorageError):
    """The object, the bucket or the folder does not exist."""

    kind = Kind.MISSING


class AccessDeniedError(StorageError):
    """The credentials, a key or a policy do not allow it."""

    kind = Kind.DENIED


class ArchivedError(StorageError):
    """The object is in an archive, and has to be restored before it can be read."""

    kind = Kind.ARCHIVED


_CLASSES: dict[Category, type[StorageError]] = {
    Category.INPUT_MISSING: NotFoundError,
    Category.ACCESS_DENIED: AccessDeniedError,
    Category.INPUT_ARCHIVED: ArchivedError,
}


def translate(url: str, error: BaseException) -> StorageError:
    """Make our error of one of obstore's, by the text of S3's answer.

    :param url: of what is read or written, or of the whole storage.
    :param error: one of :data:`TRANSLATED`.
    """
    text = str(error)
    answer = Answer.of(text)
    kind = _kind(error, answer, text)
    if answer.code == "NoSuchBucket":
        url = "/".join(url.split("/")[:3])
        said = f"{url} does not exist: there is no such bucket"
    elif kind is Kind.FAILED and (name := _BAD_NAME.search(text)):
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in name[1])
        said = f"{url} holds `{shown}`, a name that cannot be read here; rename or delete it"
    elif circle := _CIRCLE.search(text):
        said = f"{url}: the link {circle[1]} leads in a circle; delete it, or move it elsewhere"
    elif refused := _ROLE.search(text):
        said = f"{url}: {ast.literal_eval(refused[1])}"
    elif kind in (Kind.FAILED, Kind.THROTTLED):
        said = f"{url}: {_first_line(text)}"
    else:
        said = f"{url}{':' if kind is Kind.DENIED else ''} {MEANINGS[kind].clause}{_told(kind, answer)}"
    return _CLASSES.get(MEANINGS[kind].category, StorageError)(
        said, TransferFailure(kind.value, url, answer.code, said)
    )


def _kind(error: BaseException, answer: Answer, text: str) -> Kind:
    if answer.status:
        return kind_of(answer)
    if isinstance(error, _MISSING):
        return Kind.MISSING
    if isinstance(error, _DENIED):
        return Kind.DENIED
    # A folder's errors have the system's number and no code.
    found = re.search(r"\(os error (\d+)\)\s*(?:\n\nDebug source|$)", text)
    return kind_of_os_error(OSError(int(found[1]), "")) if found else Kind.FAILED


def _told(kind: Kind, answer: Answer) -> str:
    """What S3 said beyond the kind of error; empty if nothing."""
    if kind is Kind.ARCHIVED:
        return f" ({answer.storage_class}): restore it, then clear the task" if answer.storage_class else ""
    if kind is Kind.MISSING or answer.message in ("", "Access Denied"):
        return ""
    return f" ({answer.code}: {answer.message})"


def _first_line(text: str) -> str:
    line = text.splitlines()[0] if text else "unknown error"
    system = _SYSTEM.search(line) if line.startswith("Generic LocalFileSystem") else None
    return system[1] if system else line
