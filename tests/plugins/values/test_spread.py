from array import array

import pytest

from platerunner_pages.values.profiles import profiles_of
from platerunner_pages.values.spread import AGGREGATES, hints, one_each, spread_of

WELLS = {f"{row}{column:02}": (at, column) for at, row in enumerate("ABCDEFGH") for column in range(1, 13)}


def test_a_few_odd_wells_do_not_stretch_the_scale():
    values = [float(each % 10) for each in range(96)] + [1e9]
    spread = spread_of(values)
    assert (spread.low, spread.high) == (0.0, 9.0)
    assert spread.fences[1] < 1e9
    assert sum(spread.bars) == len(values)


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0]])
def test_hardly_any_number_has_a_scale_too(values):
    spread = spread_of(values)
    assert spread is None if not values else sum(spread.bars) == len(values)


def test_each_way_to_make_one_number():
    numbers = {("P1", "A01"): array("d", [1, 2, 6]), ("P1", "A02"): array("d")}
    made = {name: one_each(numbers, name)["P1", "A01"] for name in AGGREGATES}
    expected = {"mean": 3, "median": 2, "sum": 9, "count": 3, "lowest": 1, "highest": 6}
    assert {name: made[name] for name in expected} == expected
    assert made["cv"] == pytest.approx(88.19, abs=0.01)
    assert one_each(numbers, "sum")["P1", "A02"] is None, "no number is not zero"


def test_what_stands_out_on_a_plate_is_said():
    noise = {well: (column * 7 + row * 3) % 5 for well, (row, column) in WELLS.items()}
    assert hints(noise, {}) == []
    edge = {
        well: noise[well] + (50 if row in (0, 7) or column in (1, 12) else 0) for well, (row, column) in WELLS.items()
    }
    assert hints(edge, {})[0].startswith("Wells at the edge are higher by")
    drift = {well: noise[well] + 3 * column for well, (_, column) in WELLS.items()}
    assert any("rise from left to right" in each for each in hints(drift, {}))


def test_controls_that_the_table_names_give_a_z_prime():
    values = {"A01": 99.0, "A02": 101.0, "A03": -1.0, "A04": 1.0, "B01": 50.0}
    roles = {"A01": "poscon", "A02": "poscon", "A03": "negcon", "A04": "negcon"}
    assert hints(values, roles) == ["Z' is 0.92 (2 positive and 2 negative controls)."]


def test_rows_and_columns_have_the_median_of_their_numbers_and_none_where_they_have_none():
    wells = [("A01", 1.0), ("A02", 5.0), ("A03", 2.0), ("B1", 7.0), ("C01", None), ("all", 9.0)]
    assert profiles_of(wells) == {"rows": {0: 2.0, 1: 7.0}, "columns": {0: 4.0, 1: 5.0, 2: 2.0}}
