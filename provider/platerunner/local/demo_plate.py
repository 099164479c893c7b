"""A small synthetic plate for the demo: two channels, uneven light, and more cells from well to well."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

CHANNELS = ("DNA", "GFP")
WELLS = ("B02", "B03", "B04", "C02", "C03", "C04")
FEWEST, MOST = 10, 46  # nuclei per site of 256 x 256 pixels, first and last well
EDGE = 16  # cells also lie this far outside of the image, so that its borders cut some
BACKGROUND = 400.0  # camera offset and stray light, in counts

Plane = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Light:
    """Uneven light of a channel: brightest at a point, falling off with the square of the distance.

    :param centre: row and column as shares of the image's size.
    :param loss: share of light lost at a distance of one image side.
    """

    centre: tuple[float, float]
    loss: float

    def over(self, size: int) -> Plane:
        """The light as a factor from 0 to 1.

        :param size: side in pixels.
        """
        rows, columns = np.mgrid[0:size, 0:size] / size
        light: Plane = 1.0 - self.loss * ((rows - self.centre[0]) ** 2 + (columns - self.centre[1]) ** 2)
        return light


LIGHT = {"DNA": Light((0.45, 0.40), 0.75), "GFP": Light((0.60, 0.65), 0.55)}


def make_plate(
    folder: Path, *, plate: str = "Demo1", wells: int = 6, sites: int = 4, size: int = 256, seed: int = 7
) -> Path:
    """Write a plate as ``{plate}/{well}_s{site}_{channel}.tif``, 16 bit; files with the right bytes stay untouched.

    :param folder: the data root.
    :param plate: its name, which also varies the cells.
    :param wells: how many, 1 to 6: B02..B04, then C02..C04.
    :param sites: per well.
    :param size: side of an image in pixels, at least 64.
    :param seed: same seed, same bytes.
    :returns: the plate's folder.
    :raises ValueError: if a number is out of its range.
    """
    if not 1 <= wells <= len(WELLS) or sites < 1 or size < 64:
        raise ValueError(f"a demo plate has 1 to {len(WELLS)} wells, at least 1 site and at least 64 pixels a side")
    target = folder / plate
    target.mkdir(parents=True, exist_ok=True)
    for index, well in enumerate(WELLS[:wells]):
        for site in range(1, sites + 1):
            random = np.random.default_rng([seed, zlib.crc32(plate.encode()), index, site])
            density = (FEWEST + (MOST - FEWEST) * index / (len(WELLS) - 1)) / 256**2
            cells = round(density * random.uniform(0.85, 1.15) * (size + 2 * EDGE) ** 2)
            for channel, pixels in _site(random, cells, size).items():
                write_image(target / f"{well}_s{site}_{channel}.tif", pixels)
    return target


def _site(random: np.random.Generator, cells: int, size: int) -> dict[str, NDArray[np.uint16]]:
    signal = {channel: np.zeros((size, size)) for channel in CHANNELS}
    for row, column in _centres(random, cells, size):
        _add_cell(random, signal, row, column)
    return {channel: photograph(random, signal[channel], LIGHT[channel]) for channel in CHANNELS}


def _centres(random: np.random.Generator, cells: int, size: int) -> list[tuple[float, float]]:
    """Random places at least 15 pixels apart, as far as there is room: neighbours may touch, never coincide."""
    placed: list[tuple[float, float]] = []
    for row, column in random.uniform(-EDGE, size + EDGE, (cells * 20, 2)):
        if len(placed) < cells and all((row - r) ** 2 + (column - c) ** 2 > 15**2 for r, c in placed):
            placed.append((float(row), float(column)))
    return placed


def _add_cell(random: np.random.Generator, signal: dict[str, Plane], row: float, column: float) -> None:
    angle, stretch = random.uniform(0, np.pi), random.uniform(1.0, 1.35)
    radius = random.uniform(6.0, 8.0)
    size = signal["DNA"].shape[0]
    top, left = int(row), int(column)
    window = slice(max(0, top - 44), min(size, top + 44)), slice(max(0, left - 44), min(size, left + 44))
    rows, columns = np.mgrid[window]
    along = (rows - row) * np.cos(angle) + (columns - column) * np.sin(angle)
    across = (columns - column) * np.cos(angle) - (rows - row) * np.sin(angle)
    distance = np.hypot(along / stretch, across * stretch**0.5)
    nucleus = 1 / (1 + np.exp((distance - radius) / 0.8))  # an edge as soft as a 20x objective's
    texture = 1 + 0.1 * np.sin(along * 0.55 + 3 * angle) * np.cos(across * 0.7 + angle)
    signal["DNA"][window] += random.uniform(5000, 9000) * nucleus * texture
    cytoplasm = np.exp(-((distance / (radius * 1.9)) ** 2))
    signal["GFP"][window] += random.lognormal(8.0, 0.35) * cytoplasm * (1 - 0.55 * nucleus)


def photograph(random: np.random.Generator, signal: Plane, light: Light) -> NDArray[np.uint16]:
    """What a camera makes of a channel: light, shot noise at 4 counts per photon, and read noise of 12 counts.

    :param signal: counts without noise, under even light.
    :param light: of the channel.
    """
    counts = (signal + BACKGROUND) * light.over(signal.shape[0])
    noisy = random.poisson(counts / 4) * 4 + random.normal(0, 12, counts.shape)
    return np.clip(np.rint(noisy), 0, 65535).astype(np.uint16)


def write_image(path: Path, pixels: NDArray[np.uint16]) -> None:
    """Write a TIFF; a file that has the right bytes stays untouched.

    :param path: of the image.
    :param pixels: 16 bit.
    """
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, metadata=None, software=False, photometric="minisblack")
    content = buffer.getvalue()
    if path.is_file() and path.read_bytes() == content:
        return
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)
