"""Small pictures: of what cameras write, kept, and never of a bomb."""

import io
import re
import struct
import zlib
from html import unescape

import pytest
from tests.specs import wells

from platerunner_pages.pictures import thumbnails
from platerunner_pages.pictures.decoding import NoPictureError, decoded
from platerunner_pages.pictures.thumbnails import Thumbnails
from platerunner_unit.contract.storage import Storage

Image = pytest.importorskip("PIL.Image")


def camera(mode="I;16", form="TIFF"):
    """A field of 600 x 400 pixels: dark on the left, bright on the right, with a hot pixel."""
    image = Image.new(mode, (600, 400), 100)
    image.paste(900, (300, 0, 600, 400))
    image.putpixel((0, 0), 65_000)
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def bomb(side=60_000):
    """A PNG of a few bytes whose header promises more pixels than a memory holds."""

    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(b"\0" * 1000)) + part(b"IEND", b"")


def small(data, side):
    return decoded("worker", lambda: data, "small", str(side))


def test_intensities_of_a_camera_are_spread_over_what_a_screen_shows():
    shown = Image.open(io.BytesIO(small(camera(), 160)))
    assert (shown.size, shown.mode, shown.format) == ((160, 107), "L", "PNG")
    assert (shown.getpixel((20, 50)), shown.getpixel((140, 50))) == (0, 255)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bomb(), "60,000 x 60,000|exceeds limit"),
        (b"no image", "cannot identify"),
        (camera()[:500], "cannot be decoded"),
    ],
    ids=["bomb", "none", "cut"],
)
def test_what_cannot_or_must_not_be_decoded_is_refused_with_the_reason(data, said):
    with pytest.raises(NoPictureError, match=said):
        small(data, 160)


def test_an_image_is_decoded_once_for_as_long_as_it_stays_the_same(tmp_path, monkeypatch):
    workspace, made = Storage(str(tmp_path)), []
    monkeypatch.setattr(thumbnails, "decoded", lambda _, read, *how: made.append((read(), *how)) or read() * 2)
    kept = Thumbnails(most=25)
    for content in (b"one", b"three"):
        workspace.put("a.tif", content)
        kept.get(workspace, "a.tif", 160)
    kept.get(workspace, "a.tif", 160)
    assert made == [(b"one", "small", "160"), (b"three", "small", "160")]
    workspace.put("b.tif", b"12345678901")
    kept.get(workspace, "b.tif", 160)
    kept.get(workspace, "a.tif", 160)
    assert len(made) == 4, "the older one had to go"


def test_an_image_that_is_too_large_is_not_even_read(tmp_path, monkeypatch):
    workspace = Storage(str(tmp_path))
    workspace.put("a.tif", b"12345")
    monkeypatch.setattr(thumbnails, "LARGEST", 4)
    monkeypatch.setattr(Storage, "get", lambda *_: pytest.fail("it was read"))
    with pytest.raises(NoPictureError, match="too large"):
        Thumbnails().get(workspace, "a.tif", 160)


@pytest.mark.slow
def test_an_output_of_images_is_shown_by_field_with_its_channels_together(site):
    site.add(wells("lab", folder="/lab").replace("{well}.tif", "{well}_{channel}.tif"))
    site.start("lab", work="success")
    workspace = Storage(str(site.workspace / "lab"))
    for channel in ("DNA", "ER"):
        workspace.put(f"made/P1/A01_{channel}.tif", camera())
    client, results = site.client("viewer"), "/platerunner/dags/lab/runs/run-1/tasks/work/results/"
    text = client.get(results).text
    assert re.findall(r'<figure data-name="([^"]+)"', text) == ["P1, A01"]
    sources = [unescape(each) for each in re.findall(r'<img [^>]*data-channel="\w+"[^>]* src="([^"]+)"', text)]
    assert len(sources) == 2
    answer = client.get(f"{results}{sources[0]}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    large = client.get(f"{results}{sources[0]}&side=640").content
    assert Image.open(io.BytesIO(large)).size == (600, 400), "never larger than it is"
    assert client.get(f"{results}{sources[0]}&side=5000").status_code == 404
    workspace.put("made/P1/A01_DNA.tif", b"no image")
    broken = client.get(f"{results}{sources[0]}")
    assert (broken.status_code, "cannot be decoded" in broken.json()["detail"]) == (409, True)
