"""Well names and plate order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.contract import wells


@given(st.integers(0, 31), st.integers(0, 47), st.booleans())
def test_position_reads_what_row_name_writes(row, column, padded):
    name = f"{wells.row_name(row)}{column + 1:0{2 if padded else 1}d}"
    assert wells.position(name) == (row, column)
    assert wells.position(name.lower()) == (row, column)


@pytest.mark.parametrize(
    "name",
    ["", "A", "1", "A0", "A00", "AAA1", "A1000", "A1b", "well", "A-1", "A²", "A1.c1", "A1.a3", "A1.a1.a1", "x.a1"],
)
def test_other_names_have_no_position(name):
    assert wells.position(name) is None


@given(st.integers(0, 15), st.integers(0, 23), st.sampled_from("ab"), st.sampled_from("12"))
def test_a_quarter_of_a_well_is_a_well_of_1536(row, column, letter, number):
    name = f"{wells.row_name(row)}{column + 1:02d}"
    place = wells.position(f"{name}.{letter}{number}")
    assert place == (2 * row + "ab".index(letter), 2 * column + "12".index(number))
    assert wells.layout([f"{name}.{letter}{number}", "P24.b2"]) == wells.Layout(32, 48)


def test_layouts():
    assert wells.layout(["A01", "H12"]) == wells.Layout(8, 12)
    assert wells.layout(["H13"]) == wells.layout(["I01"]) == wells.Layout(16, 24)
    assert wells.layout(["AA01"]) == wells.Layout(32, 48)
    assert wells.layout(["AG01"]) is None
    assert wells.layout(["A01", "left"]) is None


def test_plate_order():
    names = ["B01", "A10", "AA1", "A2", "slide 10", "slide 2"]
    assert sorted(names, key=wells.plate_order) == ["A2", "A10", "B01", "AA1", "slide 2", "slide 10"]


@given(st.text(), st.text())
def test_any_two_names_can_be_ordered(one, other):
    assert sorted([one, other], key=wells.plate_order) == sorted([other, one], key=wells.plate_order)
