"""Pictures that a program drew, such as a Manhattan plot: they are of no well, and are shown whole, to be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from platerunner_unit.imaging import drawing, panel, pixels
from platerunner_unit.imaging.sheet import MARGIN
from platerunner_unit.imaging.unit import File

MOST, _LABEL = 8, 26  # pictures shown whole, at most; room for a name above each in pixels
_SMALLEST = 160  # height of the sheet in pixels that a plot gets at least, with its name
_OF_A_PLATE = frozenset({"well", "site", "channel"})


def find(images: Mapping[str, Sequence[File]], limit: int) -> dict[str, File]:
    """What each plot is called, and its file: colour pictures of no well, site or channel.

    None if there are too many to be read on one sheet, which then shows them as tiles.

    :param images: input name to images.
    :param limit: height for all of them in pixels.
    """
    found = {
        _name(name, file, len(files)): file
        for name, files in images.items()
        for file in files
        if not _OF_A_PLATE & file.values.keys() and _is_drawn(file)
    }
    return found if len(found) <= min(MOST, limit // _SMALLEST) else {}


def _name(name: str, file: File, among: int) -> str:
    """The input's name, with what tells its files apart where it has several."""
    told = " ".join(file.values.values()) or file.path.name
    return f"{name.replace('_', ' ')}, {told}" if among > 1 else name.replace("_", " ")


def _is_drawn(file: File) -> bool:
    """Whether it is a PNG or JPEG in colours. A damaged one is none: the sheet's reader says what is wrong with it."""
    if file.path.suffix.lower() not in pixels.IMAGE_SUFFIXES - pixels.TIFF_SUFFIXES:
        return False
    try:
        with Image.open(file.path) as image:
            return image.mode in ("RGB", "RGBA", "P")
    except (OSError, ValueError, Image.DecompressionBombError):
        return False


def read(file: File) -> Image.Image:
    """The picture on white.

    :raises DataError: if it cannot be read.
    """
    pixels.read(file.path)  # says in one sentence what is wrong with a damaged one
    with Image.open(file.path) as image:
        drawn = image.convert("RGBA")
    paper = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(paper, drawn).convert("RGB")


def draw(plots: Mapping[str, Image.Image], width: int, height: int) -> Image.Image:
    """All plots, each under its name, in as many columns as let them be largest, at most at their own size.

    :param plots: at least one, by name.
    :param width: in pixels, at most.
    :param height: in pixels, at most.
    """
    layouts = [_Layout.of(plots, number) for number in range(1, len(plots) + 1)]
    best = max(layouts, key=lambda each: (each.scale(width, height), -max(each.size)))
    return best.draw(plots, best.scale(width, height))


@dataclass(frozen=True)
class _Layout:
    """Plots in columns.

    :param columns: names from top to bottom.
    :param size: width of a column and height of the highest, without names and margins.
    :param labels: names in the column that has most.
    """

    columns: Sequence[Sequence[str]]
    size: tuple[int, int]
    labels: int

    @classmethod
    def of(cls, plots: Mapping[str, Image.Image], number: int) -> _Layout:
        """Put each plot into the column that is lowest so far."""
        columns: list[list[str]] = [[] for _ in range(number)]
        heights = [0] * number
        for name, plot in plots.items():
            lowest = heights.index(min(heights))
            columns[lowest].append(name)
            heights[lowest] += plot.height
        wide = number * max(plot.width for plot in plots.values())
        return cls(columns, (wide, max(heights)), max(map(len, columns)))

    def scale(self, width: int, height: int) -> float:
        """What the plots are shrunk by to fit; 1 if they fit."""
        gaps = (len(self.columns) - 1) * MARGIN, self.labels * (_LABEL + MARGIN)
        return min(1.0, (width - gaps[0]) / self.size[0], (height - gaps[1]) / self.size[1])

    def draw(self, plots: Mapping[str, Image.Image], scale: float) -> Image.Image:
        """The columns side by side."""
        step = int(self.size[0] * scale) // len(self.columns) + MARGIN
        size = step * len(self.columns) - MARGIN, int(self.size[1] * scale) + self.labels * (_LABEL + MARGIN)
        image = Image.new("RGB", size, panel.PAPER)
        pen = ImageDraw.Draw(image)
        for left, names in enumerate(self.columns):
            top = 0
            for name in names:
                plot = _shrunk(plots[name], scale)
                label = drawing.fitted(name, 15, step - MARGIN)
                pen.text((left * step, top), label, font=drawing.font(15), fill=panel.INK)
                image.paste(plot, (left * step, top + _LABEL))
                top += _LABEL + plot.height + MARGIN
        return image


def _shrunk(plot: Image.Image, scale: float) -> Image.Image:
    return plot if scale == 1 else plot.resize((max(1, int(plot.width * scale)), max(1, int(plot.height * scale))))
