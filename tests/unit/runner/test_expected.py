"""Expected outputs among the files that a tool wrote."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from platerunner_unit.contract.manifest import OpenOutput, OutputFile, UnitTask
from platerunner_unit.runner.expected import Located, locate, unclaimed


def located(
    out: Path, written: list[str], *expected: OutputFile, open_output: OpenOutput | None = None
) -> list[Located]:
    for name in written:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(name)
    opened = {"open": open_output} if open_output else {}
    unit = UnitTask("all", {}, "f", outputs={"o": expected}, open_outputs=opened)
    return locate(unit, out, lambda path: None)


@pytest.mark.parametrize(
    ("written", "key", "found"),
    [
        (["illum/P1/x.npy", "x.npy"], "illum/P1/x.npy", "illum/P1/x.npy"),
        (["x.npy"], "illum/P1/x.npy", "x.npy"),
        (["P2/x.npy", "P1/x.npy"], "illum/P1/x.npy", "P1/x.npy"),
        (["deep/er/x.npy"], "illum/P1/x.npy", "deep/er/x.npy"),
    ],
)
def test_a_file_is_found_by_the_end_of_its_key(tmp_path: Path, written: list[str], key: str, found: str) -> None:
    (each,) = located(tmp_path, written, OutputFile(key))
    assert each.path == tmp_path / found
    assert each.problem is None
    assert each.found().size == len(found)


def test_a_source_says_what_the_tool_calls_it(tmp_path: Path) -> None:
    (each,) = located(
        tmp_path, ["MyExpt_Image.csv", "Image.csv"], OutputFile("m/P1/Image.csv", source="MyExpt_Image.csv")
    )
    assert each.path == tmp_path / "MyExpt_Image.csv"


def test_nothing_like_it(tmp_path: Path) -> None:
    (each,) = located(tmp_path, ["y.npy", "x.np"], OutputFile("x.npy"))
    assert (each.path, each.found().size) == (None, None)


def test_another_plates_name_is_not_like_it(tmp_path: Path) -> None:
    (each,) = located(tmp_path, ["512_IllumDNA.npy"], OutputFile("illum/0512/0512_IllumDNA.npy"))
    assert each.path is None


def test_two_files_that_could_both_be_meant_are_neither(tmp_path: Path) -> None:
    (each,) = located(tmp_path, ["a/x.npy", "b/x.npy"], OutputFile("illum/x.npy"))
    assert each.path is None
    assert each.problem == "a/x.npy and b/x.npy could both be meant"


def test_one_file_cannot_serve_two_outputs(tmp_path: Path) -> None:
    both = located(tmp_path, ["x.npy"], OutputFile("DNA/x.npy"), OutputFile("GFP/x.npy"))
    assert [each.path for each in both] == [None, None]
    assert all("one file, x.npy, where DNA/x.npy and GFP/x.npy are expected" in str(each.problem) for each in both)


def test_a_problem_of_the_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    unit = UnitTask("all", {}, "f", outputs={"o": (OutputFile("x"),)})
    (each,) = locate(unit, tmp_path, lambda path: "is empty")
    assert each.found().problem == "is empty"


def test_open_outputs_take_what_fits(tmp_path: Path) -> None:
    crops = OpenOutput("crops/P1/{tile}.png", at_least=2)
    found = located(tmp_path, ["P1/1.png", "P1/2.png", "P2/3.png", "P1/4.txt"], open_output=crops)
    assert [each.key for each in found] == ["crops/P1/1.png", "crops/P1/2.png"]


def test_open_outputs_by_the_tools_own_names(tmp_path: Path) -> None:
    crops = OpenOutput("crops/{tile}.png", source="tile_{tile:int}.png")
    found = located(tmp_path, ["tile_007.png", "other.png"], open_output=crops)
    assert [(each.key, each.path) for each in found] == [("crops/7.png", tmp_path / "tile_007.png")]


@pytest.mark.parametrize(
    ("at_least", "at_most", "said"), [(3, None, "2 files fit, 3 or more"), (0, 1, "2 files fit, 0 to 1")]
)
def test_too_few_and_too_many_are_a_problem(tmp_path: Path, at_least: int, at_most: int | None, said: str) -> None:
    crops = OpenOutput("c/{tile}.png", at_least=at_least, at_most=at_most)
    found = located(tmp_path, ["1.png", "2.png"], open_output=crops)
    assert str(found[-1].problem).startswith(said)


def part(pattern: str) -> UnitTask:
    return UnitTask("u", {}, "f", open_outputs={"zarr": OpenOutput(pattern)})


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


@pytest.mark.parametrize("prefix", ["", "P1.zarr/", "z/P1.zarr/"], ids=["bare", "its folder", "whole key"])
def test_a_folder_of_which_only_a_part_is_an_output_is_no_output(tmp_path: Path, prefix: str) -> None:
    write(tmp_path, f"{prefix}.zgroup", f"{prefix}0/0/0")
    kept, gap = locate(part("z/P1.zarr/{part}"), tmp_path, lambda _: None)
    assert kept.key == "z/P1.zarr/.zgroup"
    assert gap.problem == f"takes a folder, and 1 of its files fit no output: {prefix}0/0/0"
    assert gap.cause == "not_an_output"


def test_a_folder_with_an_output_for_each_depth_is_whole(tmp_path: Path) -> None:
    write(tmp_path, "P1.zarr/.zgroup", "P1.zarr/0/0/0", "P1.zarr/0/0/1", "log.txt")
    unit = replace(
        part("z/P1.zarr/{part}"),
        open_outputs={"top": OpenOutput("z/P1.zarr/{part}"), "deep": OpenOutput("z/P1.zarr/{a}/{b}/{c}")},
    )
    found = locate(unit, tmp_path, lambda _: None)
    assert [each.problem for each in found] == [None] * 3
    assert [(each.path, each.size) for each in unclaimed(found, tmp_path)] == [("log.txt", 1)]


def test_other_files_beside_pictures_are_no_fault_of_theirs(tmp_path: Path) -> None:
    write(tmp_path, "tiles/1.png", "tiles/2.png", "tiles/index.json")
    found = locate(part("tiles/{tile}.png"), tmp_path, lambda _: None)
    assert [each.problem for each in found] == [None, None]
    assert [each.path for each in unclaimed(found, tmp_path)] == ["tiles/index.json"]


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, "z/P1.zarr/.zgroup", "z/P1.zarr/0/0/0")
    (each,) = located(tmp_path, [], OutputFile("z/P1.zarr"))
    assert (each.path, each.cause) == (None, "output_is_folder")
    assert each.problem == ("was written as a folder of 2 files (z/P1.zarr/.zgroup, ...), and an output is one file")
