"""Names of images that are nearly those of the images catalog, so that they are probably misspelt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from platerunner.batch.image_catalog import image_catalog
from platerunner.documents.problems import Problem, nearest
from platerunner.documents.source import Keys, read


def doubtful_images(file: Path) -> Iterator[Problem]:
    """A warning for each image that is not in the catalog, but nearly; labs have images of their own.

    :param file: a spec, or a part of specs.
    """
    source, known = read(file), image_catalog()
    for keys, image in _images((), source.data):
        name = image.partition("@")[0].partition(":")[0]
        near = nearest(name, known) if name not in known and "/" not in name else None
        if near is not None:
            message = f"the images catalog has no `{name}`"
            remedy = f"Did you mean `{near}`? If it is an image of your own, ignore this."
            source.warn(source.mark(keys).value, message, remedy, "unknown-image")
    yield from source.problems


def _images(keys: Keys, value: Any) -> Iterator[tuple[Keys, str]]:
    """Every text under a key `image` of the defaults and the steps, with its place."""
    if keys[-1:] == ("image",) and isinstance(value, str) and keys[0] in {"defaults", "steps"} and "with" not in keys:
        yield keys, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in parts:
        yield from _images((*keys, key), item)
