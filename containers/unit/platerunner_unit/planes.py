"""How many planes an image file holds, read from its header: CellProfiler reads the first, silently.

A colour picture is one plane, and so are a thumbnail or the smaller copies of a pyramid beside their picture. Reads are
few and bounded, whatever a file claims.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Callable, NamedTuple

MAX_READ = 1 << 24
MAX_STEPS = 100_000
# TIFF 6.0: NewSubfileType's bits and SubfileType's values for what is not a picture of its own.
_REDUCED, _MASK, _OLD_REDUCED = 1, 4, 2
_GREY, _ALPHA = (0, 1), (1, 2)
_IMAGEJ = re.compile(r"^(images|channels|slices|frames)=(\d{1,9})\s*$", re.MULTILINE)


class StackError(Exception):
    """The file holds more than one plane; the message is a clause that begins with a verb."""


class Page(NamedTuple):
    """What a TIFF directory says of its picture.

    :param width: pixels; 0 if it is unknown.
    :param kind: NewSubfileType.
    :param old_kind: SubfileType.
    :param samples: values per pixel.
    :param photometric: what they mean.
    :param extra: what those beyond the colour mean.
    :param length: bytes of its pixels.
    """

    width: int
    height: int
    kind: int
    old_kind: int
    samples: int
    photometric: int
    extra: tuple[int, ...]
    length: int


def check_tiff(pages: Sequence[Page], description: str, series: int, size: int) -> None:
    """Look at the directories of a TIFF file.

    :param pages: of the chain, in order; those below another are copies of it.
    :param description: of the first page; ImageJ writes there how many planes follow without directories.
    :param series: planes that MetaMorph's own tag counts.
    :param size: of the file.
    :raises StackError: if there are several planes.
    """
    if not pages:
        return
    first, told = pages[0], _imagej(description)
    count = max(count_pages(pages, description, size), series)
    if count > 1:
        axes = [f"{told[name]} {name}" for name in ("channels", "slices", "frames") if told.get(name, 1) > 1]
        raise StackError(_planes(count, " x ".join(axes)))
    colours = first.samples - sum(meaning in _ALPHA for meaning in first.extra)
    if first.photometric in _GREY and (colours == 2 or colours > 3):
        raise StackError(f"has {colours} channels in one plane")


def count_pages(pages: Sequence[Page], description: str, size: int) -> int:
    """How many pictures a TIFF file has, by its directories or, if it is ImageJ's, by what its first one says.

    :param pages: see :func:`check_tiff`.
    """
    if not pages:
        return 0
    claimed = _imagej(description).get("images", 1)
    # Descriptions outlive what they describe: a plane that was cut out of a stack keeps the stack's.
    really = claimed if size >= claimed * pages[0].length > 0 else 1
    return max(sum(_counts(page, pages[0]) for page in pages), really)


def _imagej(description: str) -> dict[str, int]:
    found = _IMAGEJ.findall(description) if "ImageJ=" in description else []
    return {name: int(number) for name, number in found}


def _counts(page: Page, first: Page) -> bool:
    if page.kind & (_REDUCED | _MASK) or page.old_kind == _OLD_REDUCED:
        return False
    return page is first or not (0 < page.width < first.width and 0 < page.height < first.height)


def _planes(count: int, axes: str = "") -> str:
    return f"has {count} planes" + (f" ({axes})" if axes else "")


def _png(file: BinaryIO, size: int) -> None:
    """An animation announces itself before the first picture: https://www.w3.org/TR/png-3/#acTL-chunk."""
    at = 8
    for _ in range(1000):
        head = _at(file, at, 12)
        length, name = struct.unpack(">I4s", head[:8]) if len(head) == 12 else (0, b"IEND")
        if name == b"acTL":
            frames = struct.unpack(">I", head[8:12])[0]
            if frames > 1:
                raise StackError(f"has {frames} frames")
        if name in (b"IDAT", b"IEND", b"acTL") or at + 12 + length > size:
            return
        at += 12 + length


def _gif(file: BinaryIO, size: int) -> None:
    """Count pictures up to the second: https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""
    head = _at(file, 0, 13)
    if head[:3] != b"GIF" or len(head) < 13:
        return
    file.seek(13 + _colours(head[10]))
    pictures = 0
    for _ in range(MAX_STEPS):
        mark = file.read(1)
        if mark == b",":
            pictures += 1
            if pictures > 1:
                raise StackError("has more than one frame")
            packed = file.read(9)[8:]
            file.seek(_colours(packed[0]) + 1 if packed else 1, 1)
        elif mark == b"!":
            file.read(1)
        else:
            return
        while (block := file.read(1)) not in (b"", b"\0") and file.tell() < size:
            file.seek(block[0], 1)


def _colours(packed: int) -> int:
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _czi(file: BinaryIO, size: int) -> None:
    """Zeiss: the directory of sub-blocks names for each its channel, plane, time and scene."""
    head = _at(file, 0, 92)
    if not head.startswith(b"ZISRAWFILE") or len(head) < 92:
        return
    directory = struct.unpack_from("<q", head, 84)[0]
    start = _at(file, directory, 160)
    if not 0 < directory < size or not start.startswith(b"ZISRAWDIRECTORY") or len(start) < 160:
        return
    entries = min(struct.unpack_from("<i", start, 32)[0], MAX_STEPS)
    places: set[tuple[tuple[bytes, int], ...]] = set()
    data = file.read(min(MAX_READ, entries * 1024))
    for place in _czi_entries(data, entries):
        places.add(place)
    if len(places) > 1:
        names = {name for place in places for name, _ in place}
        axes = [(name, len({dict(place).get(name) for place in places})) for name in sorted(names)]
        raise StackError(_planes(len(places), ", ".join(f"{n} in {name.decode()}" for name, n in axes if n > 1)))


def _czi_entries(data: bytes, entries: int) -> Iterator[tuple[tuple[bytes, int], ...]]:
    at = 0
    for _ in range(entries):
        if at + 32 > len(data) or data[at : at + 2] != b"DV":
            return
        pyramid, dimensions = data[at + 22], struct.unpack_from("<i", data, at + 28)[0]
        at += 32
        if not 0 <= dimensions <= 40 or at + 20 * dimensions > len(data):
            return
        found = [struct.unpack_from("<4si", data, at + 20 * i) for i in range(dimensions)]
        at += 20 * dimensions
        if pyramid == 0:
            # X and Y place a tile, M numbers it: together they are one picture.
            named = ((name.rstrip(b"\0"), begin) for name, begin in found)
            yield tuple(sorted((name, begin) for name, begin in named if name not in (b"X", b"Y", b"M", b"A")))


def _lif(file: BinaryIO, size: int) -> None:
    """Leica: an XML text in front of the pixels describes every image with its axes and channels."""
    head = _at(file, 0, 13)
    if len(head) < 13 or head[:4] != b"\x70\0\0\0" or head[8] != 0x2A:
        return
    characters = struct.unpack_from("<i", head, 9)[0]
    if not 0 < characters * 2 <= size:
        return
    text = file.read(min(characters * 2, MAX_READ)).decode("utf-16-le", "replace")
    images = re.findall(r"<Image\b.*?(?:</Image>|\Z)", text, re.DOTALL)
    if len(images) > 1:
        raise StackError(f"has {len(images)} images")
    for image in images:
        channels = len(re.findall(r"<ChannelDescription\b", image))
        axes = re.findall(r'<DimensionDescription\b[^>]*\bDimID="(\d+)"[^>]*\bNumberOfElements="(\d+)"', image)
        deep = {"3": "slices", "4": "frames", "10": "tiles"}
        several = [f"{number} {deep[axis]}" for axis, number in axes if axis in deep and int(number) > 1]
        if channels > 1 and len(re.findall(r'ChannelTag="[123]"', image)) != 3:
            several.append(f"{channels} channels")
        if several:
            raise StackError(f"has {' x '.join(several)}")


def _nd2(file: BinaryIO, size: int) -> None:
    """Nikon: a map of chunks at the end has one for each picture; what a picture holds is in its attributes."""
    tail = _at(file, max(0, size - 40), 40)
    if _at(file, 0, 4) != b"\xda\xce\xbe\n" or b"ND2 CHUNK MAP SIGNATURE 0000001" not in tail:
        return
    start = struct.unpack("<Q", tail[32:])[0]
    if start >= size:
        return
    chunks = _at(file, start, min(MAX_READ, size - start))
    pictures = len(set(re.findall(rb"ImageDataSeq\|(\d+)!", chunks)))
    if pictures > 1:
        raise StackError(_planes(pictures))
    found = re.search(rb"ImageAttributesLV!(.{16})", chunks, re.DOTALL)
    where = struct.unpack("<QQ", found[1])[0] if found else size
    attributes = _at(file, where, 1 << 16) if where < size else b""
    told = re.search("uiComp\0".encode("utf-16-le") + rb"(.{4})", attributes, re.DOTALL)
    channels = struct.unpack("<I", told[1])[0] if told else 1
    if channels > 1 and channels != 3:  # three are a colour camera's
        raise StackError(f"has {channels} channels")


def _at(file: BinaryIO, offset: int, length: int) -> bytes:
    if offset < 0:
        return b""
    file.seek(offset)
    return file.read(length)


CHECKS: dict[str, Callable[[BinaryIO, int], None]] = {
    ".png": _png, ".gif": _gif, ".czi": _czi, ".lif": _lif, ".nd2": _nd2,
}  # fmt: skip
