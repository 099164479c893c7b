"""Images that are deprecated, or that the images catalog has under another name or tag: probably not meant."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from platerunner.batch.image_catalog import CatalogImage, image_catalog, standing_of
from platerunner.documents.problems import Problem, nearest
from platerunner.documents.reader import read
from platerunner.documents.source import Keys


def doubtful_images(file: Path) -> Iterator[Problem]:
    """A warning for each image that is deprecated, or that the catalog has only nearly; labs have images of their own.

    :param file: a spec, or a part of specs.
    """
    source, known = read(file), image_catalog()
    for keys, image in _images((), source.data):
        if (standing := standing_of(image)) is not None and standing.status == "deprecated":
            until = f"; nobody answers for it after {standing.until}" if standing.until else ""
            remedy = f"Use `{standing.replaced_by}`." if standing.replaced_by else "Ask its owner what to use instead."
            source.warn(source.mark(keys).value, f"the image `{image}` is deprecated{until}", remedy, "deprecated")
        for message, remedy in _doubts(image, known) if standing is None else ():
            source.warn(source.mark(keys).value, message, remedy, "unknown-image")
    yield from source.problems


def _doubts(image: str, known: Mapping[str, CatalogImage]) -> Iterator[tuple[str, str]]:
    rest, _, digest = image.partition("@")
    name, _, tag = rest.partition(":")
    if name in known and tag not in ("", known[name].tag) and not digest:
        there = f"{name}:{known[name].tag}"
        yield (
            f"the images catalog has `{there}`, not `{image}`",
            f"Write `{there}`, unless the registry has {tag}, too.",
        )
    near = nearest(name, known) if name not in known and "/" not in name else None
    if near is not None:
        yield (
            f"the images catalog has no `{name}`",
            f"Did you mean `{near}`? If it is an image of your own, ignore this.",
        )


def _images(keys: Keys, value: Any) -> Iterator[tuple[Keys, str]]:
    """Every text under a key `image` of the defaults and the steps, with its place."""
    if keys[-1:] == ("image",) and isinstance(value, str) and keys[0] in {"defaults", "steps"} and "with" not in keys:
        yield keys, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        yield from _images((*keys, key), item)
