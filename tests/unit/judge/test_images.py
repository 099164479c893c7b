"""Structure checks: a file cut anywhere is found, a whole one never is, and rubbish raises nothing."""

import io
import struct
import time
import zlib
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platerunner_unit.runner.stage import check_files
from platerunner_unit.tools import images

ONE = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tiff(endian="<", *, big=False, strips=3, inline=False, tiled=False, pages=1):
    """A grey TIFF whose pixels stand last in the file."""
    mark = b"II" if endian == "<" else b"MM"
    size, code = (8, "Q") if big else (4, "I")
    width, rows = 16, 4 * strips
    per_strip = width * 4 * 2
    entry = struct.Struct(endian + ("HHQ" if big else "HHI"))
    count = struct.Struct(endian + ("Q" if big else "H"))
    head = mark + (struct.pack(endian + "HHHQ", 43, 8, 0, 16) if big else struct.pack(endian + "HI", 42, 8))
    offsets_tag, counts_tag = (324, 325) if tiled else (273, 279)
    ifd_size = count.size + 8 * (entry.size + size) + size
    tables = 0 if strips == 1 or inline else 2 * strips * size
    page = ifd_size + tables
    pixels = len(head) + page * pages
    out = bytearray(head)
    for i in range(pages):
        start = len(out)
        data = pixels + i * strips * per_strip
        places = [data + n * per_strip for n in range(strips)]
        next_ifd = start + page if i + 1 < pages else 0
        fields = [
            (256, [width]),
            (257, [rows]),
            (258, [16]),
            (259, [1]),
            (262, [1]),
            (offsets_tag, places),
            (278, [4]),
            (counts_tag, [per_strip] * strips),
        ]
        out += count.pack(len(fields))
        table = start + ifd_size
        extra = b""
        for tag, values in sorted(fields):
            packed = struct.pack(f"{endian}{len(values)}{code}", *values)
            out += entry.pack(tag, 16 if big else 4, len(values))
            if len(packed) <= size:
                out += packed
            else:
                out += struct.pack(endian + code, table + len(extra))
                extra += packed
        out += struct.pack(endian + code, next_ifd) + extra
    return bytes(out + b"\x55" * (strips * per_strip * pages))


def png():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(20))) + chunk(b"IEND", b"")


def npy(array):
    file = io.BytesIO()
    numpy.save(file, array)
    return file.getvalue()


TIFFS = {
    f"{endian}{'big' if big else 'classic'}-{strips}-{'tiles' if tiled else 'strips'}-{pages}": tiff(
        endian, big=big, strips=strips, tiled=tiled, pages=pages
    )
    for endian in "<>" for big in (False, True) for strips in (1, 3) for tiled in (False, True) for pages in (1, 2)
}  # fmt: skip
WHOLE = {
    **{f"{name}.tif": data for name, data in TIFFS.items()},
    "a.png": png(),
    "a.jpg": b"\xff\xd8\xff\xe0" + bytes(50) + b"\xff\xd9",
    "a.npy": npy(numpy.zeros((5, 7), "float32")),
    "b.npy": npy(numpy.zeros((3,), "<U4")),
    "c.npy": npy(numpy.float64(1)),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_files_pass(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WHOLE[name])
    assert images.problem(path) is None


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_anywhere_is_found(tmp_path, name):
    path = tmp_path / name
    data = WHOLE[name]
    for end in sorted({0, 1, 2, 5, 9, len(data) // 3, len(data) // 2, len(data) - 20, len(data) - 2, len(data) - 1}):
        path.write_bytes(data[: max(0, end)])
        assert images.problem(path), f"{end} of {len(data)} bytes passed"


def test_tifffile_agrees(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    for i, options in enumerate(
        ({}, {"bigtiff": True}, {"byteorder": ">"}, {"tile": (16, 16)}, {"compression": "zlib"}, {"rowsperstrip": 3})
    ):
        path = tmp_path / f"{i}.tif"
        tifffile.imwrite(path, numpy.arange(48 * 48, dtype="uint16").reshape(48, 48), **options)
        assert images.problem(path) is None, options
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert images.problem(path), options


def test_clauses_are_for_people(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(tiff()[:300])
    assert images.problem(path) == "is cut off: its pixels end at byte 518 and the file at byte 300"
    path.write_text("<html>Not Found</html>")
    assert images.problem(path) == "is named as a TIFF file, but is none"
    path.write_bytes(b"")
    assert images.problem(path) == "is empty (0 bytes)"
    assert images.problem(tmp_path / "none.tif") == "does not exist"


def test_a_strip_without_its_size_must_begin_in_the_file(tmp_path):
    path = tmp_path / "old.tif"
    data = bytearray(tiff(strips=1))
    count = data.index(struct.pack("<H", 279))  # the tag of StripByteCounts, which old writers leave out
    data[count : count + 2] = struct.pack("<H", 278)
    path.write_bytes(data)
    assert images.problem(path) is None
    path.write_bytes(data[: len(data) - 16 * 4 * 2])
    assert images.problem(path) == "is cut off: its pixels end at byte 111 and the file at byte 110"


def test_a_loop_of_directories_ends(tmp_path):
    path = tmp_path / "loop.tif"
    data = bytearray(tiff(strips=1))
    data[8 + 2 + 8 * 12 : 8 + 2 + 8 * 12 + 4] = struct.pack("<I", 8)
    path.write_bytes(data)
    assert images.problem(path) is None


@ONE
@given(name=st.sampled_from(sorted(WHOLE)), at=st.integers(0, 400), junk=st.binary(min_size=1, max_size=12))
def test_any_damage_is_survived(tmp_path, name, at, junk):
    data = bytearray(WHOLE[name])
    data[at : at + len(junk)] = junk
    path = tmp_path / name
    path.write_bytes(data)
    assert isinstance(images.problem(path), (str, type(None)))


@ONE
@given(
    suffix=st.sampled_from([".tif", ".png", ".jpg", ".npy", ".csv"]),
    data=st.binary(max_size=400),
    head=st.sampled_from([b"", b"II*\0", b"MM\0+", b"\x93NUMPY\x01\x00", b"\x89PNG\r\n\x1a\n"]),
)
def test_any_bytes_are_survived(tmp_path, suffix, data, head):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(head + data)
    assert isinstance(images.problem(path), (str, type(None)))


def test_a_huge_table_costs_nothing(tmp_path):
    path = tmp_path / "a.tif"
    data = bytearray(tiff())
    data[8 + 2 + 5 * 12 + 4 : 8 + 2 + 5 * 12 + 8] = struct.pack("<I", 0x7FFFFFFF)
    path.write_bytes(data)
    start = time.thread_time()
    assert images.problem(path) == "is damaged: a table is larger than any image needs"
    assert time.thread_time() - start < 1


def test_preflight_names_each_file(tmp_path):
    good, cut = tmp_path / "good.tif", tmp_path / "cut.tif"
    good.write_bytes(tiff())
    cut.write_bytes(tiff()[:200])
    files = [("images/good.tif", good), ("images/cut.tif", cut), ("images/none.tif", Path(tmp_path / "none.tif"))]
    found = check_files(files)
    assert [(p.category, p.sentence.split(" ")[2]) for p in found] == [
        ("input_missing", "images/none.tif"),
        ("input_unreadable", "images/cut.tif"),
    ]
    assert check_files([]) == ()
