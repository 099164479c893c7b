"""Plate maps as labs write them, and what is wrong with those that are none."""

import pytest

from platerunner_unit.contract.delimited import BadTableError
from platerunner_unit.contract.plate_map import canonical, read_plate_map

MAP = "well_position,treatment\nA01,DMSO\nB3,drug\n"


@pytest.mark.parametrize(
    ("text", "well", "plate"),
    [
        (MAP, "well_position", None),
        (MAP.replace(",", "\t").replace("well_position", "Well "), "Well", None),
        ("Metadata_Plate;well_id;x;\nP1;A1;5,5;\nP2;A1;6,0;\n;;;\n", "well_id", "Metadata_Plate"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_map_is_read_however_it_was_saved(text: str, well: str, plate: str, encoding: str) -> None:
    found = read_plate_map(text.encode(encoding))
    assert (found.well, found.plate) == (well, plate)
    assert len(found.rows) == 2
    assert all(found.header)
    assert {len(row) for row in found.rows} == {len(found.header)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "map.csv is empty: write the names of its columns, and below them its rows"),
        ("well,treatment\n", "map.csv has no row: write one for each well"),
        ("well,treatment\n,\n", "map.csv has no row: write one for each well"),
        ("where,what\nA01,x\n", "map.csv has no column that names the well: call it `well_position`"),
        (f"{MAP}Z,x\n", "map.csv: line 4: `Z` is no well of any plate: fix it, or delete the row"),
        (f"{MAP}Z,x\nY,x\n", "map.csv: line 4: `Z`, `Y` of line 5 is no well of any plate: fix"),
        (f"{MAP}A1,x\n", "map.csv: line 4: A01 is in line 2, too: leave one row of each well"),
        (f"{MAP}C01\n", "map.csv: line 4 has 1 cells, the header 2: fix the table"),
        ("well,x,x\nA01,1,2\n", "map.csv: line 1: two columns are called `x`: rename one"),
    ],
)
def test_what_is_no_plate_map_is_said_with_line_and_remedy(text: str, said: str) -> None:
    with pytest.raises(BadTableError) as caught:
        read_plate_map(text.encode())
    assert f"{caught.value.of('map.csv')}: {caught.value.remedy}".startswith(said)


def test_wells_of_other_plates_are_others() -> None:
    assert len(read_plate_map(b"plate,well\nP1,A01\nP2,A01\n").rows) == 2
    assert [canonical(each) for each in ("b3", "AF48", "P24.b2", "x")] == ["B03", "AF48", "P24.b2", "x"]
