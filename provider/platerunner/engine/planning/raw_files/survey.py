"""What lies under a root: whose names the files have, and how many plates, wells, sites and channels there are."""

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from platerunner.engine.planning.raw_files.channel_names import find_channel_names
from platerunner.engine.planning.raw_files.strays import Strays
from platerunner.spec.recognition import Fit, recognise
from platerunner_unit.contract.storage import Storage

SHOWN = 3


@dataclass(frozen=True, slots=True)
class FileSetFound:
    """Files that a microscope named.

    :param values: wildcard to the values that it has.
    :param wells: of all plates together.
    :param channels: the microscope's channel to what it calls it itself.
    :param channels_in: the file that says so; empty for none.
    """

    fit: Fit
    files: int
    values: Mapping[str, frozenset[str]]
    wells: int
    channels: Mapping[str, str] = field(default_factory=dict)
    channels_in: str = ""

    def counts(self) -> dict[str, int]:
        """Name of a thing to how many of it there are; only of those that the names tell."""
        told = {"plate": "plates", "site": "sites", "channel": "channels", "z": "planes", "t": "time points"}
        counted = {word: len(self.values[name]) for name, word in told.items() if name in self.values}
        return {**counted, **({"wells": self.wells} if "well" in self.values else {}), "files": self.files}


@dataclass(frozen=True, slots=True)
class Survey:
    """What lies under a root.

    :param found: sets of files, the largest part of them first.
    :param others: names that fit no microscope, some of them.
    :param left: how many these are.
    """

    found: Sequence[FileSetFound]
    others: Sequence[str]
    left: int


def survey(storage: Storage) -> Survey:
    """Look at all files under a root.

    :raises platerunner_unit.contract.storage.StorageError: if it cannot be listed.
    """
    strays = Strays((), markers=storage.local is None)
    keys = [found.key for found in storage.list() if strays.is_left_over(found)]
    found: list[FileSetFound] = []
    for fit in recognise(keys):
        each, keys = _counted(fit, keys)
        if fit.preset.channels is not None:
            names, file = find_channel_names(fit.preset.channels, keys, storage)
            each = replace(each, channels=names, channels_in=file)
        found.append(each)
    kinds = Counter(posixpath.splitext(key)[1].lower() for key in keys)
    # One of each kind says more than three of a kind.
    first = {posixpath.splitext(key)[1].lower(): key for key in reversed(keys)}
    return Survey(found, [first[kind] for kind, _ in kinds.most_common(SHOWN)], len(keys))


def _counted(fit: Fit, keys: Iterable[str]) -> tuple[FileSetFound, list[str]]:
    """What a microscope named, and the names of the rest."""
    pattern, rest, files = fit.pattern, list[str](), 0
    values: dict[str, set[str]] = {name: set() for name in pattern.wildcards}
    wells: set[tuple[str, ...]] = set()
    for key in keys:
        found = pattern.match(key)
        if found is None:
            rest.append(key)
            continue
        files += 1
        for name, value in found.items():
            values[name].add(str(value))
        wells.add((str(found.get("plate", "")), str(found.get("well", ""))))
    frozen = {name: frozenset(each) for name, each in values.items()}
    return FileSetFound(fit, files, frozen, len(wells)), rest
