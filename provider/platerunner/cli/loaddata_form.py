"""A pipeline with LoadData in place of the modules that make image sets by rules of their own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from platerunner_unit.cellprofiler import pipeline_file as cppipe
from platerunner_unit.cellprofiler.inputs import RULE_MODULES, ReadsBy, reads_by
from platerunner_unit.cellprofiler.model import Cppipe, Module

# cellprofiler_core/modules/namesandtypes.py 4.2.8, upgrade_settings: where assignments begin, settings of each, and
# among these the one for a range of intensities given by hand.
_LAYOUTS = {6: (9, 8, 7), 7: (13, 8, 7), 8: (13, 6, 5)}
_RESCALED = {"Image metadata": "Yes", "Image bit-depth": "No"}
_REGEXP_KEY = re.compile(r"\(\?P<(\w+)>")
_ATTRIBUTES = (
    "module_num:1|svn_version:'Unknown'|variable_revision_number:6|show_window:False|notes:[]|"
    "batch_state:array([], dtype=uint8)|enabled:True|wants_pause:False"
)


class NoLoadDataFormError(Exception):
    """The pipeline says something that LoadData cannot; the message is a sentence for people."""


@dataclass(frozen=True)
class LoadDataForm:
    """What the new pipeline is and wants.

    :param content: of the file.
    :param images: names that LoadData has to give.
    :param metadata: keys that the pipeline found out or uses.
    :param remarks: what may be different, as sentences.
    """

    content: bytes
    images: tuple[str, ...]
    metadata: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class _Assignment:
    name: str
    kind: str
    intensities: str


def convert(path: Path) -> LoadDataForm:
    """The LoadData form of a pipeline; after its input modules only the modules' numbers change.

    :param path: a ``.cppipe`` file.
    :raises NoLoadDataFormError: if it is not one, or reads by LoadData, or says what LoadData cannot.
    """
    found = cppipe.read(path)
    faults = cppipe.check(found, None)
    if faults:
        raise NoLoadDataFormError(faults[0].sentence)
    if reads_by(found) is not ReadsBy.RULES or found.form != "text":
        raise NoLoadDataFormError(f"{path.name} reads its images by {reads_by(found).value}, not by NamesAndTypes.")
    assignments = list(_assignments(next(module for module in found.enabled if module.name == "NamesAndTypes")))
    keys = list(dict.fromkeys([*_extracted(found), *_used(found)]))
    groups = _groups(found)
    block = _load_data(groups, _intensities(assignments))
    names = tuple(each.name for each in assignments)
    return LoadDataForm(_content(path, found, block), names, tuple(keys), tuple(_remarks(found, assignments)))


def _assignments(module: Module) -> Iterator[_Assignment]:
    """The names that NamesAndTypes gives, by the places of its settings."""
    values = [value for _, value in module.settings]
    if module.revision not in _LAYOUTS:
        remedy = "Open it in CellProfiler 4.2 and save it."
        raise NoLoadDataFormError(f"{module.place} is of revision {module.revision}, which is too old. {remedy}")
    first, size, manual = _LAYOUTS[module.revision]
    if module.value("Process as 3D?") == "Yes" or module.value("Volumetric") == "Yes":
        raise NoLoadDataFormError(f"{module.place} reads volumes, which LoadData cannot.")
    if values[0] == "All images":
        yield _Assignment(values[2], values[1], values[5] if values[5] in _RESCALED else values[8])
        return
    for start in range(first, len(values), size):
        own = values[start : start + size]
        if own[3] == "Objects":
            raise NoLoadDataFormError(f"{module.place} reads the objects {own[2]}, which `load_data` cannot name.")
        yield _Assignment(own[1], own[3], own[4] if own[4] in _RESCALED else own[manual])


def _intensities(assignments: list[_Assignment]) -> str:
    """LoadData's one setting for all images."""
    scaled = [each for each in assignments if each.kind in ("Grayscale image", "Color image")]
    by_hand = [each for each in scaled if each.intensities not in _RESCALED]
    if by_hand:
        each = by_hand[0]
        message = f"The intensities of {each.name} are divided by {each.intensities}, which LoadData cannot."
        raise NoLoadDataFormError(f"{message} Choose Image metadata or Image bit-depth, and rescale by a module.")
    kinds = {each.intensities for each in scaled}
    if len(kinds) > 1:
        names = ", ".join(f"{each.name} by {each.intensities}" for each in scaled)
        raise NoLoadDataFormError(f"LoadData scales the intensities of all images alike; here are {names}.")
    return _RESCALED[kinds.pop()] if kinds else "Yes"


def _extracted(found: Cppipe) -> Iterator[str]:
    """Keys that the Metadata module takes from names."""
    for module in found.enabled:
        if module.name == "Metadata" and module.value("Extract metadata?") == "Yes":
            source = ""
            for text, value in module.settings:
                source = value if text == "Metadata source" else source
                if text == f"Regular expression to extract from {source.lower()}":
                    yield from _REGEXP_KEY.findall(value)


def _used(found: Cppipe) -> Iterator[str]:
    """Keys that later modules name files by or group by."""
    yield from _groups(found)
    for module in found.enabled:
        for _, value in module.settings:
            yield from re.findall(r"\\g<(\w+)>", value)


def _groups(found: Cppipe) -> tuple[str, ...]:
    return found.grouping_tags


def _load_data(groups: tuple[str, ...], rescaled: str) -> bytes:
    settings = {
        "Input data file location": "Default Input Folder|",
        "Name of the file": "load_data.csv",
        "Load images based on this data?": "Yes",
        "Base image location": "None|",
        "Process just a range of rows?": "No",
        "Rows to process": "1,100000",
        "Group images by metadata?": "Yes" if groups else "No",
        "Select metadata tags for grouping": ",".join(groups),
        "Rescale intensities?": rescaled,
    }
    lines = [f"LoadData:[{_ATTRIBUTES}]", *(f"    {text}:{value}" for text, value in settings.items())]
    return "\n".join(lines).encode()


def _content(path: Path, found: Cppipe, block: bytes) -> bytes:
    lines = path.read_bytes().splitlines()
    starts = [module.line - 1 for module in found.modules if module.line is not None]
    ends = [*starts[1:], len(lines)]
    kept = [m for m in found.modules if m.name not in RULE_MODULES]
    blocks = [_block(lines[starts[m.number - 1] : ends[m.number - 1]], i) for i, m in enumerate(kept, start=2)]
    header = [_header_line(line, len(blocks) + 1) for line in lines[: starts[0]]]
    return b"\n".join(header).rstrip() + b"\n\n" + b"\n\n".join([block, *blocks]) + b"\n"


def _block(lines: list[bytes], number: int) -> bytes:
    """A module's lines with its new number; behind the last one a list of files may stand, which is left out."""
    end = next((i for i, line in enumerate(lines) if not line.strip()), len(lines))
    return b"\n".join([re.sub(rb"module_num:\d+", b"module_num:%d" % number, lines[0], count=1), *lines[1:end]])


def _header_line(line: bytes, count: int) -> bytes:
    line = re.sub(rb"^ModuleCount:\s*\d+", b"ModuleCount:%d" % count, line)
    return re.sub(rb"^HasImagePlaneDetails:\s*True", b"HasImagePlaneDetails:False", line)


def _remarks(found: Cppipe, assignments: list[_Assignment]) -> Iterator[str]:
    for each in assignments:
        if each.kind == "Binary mask":
            yield f"{each.name} was read as a mask; LoadData reads it as an image, to be made a mask by Threshold."
    gray = [each.name for each in assignments if each.kind == "Grayscale image"]
    if gray:
        yield f"{', '.join(gray)}: files in colour, which NamesAndTypes averaged, need a ColorToGray module now."
    for module in found.enabled:
        if module.name == "Metadata" and any(value == "Import from file" for _, value in module.settings):
            yield f"{module.place} imported metadata from a file: the spec's wildcards have to give it."
