"""The demo plate: same bytes every time, and what the demo needs to show."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tifffile

from platerunner.local.demo_plate import LIGHT, make_plate


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_names_type_and_size(tmp_path: Path) -> None:
    folder = make_plate(tmp_path, size=64)
    assert folder == tmp_path / "Demo1"
    wells = ["B02", "B03", "B04", "C02", "C03", "C04"]
    expected = {f"{w}_s{s}_{c}.tif" for w in wells for s in (1, 2, 3, 4) for c in ("DNA", "GFP")}
    assert set(digests(folder)) == expected
    image = tifffile.imread(folder / "B02_s1_DNA.tif")
    assert (image.dtype, image.shape) == (np.uint16, (64, 64))


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    first, second = (digests(make_plate(tmp_path / name, wells=2, sites=1)) for name in ("a", "b"))
    assert first == second
    other = digests(make_plate(tmp_path / "c", wells=2, sites=1, seed=8))
    assert not set(first.values()) & set(other.values())
    assert len(set(first.values())) == 4


def test_a_complete_plate_is_left_alone_and_a_broken_one_fixed(tmp_path: Path) -> None:
    folder = make_plate(tmp_path, wells=2, sites=1)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    make_plate(tmp_path, wells=2, sites=1)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    whole = digests(folder)
    (folder / "B02_s1_DNA.tif").write_bytes(b"cut")
    (folder / "B03_s1_GFP.tif").unlink()
    make_plate(tmp_path, wells=2, sites=1)
    assert digests(folder) == whole


@pytest.mark.slow
def test_cells_become_more_and_light_is_uneven(tmp_path: Path) -> None:
    folder = make_plate(tmp_path)
    signal = {
        w: np.mean([tifffile.imread(folder / f"{w}_s{s}_DNA.tif") for s in (1, 2, 3, 4)]) for w in ("B02", "B04", "C04")
    }
    assert signal["B02"] < signal["B04"] < signal["C04"]
    for channel, light in LIGHT.items():
        field = light.over(256)
        images = [tifffile.imread(path) for path in folder.glob(f"*_{channel}.tif")]
        background = np.percentile(images, 5, axis=0)
        assert np.corrcoef(background.ravel(), field.ravel())[0, 1] > 0.8
        assert field.min() > 0.3
    assert abs(LIGHT["DNA"].over(256) - LIGHT["GFP"].over(256)).max() > 0.2


@pytest.mark.parametrize("bad", [{"wells": 0}, {"wells": 7}, {"sites": 0}, {"size": 10}])
def test_numbers_out_of_range(tmp_path: Path, bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="1 to 6 wells"):
        make_plate(tmp_path, **bad)
