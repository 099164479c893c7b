"""report: what a person looks at before profiles are used, as pictures, a page and numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from PIL import Image

from platerunner_unit.cytomining import components, correlation, embedding
from platerunner_unit.cytomining.levels import COUNT, Frame, features_of, metadata_of, read_level
from platerunner_unit.cytomining.sources import PLATE, WELL
from platerunner_unit.imaging import drawing, heatmap
from platerunner_unit.imaging.page import Page, Section, table
from platerunner_unit.imaging.plate_report import nearest
from platerunner_unit.imaging.unit import DataError, Unit


def run(unit: Unit) -> None:
    """Write outputs ``correlation``, ``heatmaps``, ``components``, ``umap`` (PNG), ``page`` (HTML), ``numbers`` (JSON).

    :param unit: input ``profiles``, and ``measured`` for features that selection left out; parameters ``replicates``
        (columns), ``features`` and ``min_correlation``.
    :raises DataError: if a column that is asked for is not there, or replicates correlate less than they must.
    """
    profiles = read_level(unit, "profiles")
    treatments = _treatments(unit, profiles)
    pairs = correlation.of_pairs(profiles, treatments)
    spread = components.of_wells(profiles)
    maps = _heatmaps(unit, read_level(unit, "measured") if unit.inputs.get("measured") else profiles)
    pictures = {
        "correlation": correlation.draw(pairs),
        "heatmaps": _stacked([each.picture for each in maps if each.picture]),
        "components": _by_plate_and_treatment(spread, profiles, treatments),
    }
    if unit.output("umap"):  # only then: it takes longest
        pictures["umap"] = _by_plate_and_treatment(embedding.of_wells(profiles), profiles, treatments)
    _check_bound(unit, pairs)
    numbers = {"wells": len(profiles), "features": len(features_of(profiles)), **pairs.numbers(), **spread.numbers()}
    for name, picture in pictures.items():
        if target := unit.output(name):
            drawing.save_png(picture, target.path)
    _write_page(unit, numbers, pictures, maps, pairs)
    if target := unit.output("numbers"):
        target.path.parent.mkdir(parents=True, exist_ok=True)
        target.path.write_text(json.dumps(numbers, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _check_bound(unit: Unit, pairs: correlation.Pairs) -> None:
    """Hold the replicates against the bound below which nobody wants to go on."""
    bound, found = unit.params.get("min_correlation"), pairs.numbers()["replicate_correlation"]
    if bound is None:
        return
    if found is None:
        raise DataError(f"{unit.name}: there are no replicates, so nothing can be said against `min_correlation`")
    if found < float(bound):
        raise DataError(
            f"{unit.name}: replicates correlate by {found:.2f} in the median, less than `min_correlation: {bound}`; "
            "look at the plates' heat maps, or lower the bound"
        )


def _treatments(unit: Unit, profiles: Frame) -> list[str]:
    known = {name.removeprefix("Metadata_").lower(): name for name in metadata_of(profiles)}
    named = [str(name) for name in unit.params.get("replicates") or ()]
    columns = [known.get(name.removeprefix("Metadata_").lower()) for name in named]
    if not named or None in columns:
        shown = ", ".join(name.removeprefix("Metadata_") for name in metadata_of(profiles))
        raise DataError(f"{unit.name}: `replicates: {named}` must name columns of the profiles; there are {shown}")
    return [", ".join(map(str, row)) for row in profiles[columns].itertuples(index=False)]


def _heatmaps(unit: Unit, measured: Frame) -> list[Section]:
    wanted = [str(name) for name in unit.params.get("features") or [COUNT] if name in measured or name != COUNT]
    for feature in wanted:
        if feature not in measured:
            raise DataError(f"{unit.name}: the profiles have no `{feature}`{nearest(feature, list(measured.columns))}")
    return [_heatmap(rows, plate, name) for name in wanted for plate, rows in measured.groupby(PLATE)]


def _heatmap(rows: Frame, plate: str, feature: str) -> Section:
    values = {well: float(value) for well, value in zip(rows[WELL], rows[feature], strict=True) if value == value}
    title = feature.removeprefix("Metadata_").replace("_", " ")
    return Section(f"{title} over plate {plate}", picture=heatmap.draw(plate, values, title))


def _by_plate_and_treatment(spread: components.Spread, profiles: Frame, treatments: Sequence[str]) -> Image.Image:
    groups = {"plate": list(profiles[PLATE]), "treatment": treatments}
    return _stacked([components.draw(spread, group, what) for what, group in groups.items()])


def _stacked(pictures: Sequence[Image.Image]) -> Image.Image:
    width = max([1, *(each.width for each in pictures)])
    image = Image.new("RGB", (width, max(1, sum(each.height for each in pictures))), heatmap.PAPER)
    top = 0
    for each in pictures:
        image.paste(each, (0, top))
        top += each.height
    return image


def _write_page(
    unit: Unit, numbers: dict[str, Any], pictures: dict[str, Image.Image], maps: Sequence[Section], pairs: Any
) -> None:
    target = unit.output("page")
    if target is None:
        return
    sections = [
        Section("Correlation of replicates", pairs.sentence(), picture=pictures["correlation"]),
        table("Treatments", pairs.by_treatment()),
        Section("All wells, by plate and by treatment", picture=pictures["components"]),
        *([Section("The same by UMAP", picture=pictures["umap"])] if "umap" in pictures else ()),
        *maps,
    ]
    subtitle = f"{numbers['wells']:,} wells, {numbers['features']:,} features"
    target.path.parent.mkdir(parents=True, exist_ok=True)
    target.path.write_text(Page(f"Profiles of {unit.name}", subtitle, (), sections).html(), encoding="utf-8")
