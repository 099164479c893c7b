"""Reads a CellProfiler pipeline file as CellProfiler 4.2.8 reads it, without CellProfiler."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.cellprofiler.checks import check
from platerunner_unit.cellprofiler.model import Cppipe, Fault, Module
from platerunner_unit.cellprofiler.pipeline_text import COOKIE, decode, is_pipeline, read_text

__all__ = ["Cppipe", "Module", "check", "read"]

MAX_BYTES = 64 << 20
_HDF5 = b"\x89HDF\r\n\x1a\n"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = "\ufeff"
# What Module.from_dict reads of each module's attributes.
_ATTRIBUTES = (
    "module_num", "show_window", "wants_pause", "svn_version", "enabled", "module_path", "module_name",
    "variable_revision_number",
)  # fmt: skip


def read(path: Path) -> Cppipe:
    """Read a pipeline file: ``.cppipe`` text, or JSON in a file named ``.json``; :func:`check` names its faults.

    :param path: the file.
    :raises OSError: if it cannot be read at all.
    """
    with path.open("rb") as file:
        data = file.read(MAX_BYTES)
    if data.startswith(_HDF5):
        return Cppipe(path=path.name, form="hdf5")
    try:
        text = decode(data)
    except UnicodeDecodeError:
        return _none(path.name, "is no text")
    if path.name.endswith(".json"):
        return _read_json(path.name, text)
    return read_text(path.name, text) if is_pipeline(text) else _none(path.name, _what_it_is(data, text))


def _none(name: str, clause: str) -> Cppipe:
    return Cppipe(path=name, form="unknown", fault=Fault(clause))


def _what_it_is(data: bytes, text: str) -> str:
    """Why a file is not a pipeline, judged by its beginning, as a clause."""
    if not text.strip():
        return "is empty"
    if data.startswith(_UTF16):
        return "is UTF-16, which CellProfiler does not read: save it as UTF-8"
    if text.startswith(_BOM) and is_pipeline(text[1:]):
        return "begins with a byte order mark, which CellProfiler does not read: save it as UTF-8 without one"
    if text.lstrip().startswith("{") and '"modules"' in text:
        return "is JSON, which CellProfiler reads only from a file named .json: rename it"
    return f'is no CellProfiler pipeline: it does not begin with "{COOKIE}"'


def _read_json(name: str, text: str) -> Cppipe:
    try:
        raw = json.loads(text)
        count = _number(raw.get("module_count"))
        raw["date_revision"]  # CellProfiler asks for it first
        modules = tuple(_json_module(m, i) for i, m in enumerate(raw["modules"], 1))
    except KeyError as error:
        return Cppipe(path=name, form="json", fault=Fault(f"lacks {error.args[0]}"))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Cppipe(path=name, form="json", fault=Fault(f"is no pipeline in JSON ({said})"))
    return Cppipe(
        path=name,
        form="json",
        version=_number(str(raw.get("version", "")).lstrip("v")),
        date_revision=_number(raw["date_revision"]),
        module_count=count,
        modules=modules,
    )


def _json_module(raw: dict[str, Any], number: int) -> Module:
    attributes = {key: raw["attributes"][key] for key in _ATTRIBUTES}
    return Module(
        name=str(attributes["module_name"]),
        number=number,
        revision=int(attributes["variable_revision_number"]),
        enabled=bool(attributes["enabled"]),
        settings=tuple((str(s.get("text", "")), str(s["value"])) for s in raw["settings"]),
    )


def _number(text: Any) -> Optional[int]:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None
