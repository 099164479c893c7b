"""Folders on this machine that replace images, named in ``PLATERUNNER_STAND_INS``: a lab's programs on a laptop.

``PLATERUNNER_STAND_INS="example.org/lab-track:3=/home/ada/track/bin fiji:2.16.0=/opt/fiji"``: units of the image
run on this machine, with the folder before ``PATH``.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path

from platerunner.local.aws.images import STAND_INS_VARIABLE as VARIABLE
from platerunner.local.aws.images import ImageMissingError, LocalImage, split_tag

FORM = f"{VARIABLE} takes image=folder, several with a space between, such as fiji:2.16.0=/opt/fiji"


def stand_ins(environment: Mapping[str, str] = os.environ) -> Iterator[LocalImage]:
    """The images that folders stand for.

    :raises ImageMissingError: if an entry is not `image=folder`, or its folder does not exist.
    """
    for text in environment.get(VARIABLE, "").split():
        reference, equals, folder = text.partition("=")
        if not (reference and equals and folder):
            raise ImageMissingError(f"{text!r} names no image and folder: {FORM}.")
        path = Path(folder).expanduser().absolute()
        if not path.is_dir():
            raise ImageMissingError(f"{VARIABLE}: {folder}, which is to stand for {reference}, is no folder.")
        name, tag = split_tag(reference)
        contents = {"platerunner-unit": metadata.version("platerunner-unit"), "folder": str(path)}
        yield LocalImage(name, tag, (Path(sys.executable).parent, path), contents=contents)
