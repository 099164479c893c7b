"""What pages look like: pictures that are kept, and held against those that the docs show."""

import os
from pathlib import Path

from PIL import Image, ImageChops, ImageFilter, ImageStat
from playwright.sync_api import Page

SHOWN = Path(__file__).parents[2] / "docs/images/pages"
ACROSS = 32
"""Pixels to which a picture is shrunk: times, ids and the machine's fonts go, and what the page has stays."""
MOST = 0.5
"""Of what stands out from the ground of a page, the part that may differ.

A line more moves what is below it, which is up to 0.36 on a telephone's screen; without two thirds of its content a
page differs by 0.58 and more, in the other theme by 28 and more, in another run by 0.1 at most.
"""


def keep(page: Page, name: str, *, whole: bool = False) -> None:
    """Keep a picture of a page in the folder that PLATERUNNER_SCREENSHOTS names, if it names one.

    :param whole: also what one has to scroll to.
    :raises AssertionError: if the docs show another page under this name.
    """
    if not (folder := os.environ.get("PLATERUNNER_SCREENSHOTS")):
        return
    path = Path(folder) / f"{name}.png"
    page.screenshot(path=str(path), full_page=whole)
    shown = SHOWN / path.name
    if shown.exists():
        away = difference(path, shown)
        assert away <= MOST, f"{shown} differs from the page by {away:.2f}: look at {path}, and copy it if it is right"


def difference(one: Path, other: Path) -> float:
    """How much a picture differs from another, as a part of what stands out from that one's ground."""
    seen, shown = (Image.open(path).convert("RGB") for path in (one, other))
    size = ACROSS, round(ACROSS * seen.height / seen.width)
    seen, shown = (each.resize(size, Image.Resampling.BOX).filter(ImageFilter.BoxBlur(1)) for each in (seen, shown))
    ground = Image.new("RGB", size, tuple(ImageStat.Stat(shown).median))
    return _distance(seen, shown) / _distance(shown, ground)


def _distance(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean)
