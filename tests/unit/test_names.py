"""Which names of plates and wells CellProfiler would read as numbers, and change."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.cellprofiler.load_data import Table, build, names_at_risk
from platerunner_unit.contract.manifest import InputFile, LoadData, UnitTask


def table(cells: list[str], name: str = "Metadata_Plate", numbers: tuple[str, ...] = ()) -> Table:
    return Table((name,), tuple((cell,) for cell in cells), (), numbers)


@pytest.mark.parametrize(
    ("cells", "at_risk"),
    [
        (["0512"], ("Plate 0512 as 512",)),
        (["12E4"], ("Plate 12E4 as 120000.0",)),
        (["1_000", "7"], ("Plate 1_000 as 1000",)),
        (["12E4", "512"], ("Plate 12E4 as 120000.0", "Plate 512 as 512.0")),
        (["0512", "P2"], ()),
        (["512"], ()),
        (["9999999999"], ()),
        (["nan"], ()),
        (["P1"], ()),
    ],
)
def test_which_names_would_change(cells: list[str], at_risk: tuple[str, ...]) -> None:
    assert names_at_risk(table(cells)) == at_risk
    assert names_at_risk(table(cells, numbers=("Metadata_Plate",))) == ()
    assert names_at_risk(table(cells, "FileName_DNA")) == ()


@given(st.lists(st.text("0123456789_.eE+-xP ", min_size=1, max_size=6), min_size=1, max_size=4))
def test_a_name_at_risk_is_one_that_python_reads_otherwise(cells: list[str]) -> None:
    for clause in names_at_risk(table(cells)):
        text, _, cast = clause.removeprefix("Plate ").rpartition(" as ")
        assert text in cells
        assert text != cast
        assert float(text) == float(cast)


def test_rows_that_are_numbers_make_a_well_that_tells_them_apart() -> None:
    wells = []
    for row, col in (("1", "11"), ("11", "1")):
        file = InputFile("a.tif", "data", 1, "e", {"row": row, "col": col})
        task = UnitTask("u", {}, "f", inputs={"i": (file,)})
        made = build(LoadData({"DNA": "i"}, {"row": "row", "col": "col"}), task, {("data", "a.tif"): Path("/a.tif")})
        assert made.columns[-1] == "Metadata_Well"
        wells.append(made.rows[0][-1])
    assert wells == ["r1c11", "r11c1"]
