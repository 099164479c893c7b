"""Whatever is done to a spec, the loader gives a pipeline or problems with places and remedies; nothing else."""

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.provider.spec.test_matrix import SPEC as MATRIX

from platerunner.documents import reader
from platerunner.documents.problems import DocumentError
from platerunner.documents.shape import walk
from platerunner.spec.loader import load_text
from platerunner.spec.model import Pipeline
from platerunner.spec.problems import SpecError
from platerunner.spec.schema import pipeline_schema

HERE = Path(__file__).parent
SPECS = Path(__file__).parents[3] / "dag_specs"
LANGUAGE = """
include: [broken/shared/_ok.yaml]
cost_tags: {project: "0815"}
schedule: {asset: [platemaps, "s3://lab/maps"]}
notify: {on_failure: [{slack: {channel: "#x"}}, {email: [a@b.example]}], on_deadline: [{email: {to: [a@b.example]}}]}
deadline: 12 h
"""
FULL = MATRIX.replace("\ndataset:", f"{LANGUAGE}dataset:", 1).replace(
    "    matrix: {smoothing: [0.50, 1]}\n",
    """\
    matrix: {smoothing: [0.50, 1]}
    when: "{{ 1 < 2 }}"
    every: {well: 2}
    resources: {gpus: 1, shared_memory: 2 GiB}
    overrides:
      - {where: {plate: [P1, P7]}, resources: {memory: 8 GiB}}
""",
)
# Without what is beside the shipped specs, and not here: a part that is not there hides every other mistake.
SHIPPED = [p.read_text().replace("include: [_dyes.yaml]\n", "") for p in sorted(SPECS.glob("[!_]*.yaml"))]
UPLOADED = FULL.replace('{asset: [platemaps, "s3://lab/maps"]}', '{on_upload: "s3://lab-images/new/", quiet: 5 min}')
TEXTS = [(HERE / "valid.yaml").read_text(), FULL, UPLOADED, *SHIPPED]
WORDS = sorted({word for text in TEXTS for word in text.split()})
SCRAPS = [
    "",
    "\t",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "'",
    '"',
    "{{",
    "}}",
    "{% ",
    "*",
    "&a ",
    "*a",
    "!!x ",
    "#",
    "\0",
    "\n",
    "..",
    "/",
    "é",
]
quick = settings(
    max_examples=int(os.environ.get("PLATERUNNER_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def is_sound(text: str) -> bool:
    """What a walk says of a text; where it says that all is well, jsonschema must say so too."""
    try:
        source = reader.parse(text, HERE / "valid.yaml")
    except DocumentError:
        return False
    found = walk(source, pipeline_schema().shape, source.data)
    assert not found.is_sound or pipeline_schema().validator.is_valid(source.data)
    return found.is_sound


def check(text: str) -> None:
    is_sound(text)
    try:
        pipeline = load_text(text, HERE / "valid.yaml")
    except SpecError as error:
        found = error.problems
    else:
        found = ()
        check_order(pipeline)
    lines = max(1, len(text.splitlines()))
    for problem in found:
        assert 1 <= problem.line <= lines + 1
        assert problem.column >= 1
        assert problem.message
        assert problem.remedy
    assert found == tuple(sorted(set(found)))


def check_order(pipeline: Pipeline) -> None:
    seen: set[str] = set()
    for name, step in pipeline.steps.items():
        assert seen.issuperset(step.upstream)
        seen.add(name)


@pytest.mark.slow
@quick
@given(st.sampled_from(TEXTS), st.data())
def test_lines_lost_repeated_and_swapped(text, data):
    lines = text.splitlines(keepends=True)
    index = st.integers(0, len(lines) - 1)
    for _ in range(data.draw(st.integers(1, 3))):
        a, b = data.draw(index), data.draw(index)
        if data.draw(st.booleans()):
            lines[a], lines[b] = lines[b], lines[a]
        else:
            lines[a] = data.draw(st.sampled_from(["", lines[a] * 2, lines[b], " " + lines[a], lines[a].lstrip()]))
    check("".join(lines))


@quick
@given(st.sampled_from(TEXTS), st.data())
def test_characters_lost_and_added(text, data):
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 6))
        text = text[:at] + data.draw(st.sampled_from(SCRAPS) | st.text(max_size=3)) + text[at + gone :]
    check(text)


@pytest.mark.slow
@quick
@given(st.sampled_from(TEXTS), st.data())
def test_words_replaced(text, data):
    words = text.split(" ")
    for _ in range(data.draw(st.integers(1, 3))):
        words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(WORDS))
    check(" ".join(words))


@pytest.mark.slow
@quick
@given(st.sampled_from(TEXTS), st.data())
def test_values_replaced(text, data):
    spec = yaml.safe_load(text)
    place = spec
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inside = place[key]
        if not isinstance(inside, (dict, list)) or not inside or data.draw(st.integers(0, 3)) == 0:
            break
        place = inside
    place[key] = data.draw(json)
    check(yaml.safe_dump(spec, allow_unicode=True, sort_keys=False))


@quick
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_anything_at_all(content):
    check(content if isinstance(content, str) else content.decode("latin-1"))
    with pytest.raises(SpecError):
        load_text(content, HERE / "valid.yaml")


def test_the_texts_are_valid_before_they_are_mutated():
    for text in TEXTS[:2]:
        assert load_text(text, HERE / "valid.yaml").steps


def test_of_valid_specs_the_walk_has_no_doubt():
    for text in (TEXTS[0], *SHIPPED):
        assert is_sound(text)
