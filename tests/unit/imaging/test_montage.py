"""montage: what is on the sheet is found again in its pixels, and nothing makes it too large."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from platerunner_unit.imaging import sheet
from platerunner_unit.imaging.unit import File


def plate(bench, wells=("B02", "B03", "C02", "C03"), sites=2, channels=("DNA", "GFP"), size=64, folder=""):
    random = np.random.default_rng(5)
    return [
        bench.image(
            f"{folder}{well}_s{site}_{channel}.tif",
            random.integers(100, 1000 * (1 + channels.index(channel)), (size, size)).astype(np.uint16),
            plate="P1", well=well, site=site, channel=channel,
        )
        for well in wells
        for site in range(1, sites + 1)
        for channel in channels
    ]  # fmt: skip


def montage(bench, inputs, **params):
    outputs = {"montage": [bench.out("montage.png")], "numbers": [bench.out("numbers.json")]}
    assert bench.run("montage", inputs, outputs, params) == 0
    return Image.open(outputs["montage"][0][0]), json.loads(outputs["numbers"][0][0].read_text())


def test_numbers_are_those_of_the_images(bench):
    files = plate(bench)
    picture, numbers = montage(bench, {"corrected": files})
    assert (numbers["images"], numbers["wells"], numbers["sites"], numbers["left_out"]) == (16, 4, 8, [])
    import tifffile

    pixels = np.stack([tifffile.imread(path) for path, values in files if values["channel"] == "GFP"])
    gfp = numbers["channels"]["GFP"]
    assert (gfp["images"], gfp["min"], gfp["max"]) == (8, pixels.min(), pixels.max())
    assert gfp["median"] == pytest.approx(np.median(pixels), rel=0.01)
    assert gfp["p99"] == pytest.approx(np.percentile(pixels, 99), rel=0.01)
    assert picture.mode == "L"  # grey images alone make a grey sheet


def test_one_contrast_for_a_channel_over_the_whole_sheet(bench):
    files = [
        bench.image(f"{well}.tif", np.full((64, 64), level, np.uint16), plate="P1", well=well, site=1, channel="DNA")
        for well, level in (("A01", 100), ("A02", 200), ("A03", 300))
    ]
    picture, _ = montage(bench, {"images": files}, tile=64)
    tiles = np.asarray(picture)[-90:-74]  # a strip through the only line of tiles
    counts = np.bincount(tiles.ravel(), minlength=256)
    assert np.flatnonzero(counts == 64 * 16).tolist() == [0, 128, 255]


def test_same_images_same_bytes(bench):
    inputs = {"images": plate(bench), "illum": [bench.image("f.npy", np.eye(8, dtype=np.float32) + 1)]}
    first = montage(bench, inputs)[0].tobytes()
    assert montage(bench, inputs)[0].tobytes() == first


def test_functions_become_heat_maps_with_their_range(bench):
    function = np.linspace(1, 2.5, 64 * 64, dtype=np.float32).reshape(64, 64)
    picture, numbers = montage(bench, {"illum": [bench.image("P1_IllumDNA.npy", function, plate="P1", channel="DNA")]})
    assert numbers["functions"] == {"P1_IllumDNA": {"min": 1.0, "max": 2.5}}
    colours = {tuple(pixel) for pixel in np.asarray(picture.convert("RGB")).reshape(-1, 3)}
    assert {(0x44, 0x01, 0x54), (0xFD, 0xE7, 0x25)} <= colours  # both ends of viridis


def test_what_is_no_picture_is_skipped_and_told(bench):
    _, numbers = montage(bench, {"images": plate(bench), "tables": [bench.table("Image.csv", "a\n1\n")]})
    assert numbers["left_out"] == ["1 input is no picture (Image.csv)."]


def test_numbers_of_json_files_are_told_by_input(bench):
    pictures, numbers = plate(bench), [(bench.table("P1.json", '{"replicate_correlation": 0.4}')[0], {})]
    _, found = montage(bench, {"images": pictures, "profiles": numbers})
    assert found["told"] == {"profiles": {"replicate_correlation": 0.4}}
    both = [(bench.table(f"{p}.json", json.dumps({"r": r}))[0], {"plate": p}) for p, r in (("P1", 0.5), ("P2", 0.7))]
    _, found = montage(bench, {"images": pictures, "profiles": both})
    assert found["told"] == {"profiles": {"P1": {"r": 0.5}, "P2": {"r": 0.7}}}
    assert found["left_out"] == []


def test_colour_pictures_are_shown_as_they_are(bench):
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 200
    path = bench.folder / "A01_SegmentCheck.png"
    Image.fromarray(red).save(path)
    picture, _ = montage(bench, {"overlays": [(path, {"plate": "P1", "well": "A01"})]}, tile=64)
    assert (np.asarray(picture.convert("RGB")) == (200, 0, 0)).all(axis=-1).sum() >= 64 * 64


def plot(bench, name, size, colour, **values):
    path = bench.folder / name
    Image.new("RGB", size, colour).save(path)
    return path, values


@pytest.mark.parametrize("limit", [800, 1500, 4000])
@pytest.mark.parametrize("wells", [(), ("B02", "B03")])
def test_plots_are_shown_whole(bench, wells, limit):
    """A plot of no well is to be read: it has no contrast, and is made smaller only to stay within the sheet."""
    inputs = {"manhattan": [plot(bench, "m.png", (1200, 400), (200, 0, 0))]}
    inputs |= {"images": plate(bench, wells)} if wells else {}
    picture, numbers = montage(bench, inputs, limit=limit)
    assert max(picture.size) <= max(limit, 688)
    red = (np.asarray(picture.convert("RGB")) == (200, 0, 0)).all(axis=-1)
    wide, high = red.any(axis=0).sum(), red.any(axis=1).sum()
    assert wide == pytest.approx(3 * high, rel=0.05)
    assert (wide == 1200) == (limit > 800)
    assert set(numbers["channels"]) == ({"images DNA", "images GFP"} if wells else set())


@pytest.mark.parametrize(("number", "whole"), [(8, True), (9, False)])
def test_more_plots_than_can_be_read_become_tiles(bench, number, whole):
    pictures = [plot(bench, f"{n}.png", (300, 300), (200, 0, 0), chromosome=str(n)) for n in range(number)]
    picture, numbers = montage(bench, {"manhattan": pictures})
    assert bool(numbers["channels"]) is not whole
    assert numbers["images"] == number
    assert max(picture.size) <= 4000


def test_a_damaged_plot_is_named(bench, capsys):
    (bench.folder / "m.png").write_bytes(b"junk")
    outputs = {"montage": [bench.out("montage.png")]}
    assert bench.run("montage", {"manhattan": [(bench.folder / "m.png", {})]}, outputs, {}) != 0
    assert "m.png: cannot be read as an image" in capsys.readouterr().err


def test_two_inputs_with_the_same_channels_are_kept_apart(bench):
    _, numbers = montage(bench, {"raw": plate(bench, folder="raw/"), "corrected": plate(bench, folder="corr/")})
    assert sorted(numbers["channels"]) == ["corrected DNA", "corrected GFP", "raw DNA", "raw GFP"]


def test_a_missing_tile_leaves_a_gap(bench):
    files = plate(bench)
    whole, _ = montage(bench, {"images": files})
    gappy, numbers = montage(bench, {"images": files[1:]})
    assert gappy.size == whole.size
    assert numbers["images"] == 15


def test_a_large_plate_stays_within_its_limit_and_says_what_is_left_out(bench):
    wells = [f"{row}{column:02d}" for row in "ABCDEFGH" for column in range(1, 13)]
    picture, numbers = montage(bench, {"images": plate(bench, wells, 4, ("DNA",), 16)}, limit=1500)
    assert max(picture.size) <= 1500
    assert numbers["left_out"] == ["At most 1 of 4 sites per well are shown, evenly chosen."]
    assert numbers["channels"]["DNA"]["images"] == 96 * 4  # the numbers are of all images


def test_nothing_to_show(bench):
    table = [bench.table("Image.csv", "a\n1\n")]
    assert "none of the 1 inputs is a picture" in bench.refusal(
        "montage", {"t": table}, {"montage": [bench.out("m.png")]}
    )


def test_a_damaged_image_is_named(bench):
    files = plate(bench)
    files[3][0].write_bytes(b"junk")
    sentence = bench.refusal("montage", {"images": files}, {"montage": [bench.out("m.png")]})
    assert f"{files[3][0].name}: cannot be read as an image" in sentence


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 16), columns=st.integers(1, 24), sites=st.integers(1, 12), channels=st.integers(1, 5),
    largest=st.integers(32, 300), aspect=st.floats(0.5, 2), limit=st.integers(1200, 4000),
)  # fmt: skip
def test_every_plan_fits_and_accounts_for_every_well(rows, columns, sites, channels, largest, aspect, limit):
    found = [
        sheet.Picture(File(path=None), ("P1", f"{chr(65 + row)}{column + 1:02d}"), str(site), f"C{channel}")
        for row in range(rows)
        for column in range(columns)
        for site in range(sites)
        for channel in range(channels)
    ]
    plan = sheet.plan(found, aspect, largest, limit)
    assert max(plan.size()) <= limit
    assert plan.all_places == rows * columns
    assert bool(plan.left_out()) == (len(plan.sites) < rows * columns or plan.most_shown < sites)
    assert plan.lines * plan.per_line >= plan.most_shown


@given(st.lists(st.integers(), unique=True, min_size=1), st.integers(1, 50))
def test_evenly_keeps_order_and_both_ends(items, number):
    chosen = sheet.evenly(items, number)
    assert len(chosen) == min(number, len(items))
    assert sorted(chosen, key=items.index) == chosen
    assert len(set(chosen)) == len(chosen)
    assert chosen[0] == items[0]
    assert number == 1 or chosen[-1] == items[-1]
