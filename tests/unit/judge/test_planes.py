"""One plane or several: pictures that CellProfiler would read the first plane of, and pictures that are whole."""

import struct
from pathlib import Path

import numpy
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from platerunner_unit import planes
from platerunner_unit.contract.category import Category
from platerunner_unit.runner.stage import check_files
from platerunner_unit.tools import images

GREY = numpy.arange(32 * 48, dtype="uint16").reshape(32, 48)
RGBA = numpy.zeros((9, 9, 4), "uint8")
PLANAR = numpy.zeros((5, 9, 9), "uint8")
STACK = numpy.stack([GREY, GREY + 1, GREY + 2])


def several_files(path: Path, pictures: list[numpy.ndarray], **page: object) -> None:
    with tifffile.TiffWriter(path) as out:
        for picture in pictures:
            out.write(picture, photometric="minisblack", contiguous=False, metadata=None, **page)


def pyramid(path: Path, *, below: bool) -> None:
    """A picture with two smaller copies: as SubIFDs, or in the chain and marked as reduced."""
    with tifffile.TiffWriter(path, bigtiff=True) as out:
        out.write(GREY, subifds=2 if below else 0, photometric="minisblack", metadata=None)
        for step in (2, 4):
            out.write(GREY[::step, ::step], subfiletype=1, photometric="minisblack", metadata=None)


def flat_tiff(path: Path, width: int, height: int) -> None:
    """A picture with an unmarked thumbnail behind it, as slide scanners write it."""
    several_files(path, [GREY, numpy.zeros((height, width), "uint16")])


def metamorph(path: Path, count: int) -> None:
    tifffile.imwrite(path, GREY, photometric="minisblack", metadata=None, extratags=[(33629, 5, count, [1, 1] * count)])


def frames(path: Path, count: int, **more: object) -> None:
    pictures = [Image.fromarray(numpy.full((8, 8), 40 * i, "uint8")) for i in range(count)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **more)


FLAT = {
    "grey.tif": lambda p: tifffile.imwrite(p, GREY),
    "rgb.tif": lambda p: tifffile.imwrite(p, numpy.zeros((9, 9, 3), "uint8"), photometric="rgb"),
    "rgba.tif": lambda p: tifffile.imwrite(p, RGBA, photometric="rgb", extrasamples=["unassalpha"]),
    "planar_rgb.tif": lambda p: tifffile.imwrite(p, PLANAR[:3], photometric="rgb", planarconfig="separate"),
    "one.ome.tif": lambda p: tifffile.imwrite(p, GREY, metadata={"axes": "YX"}, ome=True),
    "imagej_one.tif": lambda p: tifffile.imwrite(p, GREY, imagej=True),
    "cut_out.tif": lambda p: tifffile.imwrite(p, GREY, description="ImageJ=1.53\nimages=40\n", metadata=None),
    "subifds.tif": lambda p: pyramid(p, below=True),
    "reduced.tif": lambda p: pyramid(p, below=False),
    "thumbnail.tif": lambda p: flat_tiff(p, 12, 8),
    "one.stk": lambda p: metamorph(p, 1),
    "tiled.tif": lambda p: tifffile.imwrite(p, numpy.zeros((64, 64), "uint8"), tile=(16, 16)),
    "grey.png": lambda p: Image.fromarray(GREY.astype("uint8")).save(p),
    "still.gif": lambda p: frames(p, 1),
    "grey.jpg": lambda p: Image.fromarray(GREY.astype("uint8")).save(p),
    "function.npy": lambda p: numpy.save(p, STACK),
}  # fmt: skip
SEVERAL = {
    "pages.tif": (lambda p: several_files(p, list(STACK)), "has 3 planes"),
    "z.ome.tif": (lambda p: tifffile.imwrite(p, STACK, metadata={"axes": "ZYX"}, ome=True), "has 3 planes"),
    "c.ome.tif": (lambda p: tifffile.imwrite(p, STACK, metadata={"axes": "CYX"}, ome=True), "has 3 planes"),
    "hyper.tif": (
        lambda p: tifffile.imwrite(p, STACK[None], imagej=True, metadata={"axes": "TZYX"}), "has 3 planes (3 slices)"
    ),
    "channels.tif": (
        lambda p: tifffile.imwrite(p, numpy.stack([STACK, STACK], 1), imagej=True, metadata={"axes": "ZCYX"}),
        "has 6 planes (2 channels x 3 slices)",
    ),
    "big.tif": (lambda p: tifffile.imwrite(p, STACK, bigtiff=True, photometric="minisblack"), "has 3 planes"),
    "swapped.tif": (lambda p: tifffile.imwrite(p, STACK, byteorder=">", photometric="minisblack"), "has 3 planes"),
    "larger_second.tif": (lambda p: several_files(p, [GREY, numpy.zeros((99, 99), "uint16")]), "has 2 planes"),
    "five_channels.tif": (
        lambda p: tifffile.imwrite(p, PLANAR, photometric="minisblack", planarconfig="separate"),
        "has 5 channels in one plane",
    ),
    "z.stk": (lambda p: metamorph(p, 7), "has 7 planes"),
    "moving.gif": (lambda p: frames(p, 3, duration=10), "has more than one frame"),
    "moving.png": (lambda p: frames(p, 3, duration=10), "has 3 frames"),
}  # fmt: skip


def czi(places: list[dict[bytes, int]]) -> bytes:
    """The header and the directory of a CZI file."""
    entries = b""
    for place in places:
        entries += b"DV" + struct.pack("<iqiiB5si", 1, 0, 0, 0, 0, b"", len(place))
        entries += b"".join(struct.pack("<4siifi", name, begin, 1, 0.0, 1) for name, begin in place.items())
    head = struct.pack("<16sqq", b"ZISRAWFILE", 0, 0) + bytes(52) + struct.pack("<q", 512)
    return head.ljust(512, b"\0") + struct.pack("<16sqqi124s", b"ZISRAWDIRECTORY", 0, 0, len(places), b"") + entries


def lif(images_: list[str]) -> bytes:
    text = (
        "<LMSDataContainerHeader>" + "".join(f"<Image>{body}</Image>" for body in images_) + "</LMSDataContainerHeader>"
    )
    return struct.pack("<iiBi", 0x70, 0, 0x2A, len(text)) + text.encode("utf-16-le")


def nd2(pictures: int, channels: int) -> bytes:
    head = struct.pack("<I", 0x0ABECEDA) + bytes(92)
    attributes = "uiComp\0".encode("utf-16-le") + struct.pack("<I", channels)
    chunks = b"".join(b"ImageDataSeq|%d!" % i + struct.pack("<QQ", 96, 8) for i in range(pictures))
    chunks += b"ImageAttributesLV!" + struct.pack("<QQ", len(head), len(attributes))
    tail = b"ND2 CHUNK MAP SIGNATURE 0000001!" + struct.pack("<Q", len(head) + len(attributes))
    return head + attributes + chunks + tail


AXIS = '<DimensionDescription DimID="{}" NumberOfElements="{}"/>'
CHANNEL = '<ChannelDescription ChannelTag="0"/>'
CONTAINERS = {
    "one.czi": (czi([{b"X": 0, b"Y": 0, b"C": 0, b"Z": 0}]), None),
    "tiles.czi": (czi([{b"X": 0, b"Y": 0, b"C": 0, b"M": 0}, {b"X": 90, b"Y": 0, b"C": 0, b"M": 1}]), None),
    "channels.czi": (czi([{b"X": 0, b"C": 0}, {b"X": 0, b"C": 1}]), "has 2 planes (2 in C)"),
    "slices.czi": (czi([{b"C": c, b"Z": z} for c in (0, 1) for z in (0, 1, 2)]), "has 6 planes (2 in C, 3 in Z)"),
    "one.lif": (lif([CHANNEL + AXIS.format(1, 512) + AXIS.format(2, 512)]), None),
    "slices.lif": (lif([CHANNEL + AXIS.format(1, 512) + AXIS.format(3, 9)]), "has 9 slices"),
    "channels.lif": (lif([CHANNEL * 2 + AXIS.format(1, 512)]), "has 2 channels"),
    "images.lif": (lif([CHANNEL, CHANNEL]), "has 2 images"),
    "one.nd2": (nd2(1, 1), None),
    "colour.nd2": (nd2(1, 3), None),
    "channels.nd2": (nd2(1, 2), "has 2 channels"),
    "frames.nd2": (nd2(4, 1), "has 4 planes"),
}


@pytest.mark.parametrize("name", FLAT)
def test_one_plane(name, tmp_path):
    FLAT[name](tmp_path / name)
    assert images.look(tmp_path / name, flat=True) is None


@pytest.mark.parametrize("name", SEVERAL)
def test_several_planes(name, tmp_path):
    make, clause = SEVERAL[name]
    make(tmp_path / name)
    assert images.look(tmp_path / name, flat=True) == images.Finding(Category.PIPELINE_INVALID, clause)
    assert images.look(tmp_path / name) is None, "a tool that reads stacks may have it"


@pytest.mark.parametrize("name", CONTAINERS)
def test_microscopes_own_files(name, tmp_path):
    data, clause = CONTAINERS[name]
    (tmp_path / name).write_bytes(data)
    found = images.look(tmp_path / name, flat=True)
    assert (found.clause if found else None) == clause


def test_the_problem_says_what_would_happen_and_what_to_do(tmp_path):
    several_files(tmp_path / "a.tif", list(STACK))
    (problem,) = check_files([("s3://b/a.tif", tmp_path / "a.tif")], {tmp_path / "a.tif"})
    assert problem.category == "pipeline_invalid"
    assert problem.sentence == (
        "The input s3://b/a.tif has 3 planes, of which CellProfiler would silently read the first."
    )
    assert "file for each plane" in problem.hint
    assert check_files([("a", tmp_path / "a.tif")]) == ()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.sampled_from([*FLAT, *SEVERAL, *CONTAINERS]), cut=st.integers(0, 4000), noise=st.binary(max_size=12))
def test_any_bytes_are_read_in_bounds(name, cut, noise, tmp_path):
    path = tmp_path / name
    if name in CONTAINERS:
        path.write_bytes(CONTAINERS[name][0])
    else:
        (FLAT[name] if name in FLAT else SEVERAL[name][0])(path)
    data = bytearray(path.read_bytes())
    at = cut % len(data)
    data[at : at + len(noise)] = noise
    path.write_bytes(bytes(data))
    found = images.look(path, flat=True)
    assert found is None or found.clause
    path.write_bytes(bytes(data[:at]))
    images.look(path, flat=True)


def test_every_suffix_that_is_counted_is_one_that_somebody_writes():
    assert set(planes.CHECKS) == {".png", ".gif", ".czi", ".lif", ".nd2"}
