"""association-report: the tables of a trait as one, its Manhattan and QQ plots, and numbers that a gate can check."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from platerunner_unit.contract.words import show_number
from platerunner_unit.imaging import drawing
from platerunner_unit.imaging.association import GENOME_WIDE, Tests, inflation, read_tests
from platerunner_unit.imaging.drawing import Colour
from platerunner_unit.imaging.heatmap import FAINT, INK, PAPER
from platerunner_unit.imaging.unit import Unit

SHADES: tuple[Colour, Colour] = ((49, 104, 142), (130, 160, 182))
"""Of chromosomes, in turn."""
LINE: Colour = (190, 60, 50)
BAND: Colour = (232, 232, 235)
LEFT, TOP, RIGHT, BOTTOM = 84, 92, 24, 64
"""Pixels around the plot."""
LOWEST_TOP = 8.0
"""The axis of -log10 p goes at least so far, so that the line of hits can be seen."""
BETWEEN = 0.004
"""Room between two chromosomes, as a share of the axis."""


def run(unit: Unit) -> None:
    """Write what the step asks for of ``merged``, ``manhattan``, ``qq`` (PNG) and ``summary`` (JSON).

    :param unit: input ``tests`` (tables of regenie or PLINK), of one trait.
    :raises DataError: if a table cannot be read as one of tests.
    """
    merged, summary = unit.output("merged"), unit.output("summary")
    manhattan, qq = unit.output("manhattan"), unit.output("qq")
    tests = read_tests(unit.files("tests"), merged.path if merged else None)
    told = tests.summary()
    title = ", ".join(unit.values.values()) or "All tests"
    if summary:
        summary.path.parent.mkdir(parents=True, exist_ok=True)
        summary.path.write_text(json.dumps(told, indent=1))
    if manhattan:
        drawing.save_png(draw_manhattan(tests, title), manhattan.path)
    if qq:
        drawing.save_png(draw_qq(tests, title), qq.path)


@dataclass(frozen=True)
class _Plot:
    """A picture with a frame, and where values lie in it.

    :param x: values at the left and the right end.
    :param y: values at the foot and the top.
    """

    image: Image.Image
    x: tuple[float, float]
    y: tuple[float, float]

    @classmethod
    def of(cls, size: tuple[int, int], x: tuple[float, float], y: tuple[float, float]) -> _Plot:
        return cls(Image.new("RGB", size, PAPER), x, y)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return LEFT, TOP, self.image.width - RIGHT, self.image.height - BOTTOM

    def places(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> list[tuple[int, int]]:
        """The pixels of values."""
        return [(across, down) for across, down in self._pixels(x, y).tolist()]

    def _pixels(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
        left, top, right, bottom = self.frame
        across = left + (x - self.x[0]) / (self.x[1] - self.x[0]) * (right - left)
        down = bottom - (y - self.y[0]) / (self.y[1] - self.y[0]) * (bottom - top)
        return np.rint(np.stack([across, down], axis=1)).astype(np.int64)

    def points(self, x: NDArray[np.floating[Any]], y: NDArray[np.floating[Any]], colour: Colour) -> None:
        """A small disc for each; those that would lie on each other are drawn once, however many they are."""
        pen = self.pen
        for across, down in np.unique(self._pixels(x, y), axis=0).tolist():
            pen.ellipse((across - 2, down - 2, across + 2, down + 2), fill=colour)

    def level(self, value: float, text: str) -> None:
        """A dashed line across, with its name at the right."""
        left, _, right, _ = self.frame
        ((_, down),) = self.places(np.zeros(1), np.array([value]))
        for start in range(left, right, 10):
            self.pen.line([(start, down), (min(start + 5, right), down)], fill=LINE)
        self.pen.text((right - 4, down - 3), text, font=drawing.font(13), fill=LINE, anchor="rs")

    def axes(self, across: str, up: str) -> None:
        left, top, right, bottom = self.frame
        self.pen.line([(left, top), (left, bottom), (right, bottom)], fill=INK)
        self.pen.text(
            ((left + right) / 2, self.image.height - 10), across, font=drawing.font(15), fill=INK, anchor="ms"
        )
        turned = Image.new("RGB", (drawing.text_width(up, 15) + 4, 22), PAPER)
        ImageDraw.Draw(turned).text((2, 2), up, font=drawing.font(15), fill=INK)
        turned = turned.rotate(90, expand=True)
        self.image.paste(turned, (14, (top + bottom - turned.height) // 2))

    def ticks_up(self) -> None:
        for value in _ticks(*self.y):
            ((_, down),) = self.places(np.zeros(1), np.array([value]))
            self.pen.line([(LEFT - 5, down), (LEFT, down)], fill=INK)
            text = show_number(value, 3)
            self.pen.text((LEFT - 9, down), text, font=drawing.font(14), fill=INK, anchor="rm")

    def tick_across(self, at: int, text: str) -> None:
        bottom = self.frame[3]
        self.pen.line([(at, bottom), (at, bottom + 5)], fill=INK)
        self.pen.text((at, bottom + 9), text, font=drawing.font(13), fill=INK, anchor="ma")

    def titles(self, title: str, tests: Tests) -> None:
        values = np.array(tests.log10p, np.float32)
        hits = int((values > GENOME_WIDE).sum())
        told = f"{len(values):,} tests, lambda {inflation(values):.3f}, {hits:,} beyond 5e-8"
        room = self.image.width - 2 * 24
        self.pen.text((24, 16), drawing.fitted(title, 24, room), font=drawing.font(24), fill=INK)
        self.pen.text((24, 50), drawing.fitted(told, 16, room), font=drawing.font(16), fill=FAINT)


def _ticks(low: float, high: float) -> Iterator[float]:
    step = next(each for each in (1, 2, 5, 10, 20, 50, 100, 1000) if (high - low) / each <= 10)
    yield from (float(value) for value in range(math.ceil(low), math.floor(high) + 1, step))


def _highest(values: NDArray[np.float32]) -> float:
    return max(LOWEST_TOP, float(values.max()) * 1.08)


def draw_manhattan(tests: Tests, title: str) -> Image.Image:
    """Each test at its place in the genome, as high as its p is small."""
    chrom, place, log10p = tests.arrays()
    lengths = [int(place[chrom == index].max()) for index in range(len(tests.chroms))]
    gap = sum(lengths) * BETWEEN
    starts = np.concatenate([[0.0], np.cumsum(np.array(lengths) + gap)])
    plot = _Plot.of((1400, 560), (-gap, float(starts[-1])), (0.0, _highest(log10p)))
    for index in range(len(tests.chroms)):
        mine = chrom == index
        plot.points(starts[index] + place[mine], log10p[mine], SHADES[index % 2])
    plot.level(GENOME_WIDE, "5e-8")
    _name_chromosomes(plot, tests.chroms, starts, lengths)
    _name_hits(plot, tests, starts)
    plot.axes("chromosome", "-log10 p")
    plot.ticks_up()
    plot.titles(title, tests)
    return plot.image


def _name_chromosomes(
    plot: _Plot, names: Sequence[str], starts: NDArray[np.floating[Any]], lengths: Sequence[int]
) -> None:
    """Below the middle of each, as far as there is room."""
    taken = -math.inf
    for index, name in enumerate(names):
        ((at, _),) = plot.places(np.array([starts[index] + lengths[index] / 2]), np.zeros(1))
        half = drawing.text_width(name, 13) / 2
        if at - half > taken + 4:
            plot.tick_across(at, name)
            taken = at + half


def _name_hits(plot: _Plot, tests: Tests, starts: NDArray[np.floating[Any]]) -> None:
    """The best of each chromosome that has a hit."""
    for index, hit in enumerate(tests.best):
        if hit.log10p <= GENOME_WIDE:
            continue
        ((across, down),) = plot.places(np.array([starts[index] + hit.place]), np.array([hit.log10p]))
        half = drawing.text_width(hit.name, 13) / 2
        middle = min(max(across, LEFT + half), plot.image.width - RIGHT - half)
        plot.pen.text((middle, down - 6), hit.name, font=drawing.font(13), fill=INK, anchor="ms")


def draw_qq(tests: Tests, title: str) -> Image.Image:
    """The p values beside those of as many tests without any effect, of which 95 % would lie in the band."""
    observed = np.sort(tests.arrays()[2])[::-1]
    number = len(observed)
    expected = -np.log10((np.arange(number) + 0.5) / number)
    furthest = float(expected[0]) * 1.05
    plot = _Plot.of((640, 660), (0.0, furthest), (0.0, max(furthest, float(observed[0]) * 1.05)))
    _band(plot, number)
    ends = np.array([0.0, furthest])
    plot.pen.line(plot.places(ends, ends), fill=FAINT)
    plot.points(expected, observed, SHADES[0])
    plot.axes("-log10 p, expected", "-log10 p, observed")
    plot.ticks_up()
    for value in _ticks(*plot.x):
        ((at, _),) = plot.places(np.array([value]), np.zeros(1))
        plot.tick_across(at, show_number(value, 3))
    plot.titles(title, tests)
    return plot.image


def _band(plot: _Plot, number: int) -> None:
    """Where 95 of 100 would lie: the i-th smallest of n p values is beta distributed with i and n + 1 - i."""
    from scipy.special import betaincinv

    rank = np.unique(np.geomspace(1, number, min(number, 200)).astype(np.int64))
    across = -np.log10((rank - 0.5) / number)
    upper, lower = (-np.log10(betaincinv(rank, number + 1 - rank, share)) for share in (0.025, 0.975))
    outline = [*plot.places(across, np.clip(upper, *plot.y)), *plot.places(across, np.clip(lower, *plot.y))[::-1]]
    if len(rank) > 1:
        plot.pen.polygon(outline, fill=BAND)
