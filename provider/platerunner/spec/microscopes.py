"""Microscopes by name: presets that are data, each of which becomes a path pattern with `derive`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from platerunner.documents import reader
from platerunner_unit.contract.patterns import Pattern, PatternError

WELLS = (96, 384, 1536)
_PLATE = re.compile(r"\{plate(?::[^{}]*)?\}")
_USED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Index:
    """A file in which a microscope lists its images.

    :param file: pattern of its name.
    :param record: the XML element of an image, and the one around that.
    :param path: what has the image's name.
    :param columns: wildcard to what has its value.
    :param rows: what records have that are images.
    :param folder: pattern of the folders above it; None for those of the images.
    """

    file: str
    record: str
    path: str
    columns: Mapping[str, str]
    rows: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelNames:
    """A file in which a microscope says what its channels are called.

    :param file: pattern of its name.
    :param records: XML elements of a channel, each with the one around it; those that come first count.
    :param channel: what has the channel in these.
    :param name: what has its name.
    :param lines: for a table of settings, the pattern of what stands before a channel's name.
    """

    file: str
    records: tuple[str, ...] = ()
    channel: str = ""
    name: str = ""
    lines: str = ""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a microscope calls its files.

    :param title: for people.
    :param file: pattern of the name of an image.
    :param folders: patterns of the folders above it, the usual one first.
    :param aliases: further names of the preset.
    :param derive: further wildcards; ``<wells>`` stands for the wells of a plate.
    :param index: None if the microscope writes none that can be read.
    :param channels: None if it writes nowhere what its channels are called.
    """

    name: str
    title: str
    file: str
    folders: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    derive: Mapping[str, str] = field(default_factory=dict)
    index: Index | None = None
    channels: ChannelNames | None = None

    @property
    def numbers_wells(self) -> bool:
        """Whether the names number the wells, so that the size of the plate tells which these are."""
        return any("<wells>" in text for text in self.derive.values())

    def path(self, root: str = "", folder: str | None = None) -> str:
        """The path pattern.

        :param root: pattern of the folders above those of the microscope.
        :param folder: pattern of the microscope's folders; None for the usual ones.
        """
        own = self.folders[0] if folder is None else folder
        above = [part.strip("/") for part in (root, own) if part.strip("/")]
        file = _PLATE.sub("*", self.file) if _PLATE.search("/".join(above)) else self.file
        return "/".join([*above, file])

    def table(self, root: str = "", folder: str | None = None) -> dict[str, Any]:
        """The table of the images that the microscope itself lists.

        :param root: as for :meth:`path`.
        :param folder: pattern of the folders above the index; None for the usual ones.
        """
        index = self.index
        assert index is not None
        own = folder if folder is not None else self.folders[0] if index.folder is None else index.folder
        name = "/".join(part for part in (root.strip("/"), own.strip("/"), index.file) if part)
        columns = {each: each for each in _USED.findall(name)} | dict(index.columns)
        return {"table": name, "record": index.record, "path": index.path, "columns": columns, "rows": index.rows}

    def derived(self, path: str, wells: int = WELLS[0]) -> dict[str, str]:
        """What is made of the wildcards of a path: all for which the path has what it takes."""
        names = set(_USED.findall(path))
        return {
            name: text.replace("<wells>", str(wells))
            for name, text in self.derive.items()
            if name not in names and names.issuperset(_USED.findall(text))
        }


@cache
def presets() -> Mapping[str, Preset]:
    """The presets by name, in the order in which a listing is compared with them."""
    path = Path(str(files("platerunner.spec") / "microscopes.yaml"))
    data = reader.read(path).data
    return {name: _preset(name, entry) for name, entry in data.items()}


def _preset(name: str, data: Mapping[str, Any]) -> Preset:
    index = Index(**data["index"]) if "index" in data else None
    channels = ChannelNames(**data["channels"]) if "channels" in data else None
    lists = {key: tuple(data.get(key, ())) for key in ("folders", "aliases")}
    return Preset(
        name, data["title"], data["file"], derive=data.get("derive", {}), index=index, channels=channels, **lists
    )


@cache
def names() -> Mapping[str, Preset]:
    """The presets by all their names."""
    return {name: preset for preset in presets().values() for name in (preset.name, *preset.aliases)}


def expand(files: Mapping[str, Any]) -> dict[str, Any]:
    """What follows of a file set from its microscope: the path or the table, and ``derive``.

    :param files: the file set as written.
    """
    preset = names()[files["microscope"]]
    above = files.get("root", ""), files.get("folder")
    if files.get("index") and preset.index:
        table = preset.table(*above)
        made = preset.derived("".join(f"{{{name}}}" for name in table["columns"]))
        return {**table, "derive": {**made, **files.get("derive", {})}}
    path = preset.path(*above)
    return {"path": path, "derive": {**preset.derived(path, files.get("wells", WELLS[0])), **files.get("derive", {})}}


def folder_problems(text: str) -> Iterator[PatternError]:
    """What is wrong with a pattern of folders."""
    try:
        if text:
            Pattern.parse(f"{text.strip('/')}/x")
    except PatternError as error:
        yield error
