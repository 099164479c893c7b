"""montage: a contact sheet for the person who decides at a gate, with the numbers that it shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw

from platerunner_unit.contract.unit_keys import natural_key
from platerunner_unit.imaging import drawing, functions, panel, plate_sheet, plots, sheet
from platerunner_unit.imaging.measured import measured
from platerunner_unit.imaging.page import Page, Section, table
from platerunner_unit.imaging.pixels import IMAGE_SUFFIXES
from platerunner_unit.imaging.sheet import MARGIN
from platerunner_unit.imaging.unit import DataError, File, Unit

INK, FAINT, PAPER = panel.INK, panel.FAINT, panel.PAPER
LIMIT, NARROWEST, DEFAULT_TILE = 4000, 640, 160
_HEADER, _NOTE, _NOTES_ROOM = 74, 14, 120


@dataclass
class Sheet:
    """What goes on the sheet, from top to bottom.

    :param parts: drawn panels.
    :param sections: of the page, which has more room.
    :param notes: sentences about what is not shown.
    :param numbers: see :func:`run`.
    """

    parts: list[Image.Image] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    numbers: dict[str, Any] = field(default_factory=dict)


def run(unit: Unit) -> None:
    """Write outputs ``montage`` (PNG), ``page`` (HTML) and ``numbers`` (JSON); each may be absent.

    Numbers: ``channels`` (per channel: images, min, median, p99, max, shown_from, shown_to), ``functions`` (per
    illumination function: min, max), ``columns`` (per column and plate: wells, min, median, max), ``alignment`` (per
    aligned image: sites, largest_shift, lowest_correlation, misaligned; and misaligned_sites), ``wells``, ``sites``,
    ``images``, ``told`` (per input: what its JSON files say), and ``left_out``: sentences about what is not on the
    sheet.

    :param unit: any inputs; TIFF, PNG and JPEG become tiles, but for plots (colour pictures of no well), which are
        shown whole; ``.npy`` become heat maps, per-image tables what the parameters ask of them, JSON its numbers,
        other files a note. Parameters: ``tile`` (largest tile in pixels), ``limit`` (largest side of the sheet in
        pixels), ``low`` and ``high`` (percentiles that become black and white), those of
        :func:`~platerunner_unit.imaging.measured.measured`.
    :raises DataError: if there is nothing to show among the inputs, or a file cannot be read.
    """
    files = _distinct(unit)
    images = {name: [file for file in found if _is_image(file)] for name, found in unit.inputs.items()}
    images = {name: found for name, found in images.items() if found}
    arrays = [file for file in files if file.path.suffix.lower() == ".npy"]
    tables = measured(unit, files)
    if not images and not arrays and not tables.used:
        raise DataError(f"{unit.name}: none of the {len(files)} inputs is a picture, so there is nothing to show")
    made = Sheet(numbers={"images": sum(map(len, images.values())), "channels": {}, "functions": {}})
    made.numbers.update(tables.numbers)
    told = [file for file in files if file.path.suffix.lower() == ".json"]
    made.numbers |= _told(unit, told)
    limit = int(unit.number("limit", LIMIT, 400, 20_000)) - 3 * MARGIN - _HEADER - _NOTES_ROOM
    named = len(images) > 1
    images = _add_plots(made, images, limit, alone=not arrays)
    _add_functions(made, arrays, limit - sum(part.height + MARGIN for part in made.parts))
    _add_images(
        made, unit, sheet.pictures(images, named=named), limit - sum(part.height + MARGIN for part in made.parts)
    )
    made.sections += tables.sections
    known = (*arrays, *tables.used, *told)
    _note_others(made, [file for file in files if file not in known and not _is_image(file)])
    _write(unit, made, files)


def _is_image(file: File) -> bool:
    return file.path.suffix.lower() in IMAGE_SUFFIXES


def _distinct(unit: Unit) -> list[File]:
    """All inputs, each file once, in natural order of their names."""
    files = {file.path: file for name in unit.inputs for file in unit.inputs[name]}
    return [files[path] for path in sorted(files, key=lambda path: natural_key(path.name))]


def _told(unit: Unit, files: Sequence[File]) -> dict[str, Any]:
    """The content of JSON files by input; where an input has several, also by the wildcards that differ."""
    told: dict[str, Any] = {}
    for name, inputs in unit.inputs.items():
        for file in inputs:
            if file in files:
                among = len(inputs) > 1 and " ".join(file.values.values())
                place = told.setdefault(name, {})
                (place.setdefault(among, {}) if among else place).update(_numbers_of(file))
    return {"told": told} if told else {}


def _numbers_of(file: File) -> dict[str, Any]:
    try:
        found = json.loads(file.path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file.path.name}: cannot be read as JSON: {error}") from error
    return found if isinstance(found, dict) else {"value": found}


def _add_plots(made: Sheet, images: Mapping[str, Sequence[File]], limit: int, *, alone: bool) -> dict[str, list[File]]:
    """Put the plots among the images on the sheet, in half of its height if there are others, and return the others."""
    drawn = plots.find(images, limit // 2)
    left = {name: [file for file in files if file not in drawn.values()] for name, files in images.items()}
    left = {name: files for name, files in left.items() if files}
    if drawn:
        read = {name: plots.read(file) for name, file in drawn.items()}
        made.parts.append(plots.draw(read, limit, limit if alone and not left else limit // 2))
        made.sections += [Section(name, picture=plot) for name, plot in read.items()]
    return left


def _add_functions(made: Sheet, arrays: Sequence[File], limit: int) -> None:
    if arrays:
        image, numbers, notes = functions.draw(arrays, limit)
        made.parts.append(image)
        made.notes += notes
        made.numbers["functions"] = numbers
        made.sections.append(Section("Illumination functions", picture=image))


def _add_images(made: Sheet, unit: Unit, found: Sequence[sheet.Picture], limit: int) -> None:
    if not found:
        return
    largest = int(unit.number("tile", DEFAULT_TILE, 16, 2048))
    low, high = unit.number("low", 1.0, 0, 100), unit.number("high", 99.8, 0, 100)
    made.numbers["wells"] = len({picture.place for picture in found})
    made.numbers["sites"] = len({(picture.place, picture.site) for picture in found})
    drawn = panel.draw(found, largest, limit, (low, high))
    made.parts.insert(0, drawn.image)
    made.notes = drawn.notes + made.notes
    made.numbers["channels"] = drawn.numbers
    shown = [Section(f"{name}, as on the plate", picture=each) for name, each in plate_sheet.sheets(drawn).items()]
    made.sections = [_levels(drawn.numbers), *shown, Section("All sites", picture=drawn.image), *made.sections]


def _levels(numbers: Mapping[str, Any]) -> Section:
    said = (
        "Of all images, shown or not. One contrast per channel over the whole sheet, from 'shown from' to 'shown to'."
    )
    return table("Channels", {name or "images": each for name, each in numbers.items()}, said)


def _note_others(made: Sheet, others: Sequence[File]) -> None:
    if others:
        names = sorted({file.path.name for file in others}, key=natural_key)
        named = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        what = "input is no picture" if len(others) == 1 else "inputs are no pictures"
        made.notes.append(f"{len(others)} {what} ({named}).")
    made.numbers["left_out"] = made.notes


def _write(unit: Unit, made: Sheet, files: Sequence[File]) -> None:
    montage, page, numbers = unit.output("montage"), unit.output("page"), unit.output("numbers")
    title, subtitle = _title(unit, files), _subtitle(made)
    if montage:
        drawing.save_png(_assemble(title, subtitle, made), montage.path)
    if page:
        page.path.parent.mkdir(parents=True, exist_ok=True)
        page.path.write_text(Page(title, subtitle, made.notes, made.sections).html(), encoding="utf-8")
    if numbers:
        numbers.path.parent.mkdir(parents=True, exist_ok=True)
        numbers.path.write_text(json.dumps(made.numbers, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _title(unit: Unit, files: Sequence[File]) -> str:
    plates = sorted({file.values["plate"] for file in files if "plate" in file.values}, key=natural_key)
    what = ", ".join(name.replace("_", " ") for name in unit.inputs)
    where = f"Plate {plates[0]}" if len(plates) == 1 else f"{len(plates)} plates" if plates else unit.name
    return f"{where}: {what}" if what else where


def _subtitle(made: Sheet) -> str:
    counts = [(made.numbers["images"], "images"), (made.numbers.get("wells", 0), "wells")]
    counts += [(made.numbers.get("sites", 0), "sites"), (len(made.numbers["functions"]), "illumination functions")]
    return ", ".join(f"{count:,} {noun if count != 1 else noun[:-1]}" for count, noun in counts if count)


def _assemble(title: str, subtitle: str, made: Sheet) -> Image.Image:
    width = max([NARROWEST, *(part.width for part in made.parts)])
    notes = [line for note in made.notes for line in drawing.wrapped(note, _NOTE, width)]
    top = _HEADER + (_NOTE + 6) * len(notes)
    height = top + sum(part.height + MARGIN for part in made.parts)
    image = Image.new("RGB", (width + 2 * MARGIN, height + MARGIN), PAPER)
    pen = ImageDraw.Draw(image)
    pen.text((MARGIN, 16), drawing.fitted(title, 24, width), font=drawing.font(24), fill=INK)
    pen.text((MARGIN, 48), drawing.fitted(subtitle, 15, width), font=drawing.font(15), fill=FAINT)
    for index, line in enumerate(notes):
        pen.text((MARGIN, _HEADER + index * (_NOTE + 6)), line, font=drawing.font(_NOTE), fill=panel.WARNING)
    for part in made.parts:
        image.paste(part, (MARGIN, top + MARGIN // 2))
        top += part.height + MARGIN
    return image
