"""The record of one attempt of a unit, with what it says of the files that the unit read and wrote."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

from platerunner_unit.contract.evidence import Verdict
from platerunner_unit.contract.folders import FolderListing, files_of
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.storage import Storage, StorageError
from platerunner_unit.contract.unit_keys import Kept, outcome_key, run_token

FORMAT = 1


@dataclass(frozen=True)
class OutputRecord:
    """An output as stage-out wrote it.

    :param name: the output's name in the spec.
    :param key: relative to the workspace.
    :param size: bytes.
    :param sha256: of its content.
    """

    name: str
    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Outcome:
    """What an attempt did: unit, fingerprint, verdict, outputs, resources used, timing.

    :param ingredients: what the fingerprint was made of (digest, files, with, load_data, inputs), to explain a rerun.
    :param evidence: the evidence as plain JSON.
    :param usage: ``peak_memory`` (bytes), ``cpu_s``, ``disk`` (bytes), ``requested``.
    :param timing: ``started`` and ``ended`` (ISO 8601, UTC), ``stage_in_s``, ``tool_s``, ``stage_out_s``.
    :param modules: per-module seconds, as the tool reports them.
    """

    pipeline: str
    run_id: str
    step: str
    unit: str
    values: dict[str, Any]
    fingerprint: str
    attempt: int
    verdict: Verdict
    job_id: Optional[str] = None
    image: str = ""
    digest: Optional[str] = None
    ingredients: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    outputs: tuple[OutputRecord, ...] = ()
    usage: dict[str, Any] = field(default_factory=dict)
    timing: dict[str, Any] = field(default_factory=dict)
    modules: tuple[dict[str, Any], ...] = ()
    log: str = ""
    format: int = FORMAT

    @property
    def key(self) -> str:
        """Where it is kept, relative to the workspace."""
        kept = Kept(self.fingerprint, self.verdict.category, run_token(self.run_id), self.attempt)
        return outcome_key(self.step, self.unit, kept)

    def to_json(self) -> bytes:
        """The stored form."""
        return json.dumps(asdict(self), indent=1, sort_keys=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Outcome:
        """Read a stored outcome."""
        return cls.of(json.loads(data))

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Outcome:
        """The outcome in parsed JSON; changes ``raw``."""
        notes = tuple(raw["verdict"].pop("notes", ()))
        raw["verdict"] = Verdict(**raw["verdict"], notes=notes)
        raw["outputs"] = tuple(OutputRecord(**o) for o in raw["outputs"])
        raw["modules"] = tuple(raw["modules"])
        return cls(**raw)


def inputs_as_kept(inputs: Mapping[str, Sequence[InputFile]]) -> dict[str, list[list[Any]]]:
    """Inputs in the form in which :attr:`Outcome.ingredients` has them, so that they can be compared later."""
    return {
        name: [[file.root, file.key, file.size, file.etag, file.names] for file in files]
        for name, files in inputs.items()
    }


def digest(path: Path) -> str:
    """SHA-256 of a file's content, as hex."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1024 * 1024):
            sha.update(chunk)
    return sha.hexdigest()


def contents_of(roots: Mapping[str, str], inputs: Mapping[str, Sequence[InputFile]]) -> dict[str, dict[str, str]]:
    """Root to key to SHA-256 of the inputs in folders, whose ETags are time stamps; those of S3 tell the content.

    A file that changed since planning, or is gone, is left out: nobody knows what the tool read.

    :param roots: ``data`` and ``workspace`` to URL.
    """
    folders = {root: Storage(url) for root, url in roots.items() if not url.startswith("s3://")}
    files = {(file.root, file.key): file for listed in inputs.values() for file in listed if file.etag is not None}
    found: dict[str, dict[str, str]] = {}
    for (root, key), file in files.items():
        content = content_of(folders[root], key, file.etag) if root in folders else None
        if content is not None:
            found.setdefault(root, {})[key] = content
    return found


def content_of(storage: Storage, key: str, etag: Optional[str]) -> Optional[str]:
    """SHA-256 of a file in a folder; None if it is gone, or was written since its ETag was seen.

    Of a folder that is one thing, its marker counts, or all its files.

    :param storage: a folder.
    """
    try:
        if key.endswith("/"):
            return _content_of_folder(storage, key[:-1], etag)
        found = digest(storage.path(key))
        return found if storage.head(key).etag == etag else None
    except (OSError, StorageError):
        return None


def _content_of_folder(storage: Storage, folder: str, etag: Optional[str]) -> Optional[str]:
    files = sorted(files_of(folder, storage.list(f"{folder}/")))
    found = hashlib.sha256()
    for each in files:
        found.update(f"{each.key}\0{digest(storage.path(each.key))}\n".encode())
    return found.hexdigest() if FolderListing.of(folder, files).etag == etag else None
