"""segment-measure: nuclei, their areas and intensities, under CellProfiler's column names."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Optional, Union

import numpy as np
import scipy.ndimage
import skimage.feature
import skimage.filters
import skimage.measure
import skimage.segmentation
from numpy.typing import NDArray

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.contract.wells import plate_order
from platerunner_unit.imaging.pixels import Pixels, full_scale, read_file
from platerunner_unit.imaging.unit import DataError, File, Unit

_ndimage: Any = scipy.ndimage  # SciPy and scikit-image carry no types
_skimage: Any = skimage

Cell = Union[str, int, float]
Row = dict[str, Cell]
Labels = NDArray[np.int32]

# Otsu splits pure noise, too, into halves 2.7 (robust) deviations of the darker half apart; nuclei are far above that.
LEAST_CONTRAST = 5.0


@dataclass(frozen=True)
class Settings:
    """How nuclei are found.

    :param nuclei: channel that shows them.
    :param min_area: in pixels; smaller objects are dropped.
    :param smoothing: sigma of the gaussian before thresholding, in pixels.
    """

    nuclei: str
    min_area: int
    smoothing: float


def run(unit: Unit) -> None:
    """Write output ``image`` (a row per image set) and ``nuclei`` (a row per nucleus); either may be absent.

    :param unit: input ``images``; parameters ``nuclei`` (channel), ``min_area`` and ``smoothing``.
    :raises DataError: if an image set lacks a channel or its images differ in shape.
    """
    files = unit.images("images")
    channels = sorted({file.values.get("channel", "") for file in files}, key=natural_key)
    settings = _settings(unit, channels)
    image_rows: list[Row] = []
    object_rows: list[Row] = []
    for number, (key, chosen) in enumerate(_image_sets(files), start=1):
        head: Row = {"ImageNumber": number, **{f"Metadata_{name.capitalize()}": value for name, value in key}}
        image_row, objects = _measure(chosen, channels, settings)
        image_rows.append({**head, **image_row})
        object_rows += [{**head, **row} for row in objects]
    _write(unit.output("image"), image_rows, list(image_rows[0]))
    _write(unit.output("nuclei"), object_rows, _object_columns(image_rows[0], channels))


def segment(pixels: Pixels, min_area: int, smoothing: float) -> tuple[Labels, float]:
    """Label nuclei: gaussian, Otsu (IEEE Trans. SMC 9:62, 1979), then a watershed on the distance to the edge.

    :param pixels: 2-D.
    :param min_area: in pixels.
    :param smoothing: sigma in pixels.
    :returns: labels 1..n (0 is background), and the threshold in the image's own units.
    """
    smooth = _ndimage.gaussian_filter(pixels.astype(np.float64), smoothing)
    threshold = float(_skimage.filters.threshold_otsu(smooth))
    mask = smooth > threshold
    if not _stands_out(smooth, mask):
        return np.zeros(pixels.shape, dtype=np.int32), threshold
    mask = _ndimage.binary_fill_holes(_ndimage.binary_opening(mask, iterations=1))
    return _split(mask, min_area), threshold


def _stands_out(smooth: NDArray[np.float64], mask: NDArray[np.bool_]) -> bool:
    if not mask.any() or mask.all():
        return False
    dark = smooth[~mask]
    centre = np.median(dark)
    deviation = 1.4826 * np.median(np.abs(dark - centre))
    return bool(smooth[mask].mean() - centre > LEAST_CONTRAST * deviation)


def _split(mask: NDArray[np.bool_], min_area: int) -> Labels:
    distance = _ndimage.gaussian_filter(_ndimage.distance_transform_edt(mask), 1.0)
    regions, _ = _ndimage.label(mask)
    reach = max(2, round(float(np.sqrt(min_area / np.pi))))
    peaks = _skimage.feature.peak_local_max(distance, min_distance=reach, labels=regions, exclude_border=False)
    markers = np.zeros(mask.shape, dtype=np.int32)
    markers[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return _renumber(_skimage.segmentation.watershed(-distance, markers, mask=mask), min_area)


def _renumber(labels: Labels, min_area: int) -> Labels:
    areas = np.bincount(labels.ravel())
    keep = np.flatnonzero(areas >= min_area)
    keep = keep[keep > 0]
    numbers = np.zeros(len(areas), dtype=np.int32)
    numbers[keep] = np.arange(1, len(keep) + 1)
    return numbers[labels]


def _settings(unit: Unit, channels: Sequence[str]) -> Settings:
    nuclei = str(unit.params.get("nuclei", channels[0]))
    if nuclei not in channels:
        raise DataError(
            f"{unit.name}: no images of channel `{nuclei}` (parameter `nuclei`); there are {', '.join(channels)}"
        )
    return Settings(nuclei, int(unit.number("min_area", 30, 1, 1e9)), unit.number("smoothing", 1.0, 0.0, 100.0))


def _image_sets(files: Iterable[File]) -> list[tuple[tuple[tuple[str, str], ...], list[File]]]:
    sets: dict[tuple[tuple[str, str], ...], list[File]] = {}
    for file in files:
        sets.setdefault(tuple((k, v) for k, v in sorted(file.values.items()) if k != "channel"), []).append(file)
    return sorted(sets.items(), key=lambda item: [(name, plate_order(value)) for name, value in item[0]])


def _measure(files: Sequence[File], channels: Sequence[str], settings: Settings) -> tuple[Row, list[Row]]:
    planes = _planes(files, channels)
    labels, threshold = segment(planes[settings.nuclei], settings.min_area, settings.smoothing)
    scale = full_scale(planes[settings.nuclei].dtype)
    row: Row = {"Count_Nuclei": int(labels.max()), "Threshold_FinalThreshold_Nuclei": threshold / scale}
    for channel, pixels in planes.items():
        row[f"Intensity_MeanIntensity_{channel}"] = float(pixels.mean()) / full_scale(pixels.dtype)
    return row, _objects(labels, planes)


def _planes(files: Sequence[File], channels: Sequence[str]) -> dict[str, Pixels]:
    by_channel = {file.values.get("channel", ""): file for file in files}
    missing = [channel for channel in channels if channel not in by_channel]
    if missing:
        raise DataError(f"{files[0].path.name}: its image set has no image of channel {', '.join(missing)}")
    planes = {channel: read_file(by_channel[channel]) for channel in channels}
    for channel, pixels in planes.items():
        if pixels.shape != planes[channels[0]].shape:
            names = by_channel[channel].path.name, by_channel[channels[0]].path.name
            raise DataError(f"{names[0]}: differs in size from {names[1]}; the images of a set must have one size")
    return planes


def _objects(labels: Labels, planes: dict[str, Pixels]) -> list[Row]:
    count = int(labels.max())
    if not count:
        return []
    shape = _skimage.measure.regionprops_table(labels, properties=("area", "centroid", "eccentricity"))
    columns: dict[str, Any] = {
        "ObjectNumber": range(1, count + 1),
        "AreaShape_Area": shape["area"].astype(int),
        "AreaShape_Eccentricity": shape["eccentricity"],
        "Location_Center_X": shape["centroid-1"],
        "Location_Center_Y": shape["centroid-0"],
    }
    for channel, pixels in planes.items():
        total = _ndimage.sum_labels(pixels / full_scale(pixels.dtype), labels, np.arange(1, count + 1))
        columns[f"Intensity_IntegratedIntensity_{channel}"] = total
        columns[f"Intensity_MeanIntensity_{channel}"] = total / shape["area"]
    return [{name: values[i] for name, values in columns.items()} for i in range(count)]


def _object_columns(image_row: Row, channels: Sequence[str]) -> list[str]:
    head = ["ImageNumber", "ObjectNumber", *(name for name in image_row if name.startswith("Metadata_"))]
    shape = ["AreaShape_Area", "AreaShape_Eccentricity", "Location_Center_X", "Location_Center_Y"]
    kinds = ("Intensity_IntegratedIntensity", "Intensity_MeanIntensity")
    return head + shape + [f"{kind}_{channel}" for kind in kinds for channel in channels]


def _write(output: Optional[File], rows: Sequence[Row], columns: Sequence[str]) -> None:
    if output is None:
        return
    output.path.parent.mkdir(parents=True, exist_ok=True)
    with output.path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(row[column]) for column in columns] for row in rows)


def _text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else f"{cell:.10g}"
