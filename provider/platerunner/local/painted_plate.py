"""A small synthetic Cell Painting plate: five channels, treatments that change cells in known ways, known counts."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from platerunner.local.demo_plate import Light, Plane, photograph, write_image

CHANNELS = ("DNA", "ER", "RNA", "AGP", "Mito")
COLUMNS = ("path", "plate", "well", "site", "channel", "treatment", "control")
SPACING = 42.0  # pixels between the places of two cells: they never touch
JITTER = 3.0  # pixels by which a cell may lie beside its place

LIGHT = {
    "DNA": Light((0.45, 0.40), 0.60),
    "ER": Light((0.55, 0.60), 0.50),
    "RNA": Light((0.50, 0.45), 0.55),
    "AGP": Light((0.40, 0.55), 0.45),
    "Mito": Light((0.60, 0.50), 0.65),
}


@dataclass(frozen=True, slots=True)
class Treatment:
    """What a treatment does to cells.

    :param nucleus: factor of the nucleus's radius.
    :param cell: factor of the cell's radius.
    :param stains: channel to a factor of its brightness.
    :param alive: share of the places that have a cell.
    """

    nucleus: float = 1.0
    cell: float = 1.0
    stains: Mapping[str, float] | None = None
    alive: float = 0.8


CONTROL = "DMSO"
TREATMENTS: Mapping[str, Treatment] = {
    CONTROL: Treatment(),
    "large nuclei": Treatment(nucleus=1.3),
    "bright mitochondria": Treatment(stains={"Mito": 2.0}),
    "few small cells": Treatment(cell=0.8, alive=0.4),
}


@dataclass(frozen=True, slots=True)
class PaintedSite:
    """A site of a plate.

    :param cells: how many it has; all lie within the image.
    """

    plate: str
    well: str
    site: int
    treatment: str
    cells: int


def is_control(site: PaintedSite) -> bool:
    """Whether nothing was done to its cells."""
    return site.treatment == CONTROL


def make_plate(
    folder: Path,
    *,
    plate: str = "Painted1",
    treatments: Sequence[str] = tuple(TREATMENTS),
    replicates: int = 2,
    sites: int = 1,
    size: int = 256,
    seed: int = 7,
) -> list[PaintedSite]:
    """Write a plate as ``images/{plate}/{well}_s{site}_{channel}.tiff``, 16 bit; right bytes stay untouched.

    :param folder: the data root.
    :param plate: its name, which also varies the cells.
    :param treatments: of :data:`TREATMENTS`.
    :param replicates: wells per treatment, 1 to 24; rows are treatments, columns replicates.
    :param sites: per well.
    :param size: side of an image in pixels, at least 128.
    :param seed: same seed, same bytes.
    :returns: its sites with what is in them, in the order of wells.
    :raises ValueError: if a number is out of its range.
    """
    if not 1 <= replicates <= 24 or sites < 1 or size < 128:
        raise ValueError("a painted plate has 1 to 24 replicates, at least 1 site and at least 128 pixels a side")
    painted = []
    for row, treatment in enumerate(treatments):
        for column in range(replicates):
            well = f"{chr(ord('A') + row)}{column + 1:02d}"
            for site in range(1, sites + 1):
                random = np.random.default_rng([seed, zlib.crc32(plate.encode()), row, column, site])
                cells = _paint(random, TREATMENTS[treatment], folder / "images" / plate / f"{well}_s{site}", size)
                painted.append(PaintedSite(plate, well, site, treatment, cells))
    return painted


def write_samplesheet(path: Path, sites: Iterable[PaintedSite]) -> Path:
    """Write a table with a row per image, as labs hand it in.

    :param path: of the samplesheet; images are named from the data root.
    :param sites: of all plates.
    """
    rows = [
        (
            f"images/{s.plate}/{s.well}_s{s.site}_{c}.tiff",
            s.plate,
            s.well,
            s.site,
            c,
            s.treatment,
            s.treatment == CONTROL,
        )
        for s in sites
        for c in CHANNELS
    ]
    _write_table(path, COLUMNS, rows)
    return path


def write_platemap(path: Path, sites: Iterable[PaintedSite]) -> Path:
    """Write what is in each well of a plate.

    :param path: of the plate map.
    :param sites: of one plate, or of plates that are laid out alike.
    """
    wells = {s.well: (s.well, s.treatment, is_control(s)) for s in sites}
    _write_table(path, ("well_position", "treatment", "control"), list(wells.values()))
    return path


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([str(cell) for cell in row] for row in rows)


def _paint(random: np.random.Generator, treatment: Treatment, stem: Path, size: int) -> int:
    """Write the images of a site; returns its number of cells."""
    signal = {channel: np.zeros((size, size)) for channel in CHANNELS}
    places = [place for place in _places(size) if random.uniform() < treatment.alive]
    for row, column in places:
        shift = random.uniform(-JITTER, JITTER, 2)
        _add_cell(random, signal, treatment, row + shift[0], column + shift[1])
    stem.parent.mkdir(parents=True, exist_ok=True)
    for channel in CHANNELS:
        pixels = photograph(random, signal[channel], LIGHT[channel])
        write_image(stem.with_name(f"{stem.name}_{channel}.tiff"), pixels)
    return len(places)


def _places(size: int) -> list[tuple[float, float]]:
    """A grid that keeps half a spacing from the border."""
    count = int(size // SPACING)
    first = (size - (count - 1) * SPACING) / 2
    along = [first + index * SPACING for index in range(count)]
    return [(row, column) for row in along for column in along]


def _add_cell(
    random: np.random.Generator, signal: Mapping[str, Plane], treatment: Treatment, row: float, column: float
) -> None:
    size = signal["DNA"].shape[0]
    rows, columns = np.mgrid[0:size, 0:size]
    distance = np.hypot(rows - row, columns - column)
    angle = np.arctan2(rows - row, columns - column) + random.uniform(0, 2 * np.pi)
    radius = random.uniform(6.2, 7.2) * treatment.nucleus
    reach = random.uniform(12.0, 14.0) * treatment.cell * (1 + 0.08 * np.sin(3 * angle))
    nucleus, body = _disc(distance, radius), _disc(distance, reach)
    cytoplasm = body - nucleus * body
    stains = {
        "DNA": 7000 * nucleus,
        "ER": 3500 * cytoplasm + 700 * nucleus,
        "RNA": 3000 * cytoplasm + 1800 * nucleus + 4000 * _disc(distance, radius / 3),
        "AGP": 2500 * cytoplasm + 3000 * body * np.exp(-(((distance - reach) / 2.0) ** 2)),
        "Mito": 4500 * cytoplasm * (0.6 + 0.4 * np.sin(6 * angle + distance / 2)),
    }
    for channel, stain in stains.items():
        factor = (treatment.stains or {}).get(channel, 1.0)
        signal[channel][:] += stain * factor * random.lognormal(0.0, 0.12)


def _disc(distance: Plane, radius: float | Plane) -> Plane:
    """1 inside, 0 outside, with an edge as soft as a 20x objective's."""
    disc: Plane = 1 / (1 + np.exp((distance - radius) / 0.8))
    return disc
