"""Wildcards that are made of others: what they are, and what cannot be made."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner.spec.derived import LAST_ROW, Formula, deriving
from platerunner_unit.contract.patterns import Pattern, PatternError
from platerunner_unit.contract.wells import position

ROW_AND_COLUMN = Pattern.parse("r{row:int}c{col:int}.tif")


@pytest.mark.parametrize(
    ("text", "values", "made"),
    [
        ("{row:letter}{col:02}", {"row": 2, "col": 6}, "B06"),
        ("{row:letter}{col:02}", {"row": "02", "col": "011"}, "B11"),
        ("{row:letter}{col:02}", {"row": 32, "col": 48}, "AF48"),
        ("{row:number}-{col}", {"row": "aF", "col": "07"}, "32-07"),
        ("{well:well384}", {"well": "p4"}, "P04"),
        ("{plate}_{plate} x", {"plate": "P1"}, "P1_P1 x"),
        ("{site:03}", {"site": 1234}, "1234"),
    ],
)
def test_what_is_made(text, values, made):
    assert Formula(text).of(values) == made


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("A01", 1, "made of no wildcard"),
        ("{row:latter}", 1, "Did you mean `letter`?"),
        ("{row:2}", 1, "there is no form `2`"),
        ("x{row", 2, "`{` has no place"),
        ("{row}/{col}", 6, "`/` has no place"),
        ("{{ row }}", 1, "`{` has no place"),
    ],
)
def test_what_cannot_be_read_has_a_column(text, column, said):
    with pytest.raises(PatternError) as caught:
        Formula(text)
    assert said in caught.value.message
    assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "value"),
    [("{x:letter}", "0"), ("{x:letter}", LAST_ROW + 1), ("{x:letter}", "B"), ("{x:letter}", "1\u0663"), ("{x:02}", "a"),
     ("{x:number}", "1"), ("{x:number}", "AAA"), ("{x:well96}", "P24")],
)  # fmt: skip
def test_a_key_of_which_nothing_can_be_made_does_not_match(text, value):
    with pytest.raises(PatternError, match=str(value)):
        Formula(text).of({"x": value})
    assert deriving(Pattern.parse("{x}.tif"), {"y": text}).match(f"{value}.tif") is None


@given(st.integers(1, LAST_ROW), st.integers(1, 99))
def test_a_row_and_a_column_make_the_well_at_their_place(row, column):
    pattern = deriving(ROW_AND_COLUMN, {"well": "{row:letter}{col:02}", "again": "{col}"})
    values = pattern.match(f"r{row:02}c{column}.tif")
    assert values == {"row": row, "col": column, "well": values["well"], "again": str(column)}
    assert position(values["well"]) == (row - 1, column - 1)
    assert Formula("{row:number}").of({"row": values["well"].rstrip("0123456789")}) == str(row)


def test_it_is_a_pattern_with_more_wildcards():
    pattern = deriving(ROW_AND_COLUMN, {"well": "{row:letter}{col:02}"})
    assert pattern.wildcards == ("row", "col", "well")
    assert pattern.types["well"] == "text"
    assert pattern.convert("well", "B06") == "B06"
    assert pattern.convert("row", "02") == 2
    assert pattern.format({"row": 2, "col": 6, "well": "B06"}) == "r2c6.tif"
    assert pattern.partial({"row": 2, "well": "B06"}) == Pattern.parse("r2c{col:int}.tif")
    assert pickle.loads(pickle.dumps(pattern)) == pattern != ROW_AND_COLUMN
    assert pickle.loads(pickle.dumps(pattern)).match("r2c6.tif") == {"row": 2, "col": 6, "well": "B06"}
    assert deriving(ROW_AND_COLUMN, {}) is ROW_AND_COLUMN
