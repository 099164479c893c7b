"""The work folder of one unit: what is staged in, what the tool writes, and the log."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from platerunner_unit.contract.manifest import InputFile


@dataclass(frozen=True)
class WorkFolder:
    """A folder with a room for each purpose.

    :param root: holds ``in/<root>/<key>``, ``out/``, ``tmp/`` (the tool's TMPDIR), ``tool/<param>/<name>``, ``home/``.
    """

    root: Path

    @classmethod
    def create(cls, root: Optional[Path], fingerprint: str) -> WorkFolder:
        """Make the folder, or take one that an earlier attempt left: what its tool wrote goes, and its inputs stay.

        :param root: None for a fresh temporary folder.
        :param fingerprint: the unit's; inputs staged for another one are deleted, because they may differ
            at the same size.
        :raises OSError: if it cannot be made.
        """
        folder = cls(root or Path(tempfile.mkdtemp(prefix="platerunner-")))
        mark = folder.root / "fingerprint"
        same = mark.is_file() and mark.read_text() == fingerprint
        for stale in (folder.out, folder.tmp) if same else (folder.out, folder.tmp, folder.inputs):
            shutil.rmtree(stale, ignore_errors=True)
        for room in (folder.inputs, folder.out, folder.tmp, folder.tool, folder.home):
            room.mkdir(parents=True, exist_ok=True)
        mark.write_text(fingerprint)
        return folder

    @property
    def inputs(self) -> Path:
        """Where inputs are staged."""
        return self.root / "in"

    @property
    def out(self) -> Path:
        """Where the tool writes."""
        return self.root / "out"

    @property
    def tmp(self) -> Path:
        """The tool's temporary folder."""
        return self.root / "tmp"

    @property
    def tool(self) -> Path:
        """The step's own files, by parameter."""
        return self.root / "tool"

    @property
    def home(self) -> Path:
        """A home for tools whose own is not writable."""
        return self.root / "home"

    @property
    def log(self) -> Path:
        """The gzipped log of the attempt."""
        return self.root / "log.gz"

    def path_of(self, file: InputFile) -> Path:
        """Where an input is staged."""
        return self.inputs / file.root / file.key

    def disk_used(self) -> int:
        """Bytes that the unit's files take up, without those that are only linked."""
        files = (path.lstat() for path in self.root.rglob("*"))
        return sum(stat.st_blocks * 512 for stat in files)

    def remove(self) -> None:
        """Delete it all; what cannot be deleted stays."""
        shutil.rmtree(self.root, ignore_errors=True)
