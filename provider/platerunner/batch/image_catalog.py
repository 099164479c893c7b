"""The images catalog, ``containers/images.yaml``: which repository, tag and digest a bare name stands for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platerunner.batch.model import BatchError
from platerunner.catalog.loader import load_standings
from platerunner.catalog.model import Standing
from platerunner.documents.problems import DocumentError
from platerunner.documents.reader import read

FILES = (Path(__file__).with_name("images.yaml"), Path(__file__).parents[3] / "containers" / "images.yaml")
"""In a wheel; in a checkout."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class CatalogImage:
    """An image of the catalog.

    :param repository: under the registry.
    :param tag: what a name without one means.
    :param digest: ``sha256:...`` of that tag; empty to ask the registry.
    :param standing: of that tag.
    """

    repository: str
    tag: str
    digest: str = ""
    standing: Standing = field(default_factory=Standing)


@cache
def image_catalog(path: Path | None = None) -> Mapping[str, CatalogImage]:
    """Name to image.

    :param path: of the catalog; None for the one that is shipped.
    :raises BatchError: if it cannot be read or an entry is wrong.
    """
    found = path or next((file for file in FILES if file.is_file()), None)
    if found is None:
        raise BatchError(f"there is no images catalog at {FILES[0]}: install airflow-provider-platerunner again")
    try:
        data = read(found).data
        common = data.get("defaults", {})
        entries = {name: {**common, **entry} for name, entry in data["images"].items()}
        return MappingProxyType({name: _image(found, name, entry) for name, entry in entries.items()})
    except (DocumentError, AttributeError, KeyError, TypeError) as error:
        raise BatchError(f"{found} is no images catalog: {error}") from error


def _image(path: Path, name: str, entry: Mapping[str, Any]) -> CatalogImage:
    standing = Standing(**{key: entry[key] for key in ("status", "owner", "replaced_by", "until") if key in entry})
    image = CatalogImage(str(entry["repository"]), str(entry["tag"]), str(entry.get("digest") or ""), standing)
    if image.digest and DIGEST.fullmatch(image.digest) is None:
        raise BatchError(f"{path}: {name}: the digest must be sha256: and 64 hexadecimal digits, not {image.digest!r}")
    return image


def catalogued(name: str, tag: str | None) -> str:
    """What to ask a registry for, relative to its prefix: ``cellprofiler:4.2.8``, or ``cellprofiler@sha256:...``.

    :param name: as a spec says it.
    :param tag: None for the catalog's.
    """
    image = image_catalog().get(name)
    if image is None:
        return f"{name}:{tag}" if tag else name
    if image.digest and tag in (None, image.tag):
        return f"{image.repository}@{image.digest}"
    return f"{image.repository}:{tag or image.tag}"


def standing_of(image: str) -> Standing | None:
    """What a lab's own catalog says of an image, else what the shipped one says; None if neither knows it.

    :param image: as a spec says it.
    """
    bare = image.partition("@")[0]
    name, _, tag = bare.partition(":")
    own, known = load_standings(), image_catalog().get(name)
    if known is None or tag not in ("", known.tag):
        return own.get(bare, own.get(name))
    return own.get(bare, own.get(f"{name}:{known.tag}", own.get(name, known.standing)))


def standings() -> dict[str, Standing]:
    """All images that a catalog says something of, as ``name:tag``; those of a lab's own go before the shipped ones."""
    shipped = {f"{name}:{image.tag}": image.standing for name, image in image_catalog().items()}
    return {name: standing_of(name) or standing for name, standing in {**shipped, **load_standings()}.items()}
