"""Reads a CellProfiler pipeline file as text, and finds what CellProfiler itself passes over in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.cppipe_checks import check
from platerunner_unit.cppipe_model import Cppipe, Module

__all__ = ["Cppipe", "Module", "check", "read"]

COOKIE = "CellProfiler Pipeline:"
MAX_BYTES = 64 << 20
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEADER = re.compile(r"^([A-Za-z]\w*):\[(.*)$")
_HIDDEN = re.compile(r"\|notes:\[.*?\]\|")


def read(path: Path) -> Cppipe:
    """Read a pipeline file: ``.cppipe`` text, or JSON (format 6); :func:`check` names its faults.

    :param path: the file.
    :raises OSError: if it cannot be read at all.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES)
    if data.startswith(_HDF5):
        return Cppipe(path=path.name, form="hdf5")
    text = _decode(data)
    if text.lstrip().startswith(("{", "[")):
        return _read_json(path.name, text)
    return _read_text(path.name, text)


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")


def _read_text(name: str, text: str) -> Cppipe:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if not lines[0].startswith(COOKIE):
        return Cppipe(path=name, form="text" if not text.strip() else "unknown", empty=not text.strip())
    header, at = _read_header(lines)
    modules, leftovers = _read_modules(lines[at:])
    return Cppipe(
        path=name,
        form="text",
        version=_number(header.get("Version")),
        date_revision=_number(header.get("DateRevision")),
        module_count=_number(header.get("ModuleCount")),
        modules=tuple(modules),
        header_ended=at <= len(lines) and at > 0,
        leftovers=leftovers,
    )


def _read_header(lines: list[str]) -> tuple[dict[str, str], int]:
    header: dict[str, str] = {}
    for i, line in enumerate(lines[1:], 1):
        if not line.strip():
            return header, i + 1
        key, colon, value = line.partition(":")
        if colon:
            header[key.strip()] = value.strip()
    return header, 0


def _read_modules(lines: list[str]) -> tuple[list[Module], int]:
    """The modules, and the number of lines that belong to none."""
    modules: list[Module] = []
    settings: list[tuple[str, str]] = []
    open_module: Optional[re.Match[str]] = None
    leftovers = 0
    for line in [*lines, ""]:
        found = None if line.startswith(" ") else _HEADER.match(line)
        if open_module is not None and (found or not line.strip()):
            modules.append(_module(open_module, settings, len(modules) + 1))
            open_module, settings = None, []
        if found:
            open_module = found
        elif open_module is not None and ":" in line:
            text, _, value = line.strip().partition(":")
            settings.append((text, value))
        elif line.strip():
            leftovers += 1
    return modules, leftovers


def _module(found: re.Match[str], settings: list[tuple[str, str]], number: int) -> Module:
    attributes = _HIDDEN.sub("|", found.group(2))
    pairs = dict(part.partition(":")[::2] for part in attributes.rstrip("]").split("|"))
    return Module(
        name=found.group(1),
        number=number,
        revision=_number(pairs.get("variable_revision_number")),
        enabled=pairs.get("enabled", "True") != "False",
        settings=tuple(settings),
        attributes_whole=found.group(2).rstrip().endswith("]"),
    )


def _read_json(name: str, text: str) -> Cppipe:
    try:
        raw = json.loads(text)
        modules = tuple(_json_module(m, i) for i, m in enumerate(raw["modules"], 1))
        return Cppipe(
            path=name,
            form="json",
            version=_number(str(raw.get("version", "")).lstrip("v")),
            date_revision=_number(raw.get("date_revision")),
            module_count=_number(raw.get("module_count")),
            modules=modules,
            header_ended=True,
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return Cppipe(path=name, form="json", broken=str(error).splitlines()[0] if str(error) else type(error).__name__)


def _json_module(raw: dict[str, Any], number: int) -> Module:
    attributes = raw["attributes"]
    return Module(
        name=str(attributes["module_name"]),
        number=number,
        revision=_number(attributes.get("variable_revision_number")),
        enabled=bool(attributes.get("enabled", True)),
        settings=tuple((str(s.get("text", "")), str(s.get("value", ""))) for s in raw.get("settings", [])),
    )


def _number(text: Any) -> Optional[int]:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None
