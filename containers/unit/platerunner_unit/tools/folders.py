"""Whether a folder looks like what its name says: a Zarr or an N5 whose metadata leads to all that it names."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.contract.folders import METADATA

_READ = 4 * 1024**2
"""Bytes of metadata that are looked at; more is not metadata of an image."""


def problem(path: Path) -> Optional[str]:
    """Why a folder is not plausible, as a clause; None if it is, or of a kind that is not known here.

    Missing pixels are allowed in a Zarr: such a part is empty. So its metadata decides.

    :param path: the folder.
    """
    if not any(path.iterdir()):
        return "is an empty folder"
    if path.suffix.lower() not in METADATA:
        return None
    name, metadata = METADATA[path.suffix.lower()]
    there = [file for file in metadata if (path / file).is_file()]
    if not there:
        return f"is named as a {name}, but has no metadata: {_or(metadata)} is missing at its top"
    for file in (*there, *(extra for extra in (".zattrs",) if (path / extra).is_file())):
        said = _read(path / file)
        if said is None:
            return f"is damaged: `{file}` is no JSON, so it was cut off, or written otherwise"
        gone = [each for each in _named(said) if not _is_node(path / each, metadata)]
        if gone:
            return f"is cut off: `{file}` names `{gone[0]}`, which has no metadata"
    return None


def _or(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def _is_node(path: Path, metadata: Sequence[str]) -> bool:
    return any((path / file).is_file() for file in metadata)


def _read(path: Path) -> Optional[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            said = json.loads(file.read(_READ))
    except (OSError, ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def _named(said: dict[str, Any]) -> Iterator[str]:
    """The arrays and groups that OME's metadata names: resolutions of an image, wells of a plate, images of a well."""
    attributes = said.get("attributes")
    inner = attributes if isinstance(attributes, dict) else said
    ome = inner.get("ome")
    told = ome if isinstance(ome, dict) else inner
    yield from (path for image in _dicts(told, "multiscales") for path in _paths(image, "datasets"))
    for group, members in (("plate", "wells"), ("well", "images")):
        if isinstance(told.get(group), dict):
            yield from _paths(told[group], members)


def _dicts(said: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    members = said.get(name)
    yield from (each for each in members if isinstance(each, dict)) if isinstance(members, list) else ()


def _paths(said: dict[str, Any], name: str) -> Iterator[str]:
    paths = (each.get("path") for each in _dicts(said, name))
    yield from (path for path in paths if isinstance(path, str) and ".." not in path.split("/"))
