"""The synthetic Cell Painting plate: same bytes every time, as many cells as it says, and treatments that show."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy import ndimage

from platerunner.local.painted_plate import CHANNELS, PaintedSite, make_plate, write_platemap, write_samplesheet


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[PaintedSite]]:
    folder = tmp_path_factory.mktemp("painted")
    return folder, make_plate(folder, replicates=1, size=128)


def image(folder: Path, site: PaintedSite, channel: str) -> np.ndarray:
    return tifffile.imread(folder / "images" / site.plate / f"{site.well}_s{site.site}_{channel}.tiff").astype(float)


def test_nuclei_can_be_counted_and_are_as_many_as_said(painted: tuple[Path, list[PaintedSite]]) -> None:
    folder, sites = painted
    counted = [ndimage.label(image(folder, site, "DNA") > 1500)[1] for site in sites]
    assert counted == [site.cells for site in sites]
    assert min(counted) > 0


def test_treatments_show_in_the_channel_that_they_change(painted: tuple[Path, list[PaintedSite]]) -> None:
    folder, sites = painted
    of = {site.treatment: site for site in sites}
    area = {name: (image(folder, site, "DNA") > 1500).sum() / site.cells for name, site in of.items()}
    assert area["large nuclei"] > 1.3 * area["DMSO"]
    mito = {name: image(folder, site, "Mito").max() for name, site in of.items()}
    assert mito["bright mitochondria"] > 1.5 * mito["DMSO"]


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    def digests(folder: Path, seed: int) -> list[str]:
        make_plate(folder, replicates=1, size=128, seed=seed)
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*.tiff"))]

    first, again, other = digests(tmp_path / "a", 7), digests(tmp_path / "b", 7), digests(tmp_path / "c", 8)
    assert first == again
    assert not set(first) & set(other)


def test_the_samplesheet_names_every_image_and_the_plate_map_every_well(
    painted: tuple[Path, list[PaintedSite]], tmp_path: Path
) -> None:
    folder, sites = painted
    sheet, platemap = write_samplesheet(tmp_path / "s.csv", sites), write_platemap(tmp_path / "p.csv", sites)
    rows = list(csv.DictReader(sheet.open()))
    assert sorted(row["path"] for row in rows) == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*.tiff")
    )
    assert len(rows) == len(sites) * len(CHANNELS)
    assert [row["well_position"] for row in csv.DictReader(platemap.open())] == ["A01", "B01", "C01", "D01"]


@pytest.mark.parametrize("wrong", [{"replicates": 0}, {"replicates": 25}, {"sites": 0}, {"size": 127}])
def test_numbers_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 128 pixels"):
        make_plate(tmp_path, **wrong)
