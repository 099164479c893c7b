"""The first spec of a folder that a microscope wrote, as text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from platerunner.engine.planning.raw_files.survey import FileSetFound

_STEP = """\
steps:
  illum:
    title: Illumination function{of}
    module: imaging.illum-calc
{foreach}    inputs: {{images: dataset.{files}}}
    outputs: {{illum: {output}}}
"""


@dataclass(frozen=True, slots=True)
class FirstSpec:
    """What a first spec says.

    :param name: of the pipeline.
    :param root: of the dataset.
    :param found: its file sets.
    :param plate: of the folder itself, if no name below it has one.
    :param channels: the microscope's channel to our name for it.
    """

    name: str
    root: str
    found: Sequence[FileSetFound]
    plate: str = ""
    channels: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The YAML."""
        return "\n".join([*self._head(), *self._dataset(), "", self._steps()])

    def _head(self) -> Iterator[str]:
        yield "version: 1"
        yield f"pipeline: {self.name}"
        yield f"title: {_quoted('; '.join(dict.fromkeys(each.fit.preset.title for each in self.found)))}"
        yield f'workspace: "{{{{ workspace_root }}}}/{self.name}"'

    def _dataset(self) -> Iterator[str]:
        yield from ("dataset:", f"  root: {_quoted(_untemplated(self.root))}", "  files:")
        for name, each in self.named():
            yield f"    {name}:"
            yield from (f"      {line}" for line in self._file_set(each))
        if self.plate:
            yield f"  where: {{plate: {_quoted(self.plate)}}}"

    def named(self) -> Iterator[tuple[str, FileSetFound]]:
        """The file sets with their names: `raw`, `raw2`."""
        for number, each in enumerate(self.found, 1):
            yield "raw" if number == 1 else f"raw{number}", each

    def _file_set(self, each: FileSetFound) -> Iterator[str]:
        fit = each.fit
        folder = "/".join(part for part in ("{plate}" if self.plate else "", fit.folder) if part)
        yield f"microscope: {fit.preset.name}"
        if fit.root:
            yield f"root: {_quoted(fit.root)}"
        if folder != fit.preset.folders[0]:
            yield f"folder: {_quoted(folder)}"
        if fit.preset.numbers_wells:
            yield f"wells: {fit.wells}"
        complete = [name for name in ("site", "channel", "z", "t") if name in each.values]
        if complete:
            yield f"complete: [{', '.join(complete)}]    # what is missing of these fails its unit"
        yield from self._renamed(each)

    def _renamed(self, each: FileSetFound) -> Iterator[str]:
        values = sorted(each.values.get("channel", ()), key=lambda text: (len(text), text))
        if not values:
            return
        names = {**each.channels, **self.channels}
        told = {value: names[value] for value in values if value in names}
        shown = ", ".join(f"{_quoted(value)}: {_quoted(name)}" for value, name in told.items())
        if told:
            yield f"rename: {{channel: {{{shown}}}}}"
        else:
            yield f"# rename: {{channel: {{{_quoted(values[0])}: DNA}}}}    # dyes, by the microscope's channels"

    def _steps(self) -> str:
        name, each = next(iter(self.named()))
        has_plate = bool(self.plate) or "plate" in each.values
        stem = ("{plate}/{plate}_Illum" if has_plate else "Illum") + ("{channel}" if "channel" in each.values else "")
        foreach = "    foreach: [plate]\n" if has_plate else ""
        of = " of each plate and channel" if has_plate else ""
        return _STEP.format(of=of, foreach=foreach, files=name, output=_quoted(f"illum/{stem}.npy"))


def pipeline_name(text: str) -> str:
    """A name for a pipeline, made of a folder's."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_-")[:60]
    return name if name[:1].isalpha() else f"screen_{name}".rstrip("_")


def _untemplated(text: str) -> str:
    """A text as a template gives it back."""
    return re.sub(r"\{[{%#]", lambda found: "{{ '" + found[0] + "' }}", text)


def _quoted(value: Any) -> str:
    """A scalar in YAML, on one line, in quotes where it needs some."""
    text = str(value)
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ]*[A-Za-z0-9_]|[A-Za-z0-9]", text) and yaml.safe_load(text) == text:
        return text
    if re.fullmatch(r"[0-9]+", text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
