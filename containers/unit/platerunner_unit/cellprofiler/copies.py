"""A copy of the pipeline that runs without a person, where the original would stop or prove nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from platerunner_unit.cellprofiler.model import Cppipe, Module

LIST_MODULE = "ListImageSets"
_ATTRIBUTES = (
    "svn_version:'Unknown'|variable_revision_number:1|show_window:False|notes:[]|batch_state:array([], dtype=uint8)|"
    "enabled:True|wants_pause:False"
)


def write_copy(source: Path, target: Path, cppipe: Cppipe, disabled: Collection[int], *, lists: bool = False) -> None:
    """Write a pipeline again with modules disabled; everything else stays byte for byte.

    :param source: ``.cppipe`` text, or JSON.
    :param target: where the copy goes.
    :param cppipe: as read.
    :param disabled: numbers of the modules, from 1.
    :param lists: put the module behind them that lists the image sets, and leave out the file list of the machine on
        which the pipeline was saved, and modules that CellProfiler would pass over.
    """
    data = source.read_bytes()
    target.parent.mkdir(parents=True, exist_ok=True)
    if cppipe.form == "json":
        target.write_text(json.dumps(_edit_json(json.loads(data), disabled, lists=lists)), encoding="utf-8")
        return
    lines = data.splitlines(keepends=True)
    starts = [module.line - 1 for module in cppipe.modules if module.line is not None]
    for number in disabled:
        lines[starts[number - 1]] = _disable(lines[starts[number - 1]])
    target.write_bytes(b"".join(_with_list(lines, starts) if lists else lines))


def without(cppipe: Cppipe, disabled: Collection[Module]) -> Cppipe:
    """The pipeline as its copy will be read.

    :param disabled: modules that the copy has disabled.
    """
    numbers = {module.number for module in disabled}
    modules = tuple(replace(m, enabled=m.enabled and m.number not in numbers) for m in cppipe.modules)
    return replace(cppipe, modules=modules)


def _disable(line: bytes) -> bytes:
    """A module's first line with ``enabled:False``, which files of old versions have nowhere."""
    head, found, rest = line.rpartition(b"enabled:True")
    if found:
        return head + b"enabled:False" + rest
    head, bracket, rest = line.rpartition(b"]")
    return head + b"|enabled:False" + bracket + rest


def _with_list(lines: list[bytes], starts: list[int]) -> list[bytes]:
    """The lines with one more module behind the last."""
    count = len(starts) + 1
    header = [_header_line(line, count) for line in lines[: starts[0]]]
    own = f"\n{LIST_MODULE}:[module_num:{count}|{_ATTRIBUTES}]\n".encode()
    return [*header, *lines[starts[0] : _end_of_block(lines, starts[-1])], own]


def _end_of_block(lines: list[bytes], start: int) -> int:
    if not lines[-1].endswith(b"\n"):
        lines[-1] += b"\n"
    return next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))


def _header_line(line: bytes, count: int) -> bytes:
    line = re.sub(rb"^ModuleCount:\s*\d+", b"ModuleCount:%d" % count, line)
    return re.sub(rb"^HasImagePlaneDetails:\s*True", b"HasImagePlaneDetails:False", line)


def _edit_json(raw: dict[str, Any], disabled: Collection[int], *, lists: bool) -> dict[str, Any]:
    modules: list[dict[str, Any]] = raw["modules"]
    for number in disabled:
        modules[number - 1]["attributes"]["enabled"] = False
    if lists:
        modules.append(_json_module(modules[-1], len(modules) + 1))
        raw["module_count"] = len(modules)
        raw["has_image_plane_details"] = False
    return raw


def _json_module(like: dict[str, Any], number: int) -> dict[str, Any]:
    own = {
        "module_name": LIST_MODULE,
        "module_num": number,
        "variable_revision_number": 1,
        "enabled": True,
        "notes": [],
    }
    return {"attributes": {**like["attributes"], **own}, "settings": []}
