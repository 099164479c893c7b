"""The picture of a pipeline's steps: no edge runs behind a box, however many rows it goes past."""

import re

from hypothesis import given
from hypothesis import strategies as st

from platerunner_pages.drawing.graph import HEIGHT, WIDTH, graph
from platerunner_pages.known.steps import SeenStep


@st.composite
def pipelines(draw):
    """Steps in an order in which each comes after what it needs."""
    count = draw(st.integers(1, 9))
    return [
        step(f"s{n}", draw(st.lists(st.sampled_from([f"s{m}" for m in range(n)]), unique=True)) if n else [])
        for n in range(count)
    ]


def step(name, upstream):
    given = dict.fromkeys(SeenStep.__dataclass_fields__)
    return SeenStep(
        **{**given, "task_id": name, "step": name, "upstream": tuple(upstream), "foreach": ("well",), "module": "m"}
    )


@given(pipelines())
def test_no_edge_runs_behind_a_box(steps):
    picture = graph(steps)
    assert len(picture.edges) == sum(len(each.upstream) for each in steps)
    for path in picture.edges:
        # A straight piece is where an edge goes past a row; curves are between rows.
        for x, foot in re.findall(r" L(\d+) (\d+)", path):
            for box in picture.boxes:
                beside = int(x) < box.x or int(x) > box.x + WIDTH
                assert beside or int(foot) != box.y + HEIGHT, (path, box)
    for box in picture.boxes:
        assert box.x >= 0
        assert box.x + WIDTH <= picture.width
        assert box.y + HEIGHT <= picture.height


def test_an_edge_past_a_row_takes_a_lane_of_its_own():
    picture = graph([step("a", []), step("b", ["a"]), step("c", ["a", "b"])])
    assert [path.count("L") for path in picture.edges] == [0, 1, 0]
