"""segment-measure: discs of known number, place, area and brightness."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner_unit.imaging.segment_measure import segment


def discs(centres, radius=8, size=128, bright=8000, dark=400):
    rows, columns = np.mgrid[0:size, 0:size]
    image = np.full((size, size), dark, np.float64)
    for row, column in centres:
        image[(rows - row) ** 2 + (columns - column) ** 2 <= radius**2] = bright
    return image


def noisy(image, seed=1):
    return np.clip(np.random.default_rng(seed).normal(image, 30), 0, 65535).astype(np.uint16)


def measure(bench, sets, **params):
    """Image sets: list of (site, {channel: pixels})."""
    files = [
        bench.image(f"A01_s{site}_{channel}.tif", pixels, plate="P1", well="A01", site=site, channel=channel)
        for site, planes in sets
        for channel, pixels in planes.items()
    ]
    outputs = {"image": [bench.out("Image.csv")], "nuclei": [bench.out("Nuclei.csv")]}
    assert bench.run("segment-measure", {"images": files}, outputs, {"nuclei": "DNA", **params}) == 0
    return [list(csv.DictReader(outputs[name][0][0].open())) for name in ("image", "nuclei")]


def test_columns_counts_areas_and_places(bench):
    centres = [(20, 30), (60, 64), (100, 90)]
    gfp = np.full((128, 128), 13107, np.uint16)
    images, nuclei = measure(bench, [(2, {"DNA": noisy(discs(centres)), "GFP": gfp}), (1, {"DNA": gfp, "GFP": gfp})])
    assert list(images[0]) == [
        "ImageNumber", "Metadata_Plate", "Metadata_Site", "Metadata_Well", "Count_Nuclei",
        "Threshold_FinalThreshold_Nuclei", "Intensity_MeanIntensity_DNA", "Intensity_MeanIntensity_GFP",
    ]  # fmt: skip
    assert list(nuclei[0]) == [
        "ImageNumber", "ObjectNumber", "Metadata_Plate", "Metadata_Site", "Metadata_Well", "AreaShape_Area",
        "AreaShape_Eccentricity", "Location_Center_X", "Location_Center_Y",
        "Intensity_IntegratedIntensity_DNA", "Intensity_IntegratedIntensity_GFP",
        "Intensity_MeanIntensity_DNA", "Intensity_MeanIntensity_GFP",
    ]  # fmt: skip
    assert [(row["Metadata_Site"], row["Count_Nuclei"]) for row in images] == [("1", "0"), ("2", "3")]
    assert {row["ImageNumber"] for row in nuclei} == {"2"}
    found = sorted((round(float(r["Location_Center_Y"])), round(float(r["Location_Center_X"]))) for r in nuclei)
    assert found == centres
    for row in nuclei:
        assert abs(float(row["AreaShape_Area"]) - np.pi * 64) < 0.12 * np.pi * 64
        assert float(row["Intensity_MeanIntensity_GFP"]) == pytest.approx(0.2, abs=1e-4)
        assert float(row["Intensity_MeanIntensity_DNA"]) == pytest.approx(8000 / 65535, rel=0.1)


def test_touching_nuclei_are_split():
    labels, _ = segment(discs([(60, 50), (60, 64)]).astype(np.uint16), 30, 1.0)
    assert labels.max() == 2


def test_small_objects_are_dropped():
    image = discs([(30, 30)]) + discs([(90, 90)], radius=2) - 400
    assert segment(image, 30, 0.5)[0].max() == 1
    assert segment(image, 5, 0.5)[0].max() == 2


@pytest.mark.parametrize("level", [0, 300, 65535])
def test_blank_images_have_no_nuclei(bench, level):
    images, nuclei = measure(bench, [(1, {"DNA": np.full((64, 64), level, np.uint16)})])
    assert images[0]["Count_Nuclei"] == "0"
    assert nuclei == []


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(1, 200))
def test_noise_has_no_nuclei(seed, deviation):
    noise = np.random.default_rng(seed).normal(1000, deviation, (128, 128))
    assert segment(np.clip(noise, 0, 65535).astype(np.uint16), 30, 1.0)[0].max() == 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 16))
def test_as_many_nuclei_as_discs(seed, number):
    random = np.random.default_rng(seed)
    grid = random.permutation(16)[:number]
    centres = [
        (16 + 32 * (cell // 4) + random.uniform(-4, 4), 16 + 32 * (cell % 4) + random.uniform(-4, 4)) for cell in grid
    ]
    labels, _ = segment(noisy(discs(centres), seed), 30, 1.0)
    assert labels.max() == number
    assert set(np.unique(labels)) == set(range(number + 1))


def test_eight_bit_and_float_images_count_intensity_alike(bench):
    disc = discs([(40, 40)], bright=200, dark=10, size=80)
    means = []
    for pixels in (disc.astype(np.uint8), (disc / 255).astype(np.float32)):
        images, _ = measure(bench, [(1, {"DNA": pixels})])
        means.append(float(images[0]["Intensity_MeanIntensity_DNA"]))
    assert means[0] == pytest.approx(means[1], rel=1e-5)


def test_an_absent_channel_is_named(bench):
    files = [bench.image("a.tif", np.ones((8, 8), np.uint16), well="A01", site=1, channel="GFP")]
    sentence = bench.refusal("segment-measure", {"images": files}, {"image": [bench.out("I.csv")]}, {"nuclei": "DNA"})
    assert "no images of channel `DNA`" in sentence
    assert "GFP" in sentence


def test_an_incomplete_image_set_is_named(bench):
    blank = np.ones((8, 8), np.uint16)
    files = [bench.image(f"s{s}_{c}.tif", blank, site=s, channel=c) for s, c in ((1, "DNA"), (1, "GFP"), (2, "DNA"))]
    sentence = bench.refusal("segment-measure", {"images": files}, {"image": [bench.out("I.csv")]}, {"nuclei": "DNA"})
    assert "s2_DNA.tif: its image set has no image of channel GFP" in sentence


def test_images_of_one_set_that_differ_in_size_are_named(bench):
    files = [
        bench.image("a_DNA.tif", np.ones((8, 8), np.uint16), site=1, channel="DNA"),
        bench.image("a_GFP.tif", np.ones((8, 9), np.uint16), site=1, channel="GFP"),
    ]
    sentence = bench.refusal("segment-measure", {"images": files}, {"image": [bench.out("I.csv")]}, {"nuclei": "DNA"})
    assert "a_GFP.tif: differs in size from a_DNA.tif" in sentence
