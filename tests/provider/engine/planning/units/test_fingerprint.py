"""Fingerprints: all that decides a result changes them, and nothing else does."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.catalog.model import Resources
from platerunner.engine.planning.model import StepSettings
from platerunner.engine.planning.units.fingerprint import Fingerprints, step_ingredients, unit_ingredients
from platerunner.spec.steps import Output
from platerunner_unit.contract.manifest import InputFile, LoadData, ToolFile

SETTINGS = StepSettings(
    step="measure",
    module="cellprofiler",
    tool="cellprofiler",
    image="cellprofiler:4.2.8",
    argv=("a", "b"),
    params={"threshold": 0.2, "list": [1, 2]},
    load_data=LoadData({"OrigDNA": "images", "IllumDNA": "illum"}, {"Well": "well"}),
)
REORDERED = LoadData({"IllumDNA": "illum", "OrigDNA": "images"}, {"Well": "well"})
FILES = {"pipeline": (ToolFile("k", "a.cppipe", "00"),)}
OUTPUTS = {"image": Output("image", "m/{plate}/Image.csv")}
INPUTS = {"images": (InputFile("a", "data", 1, "e", {"site": 1}), InputFile("b", "data", 2, "f"))}


def _fingerprint(settings=SETTINGS, files=FILES, outputs=OUTPUTS, digest="sha256:0", unit="plate=P1", inputs=INPUTS):
    return Fingerprints(step_ingredients(settings, files, outputs, digest)).of(unit, inputs)


def test_form():
    assert len(_fingerprint()) == 32
    assert set(_fingerprint()) <= set("0123456789abcdef")


def test_a_known_fingerprint_stays_what_it_is():
    # If this changes, every unit of every workspace runs again; then raise VERSION, and say so in the changelog.
    assert _fingerprint() == "ecb540018f683089f21ee28dcebefc53"
    flagged = replace(SETTINGS, allow_flagged=True)
    assert _fingerprint(settings=flagged) == "885fe2a9d9a405bb90897e2e9ea3a10d"


def _input(**change):
    return {"images": (replace(INPUTS["images"][0], **change), INPUTS["images"][1])}


@pytest.mark.parametrize(
    "change",
    [
        {"settings": replace(SETTINGS, tool="command")},
        {"settings": replace(SETTINGS, argv=("a b",))},
        {"settings": replace(SETTINGS, params={"threshold": 0.3, "list": [1, 2]})},
        {"settings": replace(SETTINGS, params={"threshold": "0.2", "list": [1, 2]})},
        {"settings": replace(SETTINGS, load_data=None)},
        {"settings": replace(SETTINGS, load_data=REORDERED)},
        {"files": {"pipeline": (ToolFile("k", "a.cppipe", "01"),)}},
        {"files": {"pipeline": (ToolFile("k", "b.cppipe", "00"),)}},
        {"files": {"plugins": FILES["pipeline"]}},
        {"outputs": {"image": Output("image", "m2/{plate}/Image.csv")}},
        {"outputs": {"image": Output("image", "m/{plate}/Image.csv", at_least=1)}},
        {"outputs": {"image": Output("image", "m/{plate}/Image.csv", source="x.csv")}},
        {"digest": "sha256:1"},
        {"digest": None},
        {"unit": "plate=P2"},
        {"inputs": _input(key="c")},
        {"inputs": _input(root="workspace")},
        {"inputs": _input(size=9)},
        {"inputs": _input(etag="g")},
        {"inputs": _input(etag=None, size=None)},
        {"inputs": {"pictures": INPUTS["images"]}},
        {"inputs": {"images": INPUTS["images"][:1]}},
    ],
)
def test_what_decides_the_result_changes_it(change):
    assert _fingerprint(**change) != _fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        {"settings": replace(SETTINGS, resources=Resources(vcpus=16, memory=1, timeout=1))},
        {"settings": replace(SETTINGS, params={"list": [1, 2], "threshold": 0.2})},
        {"settings": replace(SETTINGS, image="cellprofiler:latest")},  # the digest is known
        {"files": {"pipeline": (ToolFile("elsewhere", "a.cppipe", "00"),)}},
        {"inputs": _input(values={})},
    ],
)
def test_what_does_not_decide_the_result_leaves_it(change):
    assert _fingerprint(**change) == _fingerprint()


def test_the_image_name_counts_if_its_digest_is_not_known():
    other = replace(SETTINGS, image="cellprofiler:4.2.6")
    assert _fingerprint(settings=other, digest=None) != _fingerprint(digest=None)


KEYS = st.text(min_size=1, max_size=6)
FILES_OF = st.lists(
    st.builds(InputFile, KEYS, st.sampled_from(["data", "workspace"]), st.integers(0), KEYS), max_size=3
)
ANY_INPUTS = st.dictionaries(KEYS, FILES_OF.map(tuple), max_size=3)


@pytest.mark.slow
@given(ANY_INPUTS, ANY_INPUTS)
def test_different_inputs_have_different_fingerprints(first, second):
    same = unit_ingredients(first) == unit_ingredients(second)
    assert (_fingerprint(inputs=first) == _fingerprint(inputs=second)) == same


@given(ANY_INPUTS)
def test_the_order_of_inputs_does_not_matter(inputs):
    assert _fingerprint(inputs=dict(reversed(inputs.items()))) == _fingerprint(inputs=inputs)
