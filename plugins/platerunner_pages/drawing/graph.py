"""A pipeline's steps as a picture, laid out here: browsers get plain SVG, and no library to draw it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from platerunner_pages.known.steps import SeenStep

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN, LANE = 190, 70, 24, 40, 8, 16
LETTERS = 24
"""Letters that fit into a box."""
_Place = str | tuple[str, str]
"""What takes room in a row: a step, by its task id, or the lane of an edge that goes past."""


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
    edges = [(before, step.task_id) for step in steps for before in step.upstream if before in level]
    rows: dict[int, list[_Place]] = defaultdict(list)
    for step in steps:
        rows[level[step.task_id]].append(step.task_id)
    # An edge that goes past rows has a lane of its own in each, so that no box covers it.
    for before, after in edges:
        for row in range(level[before] + 1, level[after]):
            rows[row].append((before, after))
    width = max((_width(members) for members in rows.values()), default=0) + 2 * MARGIN
    left = {(row, place): x for row, members in rows.items() for place, x in _row(members, width)}
    boxes = {
        step.task_id: Box(step, left[level[step.task_id], step.task_id], _top(level[step.task_id]), _lines(step))
        for step in steps
    }
    height = len(rows) * (HEIGHT + GAP_Y) - GAP_Y + 2 * MARGIN
    paths = []
    for before, after in edges:
        lanes = [(row, left[row, (before, after)] + LANE // 2) for row in range(level[before] + 1, level[after])]
        paths.append(_path(boxes[before], lanes, boxes[after]))
    return Graph(width, max(height, 2 * MARGIN), tuple(boxes.values()), tuple(paths))


def _top(row: int) -> int:
    return MARGIN + row * (HEIGHT + GAP_Y)


def _width(members: Sequence[_Place]) -> int:
    return sum(WIDTH if isinstance(place, str) else LANE for place in members) + GAP_X * (len(members) - 1)


def _row(members: Sequence[_Place], width: int) -> Iterator[tuple[_Place, int]]:
    """The left end of each place of a row, which is in the middle of the picture."""
    x = (width - _width(members)) // 2
    for place in members:
        yield place, x
        x += (WIDTH if isinstance(place, str) else LANE) + GAP_X


def _path(before: Box, lanes: Sequence[tuple[int, int]], after: Box) -> str:
    """From the foot of a box through its lanes to the head of another."""
    x, y = before.x + WIDTH // 2, before.y + HEIGHT
    path = f"M{x} {y}"
    ends = [(lane, _top(row), _top(row) + HEIGHT) for row, lane in lanes]
    for x2, y2, foot in [*ends, (after.x + WIDTH // 2, after.y, after.y)]:
        middle = GAP_Y // 2
        path += f" C{x} {y + middle} {x2} {y2 - middle} {x2} {y2}"
        path += f" L{x2} {foot}" if foot != y2 else ""
        x, y = x2, foot
    return path


def _lines(step: SeenStep) -> tuple[str, ...]:
    fan_out = f"per {', '.join(step.foreach)}" if step.foreach else "once"
    about = ("gate", "") if step.gate else (step.module, fan_out)
    return tuple(line if len(line) <= LETTERS else f"{line[: LETTERS - 1]}…" for line in (step.step, *about))
