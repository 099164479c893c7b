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

WIDTHS = (390, 1280, 3840)
"""Pixels: a telephone, a laptop, a wall."""
FAULTS = """() => {
  const found = [];
  const wide = document.documentElement.scrollWidth;
  if (wide > innerWidth) found.push(`it is ${wide} pixels wide`);
  for (const each of document.querySelectorAll("a, button, input, select, textarea, summary, canvas")) {
    if (!each.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    each.scrollIntoView({ block: "center", inline: "center" });
    const { x, y, width, height } = each.getClientRects()[0];
    if (width < 2 || height < 2) continue;
    const [left, right] = [Math.max(x, 0), Math.min(x + width, innerWidth)];
    const top = document.elementFromPoint((left + right) / 2, Math.min(Math.max(y + height / 2, 0), innerHeight - 1));
    const own = top && (each.contains(top) || top.contains(each) || top.closest("label")?.contains(each));
    if (!own) found.push(`${each.outerHTML.slice(0, 120)} is under ${top?.outerHTML.slice(0, 80) ?? "nothing"}`);
  }
  scrollTo(0, 0);
  return found;
}"""
"""What is wrong with a page: it is wider than the screen, or what can be clicked lies under something else."""


def fits(page: Page, name: str) -> list[str]:
    """What is wrong with a page on any of three screens, in both themes.

    Pictures of all six are kept where a person looks; a gate keeps those that the docs show.
    """
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800 if width < 1000 else width * 9 // 16})
        for theme in ("light", "dark"):
            page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
            page.evaluate("document.dispatchEvent(new CustomEvent('platerunner:theme'))")
            found += [f"{name}, {width} pixels, {theme}: {fault}" for fault in page.evaluate(FAULTS)]
            if "CI" not in os.environ:
                keep(page, f"{name}_{width}_{theme}")
    return found


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
