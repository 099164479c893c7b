"""Unit ids: safe as keys, read back, in natural order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.contract.unit_keys import natural_key, parse_unit_id, unit_id

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@pytest.mark.parametrize(
    ("values", "foreach", "expected"),
    [
        ({"plate": "P1", "well": "A01", "site": 3}, ("plate", "well"), "plate=P1/well=A01"),
        ({"plate": "P1", "site": 3}, ("site", "plate"), "site=3/plate=P1"),
        ({}, (), "all"),
        ({"plate": "a/b=c%"}, ("plate",), "plate=a%2Fb%3Dc%25"),
        ({"plate": ".."}, ("plate",), "plate=%2E%2E"),
        ({"plate": "."}, ("plate",), "plate=%2E"),
        ({"plate": "2026 run_1-a+b.c"}, ("plate",), "plate=2026 run_1-a+b.c"),
        ({"plate": "ü~"}, ("plate",), "plate=%C3%BC%7E"),
    ],
)
def test_unit_id(values, foreach, expected):
    assert unit_id(values, foreach) == expected


@given(st.dictionaries(st.sampled_from(["plate", "well", "site"]), TEXTS))
def test_unit_ids_read_back_and_stay_within_their_folder(values):
    text = unit_id(values, values)
    assert parse_unit_id(text) == values
    assert re.fullmatch(r"[A-Za-z0-9._ +%=/-]+", text)
    assert ".." not in text.split("/")


@given(TEXTS, TEXTS)
def test_different_units_have_different_ids(first, second):
    assert (unit_id({"x": first}, ["x"]) == unit_id({"x": second}, ["x"])) == (first == second)


@pytest.mark.parametrize("text", ["", "plate", "plate=", "=P1", "plate=P1/", "plate=P1//well=A01"])
def test_what_is_no_unit_id(text):
    with pytest.raises(ValueError, match="is no unit id"):
        parse_unit_id(text)


def test_natural_order():
    names = ["A10", "A2", "B1", "A02", "A1", "plate=P10/well=A1", "plate=P2/well=A1", "A"]
    assert sorted(names, key=natural_key) == [
        "A", "A1", "A02", "A2", "A10", "B1", "plate=P2/well=A1", "plate=P10/well=A1"
    ]  # fmt: skip


@given(TEXTS, TEXTS)
def test_natural_order_tells_all_texts_apart(first, second):
    assert (natural_key(first) == natural_key(second)) == (first == second)
    assert isinstance(natural_key(first) < natural_key(second), bool)
