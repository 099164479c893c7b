"""Fingerprints: the hash of everything that decides a unit's result, and of nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from platerunner.engine.planning.model import StepSettings
from platerunner.engine.planning.units.toolfiles import ToolFiles
from platerunner.spec.model import Output
from platerunner_unit.contract.manifest import InputFile

VERSION = 1
"""Part of every fingerprint: raising it makes every unit of every pipeline run again."""

_DIGEST_BYTES = 16

Inputs = Mapping[str, tuple[InputFile, ...]]
Renamed = Mapping[str, tuple[str, ...]]
_NOTHING: Renamed = MappingProxyType({})


class Fingerprints:
    """Fingerprints of units that run under the same settings; what they share is hashed once.

    :param ingredients: see :func:`step_ingredients`.
    """

    def __init__(self, ingredients: Mapping[str, Any]) -> None:
        self._common = hashlib.blake2b(_canonical(ingredients), digest_size=_DIGEST_BYTES)

    def of(self, unit: str, inputs: Inputs, renamed: Renamed = _NOTHING) -> str:
        """A unit's fingerprint, 32 hex digits.

        :param unit: its id.
        :param inputs: its files, each list in the order of keys.
        :param renamed: input name to the wildcards whose values go by other names than in the keys.
        """
        hasher = self._common.copy()
        hasher.update(_canonical([unit, unit_ingredients(inputs, renamed)]))
        return hasher.hexdigest()


def step_ingredients(
    settings: StepSettings, files: ToolFiles, outputs: Mapping[str, Output], digest: str | None
) -> dict[str, Any]:
    """What all units of a step have in common; not resources, queue or retries, which do not change a result.

    :param settings: of the step.
    :param files: its own files with their digests.
    :param outputs: of the step.
    :param digest: of the image; its name counts if that is not known.
    """
    return {
        "version": VERSION,
        "image": digest or settings.image,
        "tool": settings.tool,
        "argv": list(settings.argv),
        "with": dict(settings.params),
        "files": {param: {file.name: file.sha256 for file in members} for param, members in files.items()},
        "load_data": _load_data(settings),
        "outputs": {name: _output(output) for name, output in outputs.items()},
        # What came later counts only where it is used, so that the fingerprints of all others stay.
        **({"allow_flagged": True} if settings.allow_flagged else {}),
    }


def unit_ingredients(inputs: Inputs, renamed: Renamed = _NOTHING) -> dict[str, list[list[Any]]]:
    """What a unit has of its own: root, key, size and ETag of each input, and what it goes by instead of its key."""
    return {name: _files(files, renamed.get(name, ())) for name, files in sorted(inputs.items())}


def _files(files: tuple[InputFile, ...], renamed: tuple[str, ...]) -> list[list[Any]]:
    return [
        [file.root, file.key, file.size, file.etag, *(str(file.values[name]) for name in renamed)] for file in files
    ]


def _load_data(settings: StepSettings) -> dict[str, Any] | None:
    # A list of pairs, because the order of columns and of the inputs behind them is part of the mapping.
    mapping = settings.load_data
    return {name: list(pairs.items()) for name, pairs in asdict(mapping).items()} if mapping else None


def _output(output: Output) -> list[Any]:
    ranges = {name: list(ends) for name, ends in output.ranges.items()}
    named = [{name: list(values) for name, values in output.named.items()}] if output.named else []
    return [output.pattern, output.source, ranges, output.at_least, *named]


def _canonical(value: Any) -> bytes:
    """JSON with sorted keys; what JSON does not know counts as its text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()
