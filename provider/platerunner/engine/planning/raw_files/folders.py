"""What the listing of raw folders shows: those without metadata, and those that somebody writes."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from platerunner_unit.contract.folders import METADATA, FolderListing
from platerunner_unit.contract.words import and_more

_SHOWN = 3


def folder_notes(name: str, holds: Mapping[str, FolderListing]) -> Iterator[str]:
    """Say which folders cannot be used as inputs, and why.

    :param name: of the file set.
    :param holds: path of each folder to what it holds.
    """
    unfinished = [folder for folder, each in holds.items() if not each.is_finished]
    if unfinished:
        yield f"dataset.{name}: left out, since a step still writes it or was cut off: {_shown(unfinished)}"
    for ending, (kind, files) in METADATA.items():
        bare = [
            folder
            for folder, each in holds.items()
            if PurePosixPath(folder).suffix.lower() == ending and each.is_finished and not each.top.intersection(files)
        ]
        if bare:
            missing = " or ".join(f"`{file}`" for file in files)
            what = f"named as a {kind} and without metadata ({missing}), so that units which read it will fail"
            yield f"dataset.{name}: {what}: {_shown(bare)}"


def _shown(folders: list[str]) -> str:
    return ", ".join(f"{folder}/" for folder in folders[:_SHOWN]) + and_more(len(folders) - _SHOWN)
