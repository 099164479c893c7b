"""A picture of the rules and of how far they are, as SVG: Graphviz would be a hundred megabytes more of an image."""

import re
from collections.abc import Collection, Mapping, Sequence
from html import escape

from platerunner_snakemake.summary import MadeFile

_NODE = re.compile(r'^\s*(\d+)\[label = "([^"]*)"')
_EDGE = re.compile(r"^\s*(\d+) -> (\d+)")
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _EDGE_ROOM = 190, 46, 24, 40, 16
_COLOURS = {"failed": "#c62828", "done": "#2e7d32", "open": "#757575"}


def draw(dot: str, made: Sequence[MadeFile], failed: Collection[str]) -> str:
    """Draw the rules in layers, each with how many of its files are there.

    :param dot: what ``snakemake --rulegraph dot`` printed.
    :param failed: rules with a job that failed.
    """
    lines = dot.splitlines()
    nodes = {found[1]: found[2].split("\\n")[0] for line in lines if (found := _NODE.match(line))}
    edges = [(found[1], found[2]) for line in lines if (found := _EDGE.match(line))]
    places = _places(nodes, edges)
    width = max((x for x, _ in places.values()), default=0) + _WIDTH + _EDGE_ROOM
    height = max((y for _, y in places.values()), default=0) + _HEIGHT + _EDGE_ROOM
    arrows = [_arrow(places[a], places[b]) for a, b in edges]
    boxes = [_box(places[node], rule, _counted(rule, made), rule in failed) for node, rule in nodes.items()]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    style = "<style>text{font:13px sans-serif}.n{font-size:11px;fill:#555}</style>"
    return "\n".join([head, style, '<rect width="100%" height="100%" fill="white"/>', *arrows, *boxes, "</svg>\n"])


def _places(nodes: Mapping[str, str], edges: Sequence[tuple[str, str]]) -> dict[str, tuple[int, int]]:
    """Top left corner of each node: below all that it needs, and each layer in the middle."""
    depth = dict.fromkeys(nodes, 0)
    for _ in nodes:  # a longest path has fewer edges than there are nodes
        for above, below in edges:
            depth[below] = max(depth[below], depth[above] + 1)
    layers: dict[int, list[str]] = {}
    for node in nodes:
        layers.setdefault(depth[node], []).append(node)
    widest = max((len(layer) for layer in layers.values()), default=0)
    places = {}
    for level, layer in layers.items():
        left = _EDGE_ROOM + (widest - len(layer)) * (_WIDTH + _GAP_X) // 2
        for at, node in enumerate(layer):
            places[node] = (left + at * (_WIDTH + _GAP_X), _EDGE_ROOM + level * (_HEIGHT + _GAP_Y))
    return places


def _counted(rule: str, made: Sequence[MadeFile]) -> tuple[int, int]:
    files = [file for file in made if file.rule == rule]
    return sum(file.done for file in files), len(files)


def _box(place: tuple[int, int], rule: str, counted: tuple[int, int], failed: bool) -> str:  # noqa: FBT001
    (x, y), (done, files) = place, counted
    state = "failed" if failed else "done" if done == files and files else "open"
    middle = x + _WIDTH // 2
    told = f'<text class="n" x="{middle}" y="{y + 36}" text-anchor="middle">{done} of {files} files</text>'
    return (
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="7" fill="white" stroke="{_COLOURS[state]}" '
        f'stroke-width="2"/><text x="{middle}" y="{y + (20 if files else 28)}" text-anchor="middle">{escape(rule)}'
        f"</text>{told if files else ''}"
    )


def _arrow(above: tuple[int, int], below: tuple[int, int]) -> str:
    x1, y1, x2, y2 = above[0] + _WIDTH // 2, above[1] + _HEIGHT, below[0] + _WIDTH // 2, below[1]
    half = (y1 + y2) // 2
    return f'<path d="M{x1} {y1}C{x1} {half} {x2} {half} {x2} {y2}" fill="none" stroke="#9e9e9e" stroke-width="1.5"/>'
