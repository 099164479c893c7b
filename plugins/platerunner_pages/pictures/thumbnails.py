"""Thumbnails of stored images, kept by the image's content."""

from platerunner_pages.pictures.decoding import LARGEST, NoPictureError, decoded
from platerunner_pages.pictures.kept import Kept
from platerunner_unit.contract.storage import Storage

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
SIDES = (160, 640)
"""Sizes that are made."""
KEPT = 32 * 1024**2
"""Bytes of thumbnails that the server keeps."""


class Thumbnails:
    """Makes thumbnails, and keeps the newest."""

    def __init__(self, most: int = KEPT) -> None:
        self._kept: Kept[bytes] = Kept(most, len)

    def get(self, workspace: Storage, key: str, side: int) -> bytes:
        """A PNG of a stored image.

        :param side: one of :data:`SIDES`.
        :raises platerunner_pages.pictures.decoding.NoPictureError: if it cannot be decoded, is too large, or too many
            wait.
        """
        found = workspace.head(key)
        refuse_large(workspace, key, found.size)
        name = (workspace.url, key, found.etag, found.size, side)
        return self._kept.get(name, lambda: decoded("worker", lambda: workspace.get(key), "small", str(side)))


def refuse_large(workspace: Storage, key: str, size: int) -> None:
    """Refuse an image that has too many bytes, before a byte is read.

    :raises platerunner_pages.pictures.decoding.NoPictureError: if it is too large.
    """
    if size > LARGEST:
        raise NoPictureError(f"{key} is too large to be shown; fetch it from {workspace.url_of(key)}.")
