"""The file system of a run in a job's container: which files come through it, and where they lie.

The engine says so in :data:`VARIABLE`; the runner links what is there in place of fetching it from S3.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Optional

VARIABLE = "PLATERUNNER_STORAGE"
FOLDER = "/platerunner-storage"
"""Where containers have it."""
LINKED = "data"
"""Folder of a Lustre file system in which the objects of the bucket appear."""


@dataclass(frozen=True)
class Mounted:
    """A file system that jobs share.

    :param kind: ``fsx``, which shows the objects of ``data`` itself, or ``efs``, in which the first job that fetches a
        file leaves it for the others.
    :param data: ``s3://bucket/prefix`` whose files come through it.
    :param folder: where it is mounted.
    """

    kind: str
    data: str
    folder: str = FOLDER

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Mounted:
        """The one that the job has.

        :param environ: of the job, with :data:`VARIABLE`.
        """
        return cls(**json.loads(environ[VARIABLE]))

    def variables(self) -> dict[str, str]:
        """What tells a container of it."""
        return {VARIABLE: json.dumps(asdict(self), sort_keys=True)}

    def path_of(self, url: str, etag: str) -> Optional[Path]:
        """Where a file lies, or is to lie; None for one that does not come through it.

        :param url: of the object.
        :param etag: as it was planned with: on EFS another content is another file.
        """
        prefix = f"{self.data.rstrip('/')}/"
        if not url.startswith(prefix):
            return None
        if self.kind == "fsx":
            return Path(self.folder, LINKED, url[len(prefix) :])
        return Path(self.folder, hashlib.sha256(f"{url} {etag}".encode()).hexdigest())
