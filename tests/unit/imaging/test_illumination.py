"""illum-calc and illum-apply: known light in, flat field out."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from platerunner_unit.imaging import illum_apply, illum_calc, pixels
from platerunner_unit.imaging.unit import DataError


def light(size: int = 96) -> np.ndarray:
    rows, columns = np.mgrid[0:size, 0:size] / size
    return 1 - 0.6 * ((rows - 0.4) ** 2 + (columns - 0.55) ** 2)


def photographs(number: int, size: int = 96) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [
        np.rint(20000 * light(size) * random.normal(1, 0.05, (size, size))).astype(np.uint16) for _ in range(number)
    ]


def calc(bench, images, **params):
    function = bench.out("P1_IllumDNA.npy", plate="P1", channel="DNA")
    assert bench.run("illum-calc", {"images": images}, {"illum": [function]}, params) == 0
    return function


def test_flat_field_is_recovered(bench):
    files = [
        bench.image(f"A01_s{i}_DNA.tif", p, plate="P1", well="A01", site=i, channel="DNA")
        for i, p in enumerate(photographs(12))
    ]
    function = calc(bench, files, smoothing=0.05)
    loaded = np.load(function[0])
    assert loaded.dtype == np.float32
    assert loaded.min() == 1.0
    corrected = [bench.out(f"{p.stem}_Corr.tiff", **v) for p, v in files]
    assert bench.run("illum-apply", {"images": files, "illum": [function]}, {"corrected": corrected}) == 0
    mean = np.mean([tifffile.imread(p) for p, _ in corrected], axis=0)[8:-8, 8:-8]
    before = np.mean(photographs(12), axis=0)[8:-8, 8:-8]
    assert before.std() / before.mean() > 0.06
    assert mean.std() / mean.mean() < 0.025  # the noise of twelve images alone is 0.014


def test_each_channel_and_cycle_has_its_own_images(bench):
    def flat(name, value, **values):
        halves = np.full((20, 20), value, np.uint16)
        halves[:, 10:] *= 2
        return bench.image(name, halves, plate="P1", **values)

    files = [
        flat("a.tif", 100, well="A01", channel="DNA", cycle="1"),
        bench.image("b.tif", np.full((20, 20), 7, np.uint16), plate="P1", well="A01", channel="DNA", cycle="2"),
    ]
    outputs = [bench.out(f"c{c}.npy", plate="P1", channel="DNA", cycle=c) for c in ("1", "2")]
    assert bench.run("illum-calc", {"images": files}, {"illum": outputs}, {"smoothing": 0}) == 0
    first, second = (np.load(path) for path, _ in outputs)
    assert first[:, 10:].min() == 2.0
    assert (second == 1).all()


def test_blank_images_have_a_function_of_ones(bench):
    files = [bench.image("a.tif", np.zeros((16, 16), np.uint16), plate="P1", channel="DNA")]
    assert (np.load(calc(bench, files)[0]) == 1).all()


def test_same_images_same_bytes(bench):
    files = [bench.image("a.tif", photographs(1)[0], plate="P1", well="A01", site=1, channel="DNA")]
    function = calc(bench, files)
    corrected = bench.out("c.tiff", **files[0][1])
    seen = set()
    for _ in range(2):
        calc(bench, files)
        assert bench.run("illum-apply", {"images": files, "illum": [function]}, {"corrected": [corrected]}) == 0
        seen.add((function[0].read_bytes(), corrected[0].read_bytes()))
    assert len(seen) == 1


@settings(max_examples=50, deadline=None)
@given(arrays.arrays(np.float64, (6, 9), elements=st.floats(0, 65535)), st.floats(0, 0.5))
def test_a_function_is_finite_and_at_least_one(mean, smoothing):
    function = illum_calc.illumination(mean, smoothing)
    assert function.shape == mean.shape
    assert np.isfinite(function).all()
    assert function.min() >= 1.0


@settings(max_examples=50, deadline=None)
@given(
    arrays.arrays(st.sampled_from([np.uint8, np.uint16]), (4, 5)),
    arrays.arrays(np.float32, (4, 5), elements=st.floats(0, 4, width=32)),
)
def test_division_keeps_type_and_range(image, function):
    result = illum_apply.divide(image, function)
    assert result.dtype == image.dtype
    brightening = (function > illum_apply.DARKEST) & (function < 1)
    assert (result[~brightening] <= image[~brightening]).all()
    assert (result[brightening] >= image[brightening]).all()


def test_division_clips_instead_of_wrapping_round():
    bright = np.full((2, 2), 60000, np.uint16)
    assert (illum_apply.divide(bright, np.full((2, 2), 0.5, np.float32)) == 65535).all()


def test_images_that_differ_in_size_are_named(bench):
    files = [
        bench.image("small.tif", np.ones((8, 9), np.uint16), site=1, channel="DNA"),
        bench.image("large.tif", np.ones((8, 10), np.uint16), site=2, channel="DNA"),
    ]
    sentence = bench.refusal("illum-calc", {"images": files}, {"illum": [bench.out("f.npy", channel="DNA")]})
    assert "large.tif: is 10 x 8 pixels, but small.tif is 9 x 8" in sentence


def test_a_function_of_another_size_is_named(bench):
    image = bench.image("a.tif", np.ones((8, 8), np.uint16), site=1, channel="DNA")
    function = bench.image("f.npy", np.ones((4, 4), np.float32), channel="DNA")
    sentence = bench.refusal(
        "illum-apply", {"images": [image], "illum": [function]}, {"corrected": [bench.out("c.tiff", **image[1])]}
    )
    assert "a.tif: is 8 x 8 pixels, but its illumination function f.npy is 4 x 4" in sentence


def test_a_channel_without_a_function_is_named(bench):
    image = bench.image("a.tif", np.ones((8, 8), np.uint16), site=1, channel="GFP")
    function = bench.image("f.npy", np.ones((8, 8), np.float32), channel="DNA")
    sentence = bench.refusal(
        "illum-apply", {"images": [image], "illum": [function]}, {"corrected": [bench.out("c.tiff", **image[1])]}
    )
    assert "c.tiff: needs one illumination function, found 0" in sentence


def test_planes_that_one_output_stands_for_are_named_with_the_ways_out(bench):
    flat = np.ones((8, 8), np.uint16)
    images = [bench.image(f"p{z}.tif", flat, site=1, z=z, channel="DNA") for z in (1, 2)]
    function = bench.image("f.npy", np.ones((8, 8), np.float32), channel="DNA")
    given = {"images": images, "illum": [function]}
    sentence = bench.refusal("illum-apply", given, {"corrected": [bench.out("c.tiff", site=1, channel="DNA")]})
    assert (
        "c.tiff: needs one image, found 2 (p1.tif, p2.tif); they differ in z: write `{z}` into the output's" in sentence
    )
    assert "`imaging.project`" in sentence
    bench.run(
        "illum-apply", given, {"corrected": [bench.out(f"c{z}.tiff", site=1, z=z, channel="DNA") for z in (1, 2)]}
    )


@pytest.mark.parametrize("content", [b"", b"not a picture", b"II*\x00\x08\x00\x00\x00"])
def test_a_damaged_image_is_named(bench, content):
    image = bench.image("broken.tif", np.ones((8, 8), np.uint16), channel="DNA")
    image[0].write_bytes(content)
    sentence = bench.refusal("illum-calc", {"images": [image]}, {"illum": [bench.out("f.npy", channel="DNA")]})
    assert "broken.tif: cannot be read as an image" in sentence


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_an_image_cut_short_is_named(bench, compression):
    image = bench.image("short.tif", np.ones((8, 8), np.uint16), channel="DNA")
    tifffile.imwrite(image[0], photographs(1)[0], compression=compression)
    image[0].write_bytes(image[0].read_bytes()[:-500])
    sentence = bench.refusal("illum-calc", {"images": [image]}, {"illum": [bench.out("f.npy", channel="DNA")]})
    assert "short.tif: cannot be read as an image: the file is cut short" in sentence


def test_a_missing_image_a_stack_and_a_nan_are_named(bench):
    stack = bench.image("stack.npy", np.ones((3, 8, 8), np.uint16), channel="DNA")
    nan = bench.image("nan.npy", np.full((8, 8), np.nan, np.float32), channel="DNA")
    missing = (bench.folder / "gone.tif", {"channel": "DNA"})
    for image, clause in ((stack, "has 3 axes"), (nan, "not numbers"), (missing, "gone.tif: no such file")):
        sentence = bench.refusal("illum-calc", {"images": [image]}, {"illum": [bench.out("f.npy", channel="DNA")]})
        assert clause in sentence


@pytest.mark.parametrize("smoothing", [-1, 2, "much", True, None])
def test_a_bad_parameter_is_told(bench, smoothing):
    image = bench.image("a.tif", np.ones((8, 8), np.uint16), channel="DNA")
    sentence = bench.refusal(
        "illum-calc", {"images": [image]}, {"illum": [bench.out("f.npy", channel="DNA")]}, {"smoothing": smoothing}
    )
    assert "`smoothing`" in sentence


def test_a_compression_that_nothing_reads_is_named_and_a_stack_is_never_its_first_plane(tmp_path, monkeypatch):
    planes = np.arange(2 * 16 * 16, dtype=np.uint16).reshape(2, 16, 16)
    for name, data, compression in (("stack", planes, "lzw"), ("xr", planes[0], "jpegxr"), ("zstd", planes[0], "zstd")):
        tifffile.imwrite(tmp_path / f"{name}.tif", data, compression=compression)
    assert (pixels.read(tmp_path / "stack.tif") == planes).all()
    assert (pixels.read(tmp_path / "xr.tif") == planes[0]).all()
    monkeypatch.setattr(tifffile.TIFF, "DECOMPRESSORS", {tifffile.COMPRESSION.NONE})  # as without imagecodecs
    for name, compression in (("stack", "LZW"), ("xr", "JPEGXR"), ("zstd", "ZSTD")):
        said = f"{name}.tif: its planes are compressed by {compression}, which only imagecodecs reads"
        with pytest.raises(DataError, match=said):
            pixels.read(tmp_path / f"{name}.tif")


def test_lzw_is_read_without_extra_decoders(tmp_path):
    from PIL import Image

    expected = photographs(1)[0]
    Image.fromarray(expected).save(tmp_path / "lzw.tif", compression="tiff_lzw")
    assert (pixels.read_plane(tmp_path / "lzw.tif") == expected).all()


def test_a_unit_file_that_is_none(tmp_path, capsys):
    from platerunner_unit.imaging.__main__ import main

    for text in ("", "[]", '{"unit": "x"}', '{"unit": "x", "inputs": {"a": [{}]}, "outputs": {}}'):
        (tmp_path / "unit.json").write_text(text)
        assert main(["illum-calc", str(tmp_path / "unit.json")]) == 1
        assert "not a unit file" in capsys.readouterr().err


@pytest.mark.parametrize("program", ["illum-calc", "illum-apply", "segment-measure"])
def test_two_files_with_the_same_values_are_refused(bench, program):
    """A second measurement must not be averaged with the first, nor take its place."""
    files = [
        bench.image(f"{day}.tif", np.full((20, 20), 9, np.uint16), plate="P1", well="A01", site="1", channel="DNA")
        for day in ("monday", "tuesday")
    ]
    inputs = {"images": files, "illum": [bench.image("f.npy", np.ones((20, 20)), channel="DNA")]}
    said = bench.refusal(program, inputs, {"illum": [bench.out("f2.npy", channel="DNA")]})
    assert (
        "two files with the same values (plate P1, well A01, site 1, channel DNA): monday.tif and tuesday.tif" in said
    )
