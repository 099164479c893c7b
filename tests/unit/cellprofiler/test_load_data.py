"""LoadData tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.cellprofiler.load_data import LoadDataError, Table, build
from platerunner_unit.contract.manifest import InputFile, LoadData, UnitTask

METADATA = {"Plate": "plate", "Well": "well", "Site": "site"}


def image(well: str, site: int, channel: str, **more: Any) -> InputFile:
    values = {"plate": "P1", "well": well, "site": site, "channel": channel, **more}
    return InputFile(f"P1/{well}_s{site}_{channel}{''.join(map(str, more.values()))}.tif", "data", 1, "e", values)


def table(
    images: Mapping[str, str], inputs: Mapping[str, Sequence[InputFile]], metadata: Mapping[str, str] = METADATA
) -> Table:
    unit = UnitTask("plate=P1", {"plate": "P1"}, "f", inputs={name: tuple(files) for name, files in inputs.items()})
    paths = {(f.root, f.key): Path("/in", f.root, f.key) for files in inputs.values() for f in files}
    return build(LoadData(dict(images), dict(metadata)), unit, paths)


def rows(made: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.to_csv())))


def test_a_row_per_image_set_in_natural_order() -> None:
    files = [image(w, s, c) for w in ("A2", "A10", "A1") for s in (10, 9) for c in ("GFP", "DNA")]
    made = table({"Orig{channel}": "images"}, {"images": files})
    assert made.columns == (
        *("FileName_OrigDNA", "PathName_OrigDNA", "FileName_OrigGFP", "PathName_OrigGFP"),
        *("Metadata_Plate", "Metadata_Well", "Metadata_Site"),
    )
    order = [(row["Metadata_Well"], row["Metadata_Site"]) for row in rows(made)]
    assert order == [("A1", "9"), ("A1", "10"), ("A2", "9"), ("A2", "10"), ("A10", "9"), ("A10", "10")]
    first = rows(made)[0]
    assert (first["PathName_OrigDNA"], first["FileName_OrigDNA"]) == ("/in/data/P1", "A1_s9_DNA.tif")
    assert made.labels[0] == "plate P1, well A1, site 9"


def test_an_illumination_function_serves_all_rows_of_its_plate() -> None:
    illum = InputFile("illum/P1_DNA.npy", "workspace", 1, "e", {"plate": "P1", "channel": "DNA"})
    files = [image("A01", site, "DNA") for site in (1, 2)]
    made = table({"Orig{channel}": "images", "Illum{channel}": "illum"}, {"images": files, "illum": [illum]})
    assert [row["FileName_IllumDNA"] for row in rows(made)] == ["P1_DNA.npy", "P1_DNA.npy"]
    assert {row["PathName_IllumDNA"] for row in rows(made)} == {"/in/workspace/illum"}


def test_what_the_file_names_lack_comes_from_the_unit() -> None:
    file = InputFile("A01.tif", "data", 1, "e", {"well": "A01"})
    made = table({"DNA": "images"}, {"images": [file]}, {"Plate": "plate", "Well": "well"})
    assert rows(made)[0]["Metadata_Plate"] == "P1"


@pytest.mark.parametrize(
    ("images", "files", "category", "said"),
    [
        ({"Orig{channel}": "images"}, [image("A01", 1, "DNA"), image("A01", 2, "DNA"), image("A01", 1, "GFP")],
         "input_missing", "well A01, site 2: no file for the LoadData column `OrigGFP` (`Orig{channel}: images`)"),
        ({"Orig": "images"}, [image("A01", 1, "DNA"), image("A01", 1, "GFP")],
         "pipeline_invalid", "both want the LoadData column `Orig` (`Orig: images`); `{channel}` differs"),
        ({"Orig{cycle}": "images"}, [image("A01", 1, "DNA")], "pipeline_invalid", "`{cycle}`"),
        ({"Orig{channel}": "image"}, [image("A01", 1, "DNA")], "pipeline_invalid", "names no input"),
        ({"Orig{channel}": "images"}, [], "nothing_matched", "no input files"),
        ({"Orig{channel}": "images"}, [InputFile("x", "data", 1, "e", {"channel": "DNA"})],
         "pipeline_invalid", "plate, well, site"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_table_is_explained(
    images: Mapping[str, str], files: Sequence[InputFile], category: str, said: str
) -> None:
    with pytest.raises(LoadDataError) as caught:
        table(images, {"images": files})
    assert caught.value.problem.category == category
    assert said in caught.value.problem.sentence


def test_two_files_that_no_wildcard_tells_apart_are_named_with_what_differs() -> None:
    values = {"plate": "P1", "well": "A01", "site": 1, "channel": "DNA"}
    names = ("P1/A01_s1_DNA_0901.tif", "P1/A01_s1_DNA_1130.tif", "P1/A01_s1_DNA_1130_b.tif")
    files = [InputFile(name, "data", 1, "e", values) for name in names]
    with pytest.raises(LoadDataError) as caught:
        table({"{channel}": "images"}, {"images": files})
    problem = caught.value.problem
    assert problem.sentence == (
        f"plate P1, well A01, site 1: {names[0]} and {names[1]} (and 1 more) both want the LoadData column `DNA` "
        "(`{channel}: images`); no wildcard tells `0901` from `1130`."
    )
    assert "a wildcard in the pattern of the files, in place of its `*`" in problem.hint
    assert "save" not in problem.hint


def test_two_files_that_a_wildcard_tells_apart_are_told_which() -> None:
    with pytest.raises(LoadDataError) as caught:
        table({"Orig": "images"}, {"images": [image("A01", 1, "DNA"), image("A01", 1, "GFP")]})
    assert caught.value.problem.hint.startswith("Put `{channel}`, which tells the two apart, into `load_data`")


@pytest.mark.slow
def test_a_plate_of_1536_wells_takes_no_time_worth_speaking_of() -> None:
    """Quadratic look-ups would need minutes here (27,648 cells); the suite's timeout is the bound."""
    wells = [f"{row}{column:02}" for row in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef" for column in range(1, 49)]
    files = [image(w, s, c) for w in wells for s in range(1, 7) for c in ("DNA", "ER", "RNA")]
    assert len(table({"Orig{channel}": "images"}, {"images": files}).rows) == 1536 * 6


@settings(deadline=None)
@given(st.sets(st.tuples(st.sampled_from("ABCDEFGH"), st.integers(1, 12), st.integers(1, 9)), min_size=1, max_size=30))
def test_every_file_is_in_the_table_once(places: set[tuple[str, int, int]]) -> None:
    files = [image(f"{row}{column}", site, channel) for row, column, site in places for channel in ("DNA", "GFP")]
    made = rows(table({"{channel}": "images"}, {"images": files}))
    names = [row[f"FileName_{channel}"] for row in made for channel in ("DNA", "GFP")]
    assert sorted(names) == sorted(file.key.rpartition("/")[2] for file in files)


@settings(deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/"), min_size=1))
def test_any_file_name_survives_the_csv(name: str) -> None:
    file = InputFile(name, "data", 1, "e", {"plate": "P1", "well": "A01", "site": 1})
    assert rows(table({"DNA": "images"}, {"images": [file]}))[0]["FileName_DNA"] == Path("/in/data", name).name
