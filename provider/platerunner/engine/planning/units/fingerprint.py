"""Fingerprints: the hash of everything that decides a unit's result, with its step's own files, and of nothing else."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from platerunner.engine.planning.model import StepSettings
from platerunner.spec.steps import Output
from platerunner_unit.contract.keys import PREFIX
from platerunner_unit.contract.manifest import InputFile, ToolFile
from platerunner_unit.contract.planes import as_kept
from platerunner_unit.contract.storage import Storage

ToolFiles = Mapping[str, tuple[ToolFile, ...]]


def hash_files(settings: StepSettings) -> dict[str, tuple[ToolFile, ...]]:
    """The step's files by parameter, with the keys that they have or will have in the workspace.

    :param settings: of the step.
    """
    return {
        param: tuple(_tool_file(name, Path(path)) for name, path in members)
        for param, members in settings.files.items()
    }


def store_files(workspace: Storage, settings: StepSettings, files: Mapping[str, tuple[ToolFile, ...]]) -> None:
    """Put the files into the workspace that are not there yet.

    :param files: as :func:`hash_files` gives them.
    :raises platerunner_unit.contract.storage.AccessDeniedError: if the workspace cannot be written.
    """
    for param, members in files.items():
        for file, (_, path) in zip(members, settings.files[param], strict=True):
            if not workspace.exists(file.key):
                workspace.upload(Path(path), file.key, file.sha256)


def _tool_file(name: str, path: Path) -> ToolFile:
    stat = path.stat()
    sha256 = _sha256(path, stat.st_mtime_ns, stat.st_size)
    return ToolFile(f"{PREFIX}/files/{sha256}/{name}", name, sha256)


@lru_cache(maxsize=1024)
def _sha256(path: Path, _mtime_ns: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
        # A newer key counts only where a spec uses it, so that all other fingerprints stay as they are.
        **({"allow_flagged": True} if settings.allow_flagged else {}),
        **({"leave_out": dict(settings.leave_out)} if settings.leave_out else {}),
        **({"planes": as_kept(settings.planes)} if settings.planes else {}),
    }


def unit_ingredients(inputs: Inputs, renamed: Renamed = _NOTHING) -> dict[str, list[list[Any]]]:
    """What a unit has of its own: root, key, size and ETag of each input, and the name that replaces its key."""
    return {name: _inputs(files, renamed.get(name, ())) for name, files in sorted(inputs.items())}


def _inputs(files: tuple[InputFile, ...], renamed: tuple[str, ...]) -> list[list[Any]]:
    return [
        [file.root, file.key, file.size, file.etag, *[str(file.values[name]) for name in renamed]] for file in files
    ]


def _load_data(settings: StepSettings) -> dict[str, Any] | None:
    # A list of pairs, because the order of columns and of the inputs behind them is part of the mapping.
    mapping = settings.load_data
    return {name: list(pairs.items()) for name, pairs in mapping.as_kept().items()} if mapping else None


def _output(output: Output) -> list[Any]:
    ranges = {name: list(ends) for name, ends in output.ranges.items()}
    named = [{name: list(values) for name, values in output.named.items()}] if output.named else []
    return [output.pattern, output.source, ranges, output.at_least, *named, *(["folder"] if output.folder else [])]


def _canonical(value: Any) -> bytes:
    """JSON with sorted keys; what JSON does not know counts as its text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode()
