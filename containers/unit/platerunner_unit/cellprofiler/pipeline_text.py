"""Reads a ``.cppipe`` file line by line as CellProfiler 4.2.8 does, and says where its loader would stop.

By cellprofiler_core/pipeline/_pipeline.py 4.2.8: ``validate_pipeline_file``, ``setup_modules``, ``setup_module``.
"""

from __future__ import annotations

import io
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Optional

from platerunner_unit.cellprofiler.attributes import AttributesError, read_attributes
from platerunner_unit.cellprofiler.model import Cppipe, Fault, Module

COOKIE = "CellProfiler Pipeline: http://www.cellprofiler.org"
FORMAT = 5
# A mail gateway's rewritten link, which CellProfiler forgives.
_REWRITTEN = re.compile(r"CellProfiler Pipeline: https?://\S+.proofpoint.com.+http-3A__www.cellprofiler\.org")
_HEAD = 1024
_SHOWN = 60
# The list of images that a project leaves behind the modules: cellprofiler_core/utilities/core/pipeline.py 4.2.8.
_PLANES_VERSION = 1
_PAIR = re.compile(r'"([^"]*)":"([^"]*)"')


def decode(data: bytes) -> str:
    """The file's text: UTF-8, or, else with its escapes resolved.

    :param data: the whole file.
    :raises UnicodeDecodeError: if it is neither.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _unescape(data)
    return io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)


def is_pipeline(text: str) -> bool:
    """Whether a text begins as a pipeline does."""
    return text.startswith(COOKIE) or bool(_REWRITTEN.search(text[:_HEAD]))


def read_text(name: str, text: str) -> Cppipe:
    """Read a pipeline's text.

    :param name: the file's name, for messages.
    :param text: as :func:`decode` gives it; it must begin as a pipeline.
    """
    lines = _Lines(text)
    lines.next()
    header = _Header()
    fault = _read_header(lines, header)
    modules = [] if fault else list(_read_modules(lines, header.module_count))
    left = 0 if header.planes or fault else sum(":[" in line for line in lines.rest())
    if header.planes and not any(module.fault for module in modules):
        fault = fault or _find_planes_fault(lines)
    return Cppipe(
        path=name,
        form="text",
        version=header.version,
        date_revision=header.date_revision,
        module_count=header.module_count,
        modules=tuple(modules),
        unread=left,
        ends_open=text.endswith("\n\n"),
        fault=fault,
    )


@dataclass
class _Header:
    version: Optional[int] = None
    date_revision: Optional[int] = None
    module_count: Optional[int] = None
    planes: bool = False
    seen: list[str] = field(default_factory=list)


class _Lines:
    """The lines, stripped, and the number of the last one read."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        if self._lines[-1] == "":
            self._lines.pop()
        self.number = 0

    def next(self) -> Optional[str]:
        """The next line; None at the end."""
        if self.number >= len(self._lines):
            return None
        self.number += 1
        return self._lines[self.number - 1].strip()

    def rest(self) -> list[str]:
        """What was not read."""
        return self._lines[self.number :]


def _read_header(lines: _Lines, header: _Header) -> Optional[Fault]:
    """Fill the header; the fault is what CellProfiler cannot take."""
    while True:
        line = lines.next()
        if line is None:
            return None if header.module_count == 0 else Fault("ends within its header: it is cut off", lines.number)
        if not line:
            return None
        key, *values = line.split(":")
        if len(values) != 1:
            clause = f"has {_quoted(line)} in its header, where one name, one colon and a value belong"
            return Fault(clause, lines.number)
        try:
            _take(header, key, values[0])
        except ValueError:
            return Fault(f"says {_quoted(line)} in its header, which CellProfiler cannot read", lines.number)
        if key == "Version" and (header.version or 0) > FORMAT:
            return Fault(
                f"has format {header.version}, but this CellProfiler reads {FORMAT} at most: "
                "save it with the version that runs it",
                lines.number,
            )


def _take(header: _Header, key: str, value: str) -> None:
    if key == "Version":
        header.version = int(value)
    elif key in ("DateRevision", "SVNRevision"):
        header.date_revision = int(value)
    elif key == "ModuleCount":
        header.module_count = int(value)
    elif key == "HasImagePlaneDetails":
        header.planes = value == "True"
    elif key == "MessageForUser" and "|" not in value:
        raise ValueError(value)


def _read_modules(lines: _Lines, count: Optional[int]) -> Iterator[Module]:
    """As many blocks as the header says, or as there are; a block that cannot be read has a fault."""
    for number in range(1, (sys.maxsize if count is None else count) + 1):
        line = lines.next()
        if line is None:
            return
        yield _read_block(lines, line, number)


def _read_block(lines: _Lines, line: str, number: int) -> Module:
    at = lines.number
    name, colon, attributes = line.partition(":")
    name = name.strip()
    settings: list[tuple[str, str]] = []
    fault = None if colon else Fault(f"has {_quoted(line)} where a module should begin", at)
    fault = fault or _read_settings(lines, name, settings)
    revision, enabled, saved_as = None, True, None
    if fault is None:
        try:
            revision, enabled, saved_as = read_attributes(attributes)
        except AttributesError as error:
            fault = Fault(_unread_attributes(name, attributes, error), at)
    return Module(name, number, revision, enabled, tuple(settings), line=at, fault=fault, saved_as=saved_as)


def _read_settings(lines: _Lines, name: str, settings: list[tuple[str, str]]) -> Optional[Fault]:
    """Gather a module's settings, up to an empty line or the end."""
    while text := lines.next():
        label, colon, value = text.partition(":")
        if not colon:
            clause = f"has {_quoted(text)} among the settings of {name}, where a name, a colon and a value belong"
            return Fault(clause, lines.number)
        settings.append((_resolve(label), _resolve(value)))
    return None


def _find_planes_fault(lines: _Lines) -> Optional[Fault]:
    """What is wrong with the list of images that the header says to follow; None if CellProfiler can read it."""
    at, head = lines.number + 1, lines.next() or ""
    said = dict(_PAIR.findall(head))
    try:
        whole = int(said["Version"]) == _PLANES_VERSION and len(lines.rest()) > int(said["PlaneCount"])
    except (KeyError, ValueError):
        whole = False
    remedy = "write HasImagePlaneDetails:False there, since a step brings its own images"
    clause = f"lacks the whole list of images that its header says to follow: {remedy}"
    return None if whole else Fault(clause, at)


def _unread_attributes(name: str, attributes: str, error: AttributesError) -> str:
    if attributes.startswith("["):
        return f"has a first line of {_shown(name) or 'a module'} that is not whole: {error}"
    what = f"has {_quoted(f'{name}:{attributes}')} where a module should begin"
    return f"{what}: take out the empty line before it if it is a setting"


def _resolve(setting: str) -> str:
    """A setting's value without the escapes of formats 2 to 4."""
    if "\\\\\\\\g<" in setting:
        if "\\x7C" in setting:
            setting = setting.replace("\\x7C\\\\\\\\g<", "|\\g<")
        else:
            setting = setting.replace("\\\\\\\\g<", "\\g<")
    if "\\x" in setting:
        setting = _resolve_hex(setting)
    return setting.replace("\x00", "").strip("ÿþ") if len(setting) > 1 else setting


def _resolve_hex(setting: str) -> str:
    """With its escapes resolved; as it is if one of them is broken."""
    try:
        return _unescape(setting.encode())
    except UnicodeDecodeError:
        return setting


def _unescape(data: bytes) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # an unknown escape stays as it is
        return data.decode("unicode_escape")


def _quoted(line: str) -> str:
    return f'"{_shown(line)}"' if line else "an empty line"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
