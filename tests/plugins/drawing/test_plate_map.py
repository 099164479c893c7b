import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_pages.drawing.plate_map import label, plate_maps
from platerunner_unit.contract.unit_keys import unit_id


@pytest.mark.parametrize(("last", "size"), [("H12", (8, 12)), ("P24", (16, 24)), ("AF48", (32, 48))])
def test_the_smallest_plate_that_holds_all_wells(last, size):
    [found] = plate_maps(["plate=P1/well=A01", f"plate=P1/well={last}"])
    assert (found.kind, found.rows, found.columns) == ("wells", *size)
    assert found.cells[1][1:] == (size[0] - 1, size[1] - 1, 0)


def test_sites_share_their_well_in_natural_order():
    [found] = plate_maps([f"plate=P1/well=B02/site={site}" for site in (10, 9, 1)])
    assert found.split == 2
    assert found.cells == ((2, 1, 1, 0), (1, 1, 1, 1), (0, 1, 1, 2))


def test_sites_without_wells_are_a_grid():
    [found] = plate_maps([f"site={site}" for site in range(6)])
    assert (found.kind, found.rows, found.columns) == ("sites", 2, 3)


def test_names_that_are_no_wells_are_a_list():
    [found] = plate_maps(["plate=P1/well=control", "plate=P1/well=A01"])
    assert found.kind == "list"


def test_plates_are_one_list_and_their_wells_a_map_each():
    assert [found.kind for found in plate_maps(["plate=P1", "plate=P2"])] == ["list"]
    assert [found.name for found in plate_maps(["plate=P10/well=A01", "plate=P2/well=A01"])] == ["P2", "P10"]
    assert plate_maps([]) == []
    assert plate_maps(["all"])[0].kind == "list"


def test_a_short_list_has_room_for_a_name_beside_each_unit():
    [short] = plate_maps([f"plate=P{number}" for number in range(40)])
    assert (short.rows, short.columns) == (40, 1)
    [long] = plate_maps([f"plate=P{number}" for number in range(41)])
    assert long.columns > 1


NAMES = st.text(min_size=1, max_size=5)


@given(st.sets(st.tuples(st.sampled_from(["P1", "P2", "<b>"]), st.sampled_from(["A01", "H12", "AF48", "x"]), NAMES)))
def test_every_unit_has_one_place_of_its_own(combinations):
    names = ("plate", "well", "tile")
    units = sorted({unit_id(dict(zip(names, each, strict=True)), names) for each in combinations})
    maps = plate_maps(units)
    assert sorted(cell[0] for found in maps for cell in found.cells) == list(range(len(units)))
    for found in maps:
        places = [cell[1:] for cell in found.cells]
        assert len(set(places)) == len(places)
        assert all(row < found.rows and column < found.columns for row, column, _ in places)
        assert all(index < found.split**2 for *_, index in places)


def test_a_person_reads_the_values():
    assert label("plate=P%201/well=A01/site=3") == "P 1, A01, site 3"
    assert label("all") == "the only unit"
