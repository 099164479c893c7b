"""What a storage can fail with, whatever it is: our errors for obstore's, which has S3's answer in its text alone."""

from __future__ import annotations

import re
from typing import Any, Optional

import obstore

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.transfer import MEANINGS, Answer, Kind, TransferFailure, kind_of, kind_of_os_error

_DENIED = (PermissionError, obstore.exceptions.PermissionDeniedError, obstore.exceptions.UnauthenticatedError)
_MISSING = (FileNotFoundError, obstore.exceptions.NotFoundError)
# obstore has ValueError for a key that it cannot take; other OSErrors, as of a full disk, stay what they are.
_OURS = (*_DENIED, *_MISSING, ValueError, obstore.exceptions.BaseError)


class StorageError(Exception):
    """The storage did not do what it was asked; the message names the URL.

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


class translated:  # noqa: N801  (reads as a verb at its uses)
    """Turn obstore's errors into ours, with the URL that was asked for.

    :param url: of what is read or written, or of the whole storage.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Optional[BaseException], _trace: Any) -> None:
        if isinstance(error, _OURS):
            raise _translation(self.url, error) from error


def _translation(url: str, error: BaseException) -> StorageError:
    """Our error for one of obstore's, which has S3's answer in its text alone."""
    text = str(error)
    answer = Answer.of(text)
    kind = _kind(error, answer, text)
    if answer.code == "NoSuchBucket":
        url = "/".join(url.split("/")[:3])
        said = f"{url} does not exist: there is no such bucket"
    elif kind is Kind.FAILED and "invalid path" in text:
        said = f"{url} holds an object whose name no file could have; rename it. {_first_line(text)}"
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
    # A folder's errors come with the system's number alone.
    found = re.search(r"\(os error (\d+)\)\s*(?:\n\nDebug source|$)", text)
    return kind_of_os_error(OSError(int(found[1]), "")) if found else Kind.FAILED


def _told(kind: Kind, answer: Answer) -> str:
    """What S3 said besides, where it says more than the kind."""
    if kind is Kind.ARCHIVED:
        return f" ({answer.storage_class}): restore it, then clear the task" if answer.storage_class else ""
    if kind is Kind.MISSING or answer.message in ("", "Access Denied"):
        return ""
    return f" ({answer.code}: {answer.message})"


def _first_line(text: str) -> str:
    return text.splitlines()[0] if text else "unknown error"
