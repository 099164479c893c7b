"""A pipeline's steps as a picture, laid out here: browsers get plain SVG, and no library to draw it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from platerunner_pages.steps import SeenStep

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 190, 70, 24, 40, 8
LETTERS = 24
"""Letters that fit into a box."""


@dataclass(frozen=True, slots=True)
class Box:
    """A step in the picture; ``x`` and ``y`` are of its upper left corner.

    :param lines: what is written in it.
    """

    step: SeenStep
    x: int
    y: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The picture.

    :param edges: SVG paths from a step to one that comes after it.
    """

    width: int
    height: int
    boxes: tuple[Box, ...]
    edges: tuple[str, ...]


def graph(steps: Sequence[SeenStep]) -> Graph:
    """Draw steps, each below all that it comes after.

    :param steps: in an order in which each comes after what it needs.
    """
    level: dict[str, int] = {}
    for step in steps:
        level[step.task_id] = max((level[before] + 1 for before in step.upstream if before in level), default=0)
    rows: dict[int, list[SeenStep]] = defaultdict(list)
    for step in steps:
        rows[level[step.task_id]].append(step)
    widest = max(map(len, rows.values()), default=1)
    width = widest * (WIDTH + GAP_X) - GAP_X + 2 * MARGIN
    boxes = {step.task_id: box for row, members in rows.items() for step, box in _row(row, members, width)}
    edges = [_edge(boxes[before], boxes[step.task_id]) for step in steps for before in step.upstream if before in boxes]
    height = len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    return Graph(width, max(height, 2 * MARGIN), tuple(boxes.values()), tuple(edges))


def _row(row: int, members: Sequence[SeenStep], width: int) -> list[tuple[SeenStep, Box]]:
    left = (width - len(members) * (WIDTH + GAP_X) + GAP_X) // 2
    y = MARGIN + row * (HEIGHT + GAP_Y)
    return [(step, Box(step, left + n * (WIDTH + GAP_X), y, _lines(step))) for n, step in enumerate(members)]


def _lines(step: SeenStep) -> tuple[str, ...]:
    fan_out = f"per {', '.join(step.foreach)}" if step.foreach else "once"
    about = ("gate", "") if step.gate else (step.module, fan_out)
    return tuple(line if len(line) <= LETTERS else f"{line[: LETTERS - 1]}…" for line in (step.step, *about))


def _edge(before: Box, after: Box) -> str:
    x1, y1, x2, y2 = before.x + WIDTH // 2, before.y + HEIGHT, after.x + WIDTH // 2, after.y
    middle = GAP_Y // 2
    return f"M{x1} {y1} C{x1} {y1 + middle} {x2} {y2 - middle} {x2} {y2}"
