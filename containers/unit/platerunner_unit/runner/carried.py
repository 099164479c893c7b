"""The folder that a program leaves for the next attempt of its unit, kept in the workspace also after a failure.

Each file lies under the hash of its content, and the list of them is written last: an attempt that dies in between
leaves the list of before, with all its files. Times of change come back as they were, since programs that do only what
is left to do go by them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from platerunner_unit.contract.keys import CARRIED_LIST, carried_prefix
from platerunner_unit.contract.outcome import digest
from platerunner_unit.contract.storage import NotFoundError, Storage, StorageError
from platerunner_unit.contract.transfer import Kind
from platerunner_unit.runner.stage import Stager, StagingError

FORMAT = 1


@dataclass(frozen=True)
class CarriedFile:
    """A file, or a link to a place inside the folder.

    :param name: relative to the folder.
    :param sha256: of its content; empty for a link.
    :param mtime_ns: when it was last changed.
    :param mode: its permissions.
    :param link: where a link leads; empty for a file.
    """

    name: str
    sha256: str
    size: int
    mtime_ns: int
    mode: int
    link: str = ""


class Carried:
    """What one unit carries from attempt to attempt.

    :param workspace: where it is kept.
    :param step: the step's name.
    :param unit: the unit's id.
    :param folder: where the program finds and leaves it.
    """

    def __init__(self, workspace: Storage, step: str, unit: str, folder: Path) -> None:
        self._workspace, self._folder = workspace, folder
        self._prefix = carried_prefix(step, unit)
        self._listed: dict[str, CarriedFile] = {}

    def fetch(self, stager: Stager) -> str:
        """Lay the folder out as the last attempt left it.

        :returns: a remark for people; empty if there is nothing to remark.
        :raises StagingError: if the workspace cannot be read.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            files = _parsed(self._workspace.get(f"{self._prefix}{CARRIED_LIST}"))
            stager.all([(self._key(file), partial(self._fetch, file)) for file in files])
        except NotFoundError:
            return ""
        except (StagingError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, StagingError) and any(each.kind != Kind.MISSING.value for each in error.failures):
                raise  # it is there, and may be read by the next attempt
            self._clear()
            return f"what the last attempt left cannot be used, so this one begins with nothing ({error})"
        except StorageError as error:
            raise StagingError([error.failure]) from error
        self._listed = {file.name: file for file in files}
        return f"{len(files)} files of the last attempt are here" if files else ""

    def keep(self, stager: Stager) -> str:
        """Keep the folder as it is now, whatever became of the attempt.

        :returns: why it could not be kept, as a remark for people; empty if it was.
        """
        try:
            files = stager.all([(name, partial(self._measured, name, path)) for name, path in self._found()])
            before = {file.sha256 for file in self._listed.values()}
            new = {file.sha256: file for file in files if file.sha256 and file.sha256 not in before}
            stager.all([(self._key(file), partial(self._upload, file)) for file in new.values()])
            kept = {"format": FORMAT, "files": [asdict(file) for file in files]}
            self._workspace.put(f"{self._prefix}{CARRIED_LIST}", json.dumps(kept).encode())
            gone = before - {file.sha256 for file in files}
            stager.all([(sha, partial(self._workspace.delete, f"{self._prefix}{sha}")) for sha in sorted(gone - {""})])
        except (StagingError, StorageError) as error:
            return f"the folder for the next attempt could not be kept, so that one begins with what was there: {error}"
        return ""

    def _key(self, file: CarriedFile) -> str:
        return f"{self._prefix}{file.sha256}"

    def _fetch(self, file: CarriedFile) -> None:
        target = self._folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.link:
            target.symlink_to(file.link)
        else:
            self._workspace.download(self._key(file), target)
            if target.stat().st_size != file.size:
                raise ValueError(f"{file.name} has another size than it had")
            target.chmod(file.mode)
        os.utime(target, ns=(file.mtime_ns, file.mtime_ns), follow_symlinks=False)

    def _upload(self, file: CarriedFile) -> None:
        self._workspace.upload(self._folder / file.name, self._key(file), file.sha256)

    def _measured(self, name: str, path: Path) -> CarriedFile:
        stat = path.lstat()
        if path.is_symlink():
            return CarriedFile(name, "", stat.st_size, stat.st_mtime_ns, 0o777, str(path.readlink()))
        known = self._listed.get(name)
        same = known is not None and (known.size, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
        sha256 = known.sha256 if known is not None and same else digest(path)
        return CarriedFile(name, sha256, stat.st_size, stat.st_mtime_ns, stat.st_mode & 0o777)

    def _found(self) -> Iterator[tuple[str, Path]]:
        """All files, and links that lead to places inside; what was linked from elsewhere is not the program's."""
        for folder, folders, names in os.walk(self._folder):
            linked = [name for name in folders if Path(folder, name).is_symlink()]
            for name in (*names, *linked):
                path = Path(folder, name)
                if path.is_symlink() and not self._leads_inside(path):
                    continue
                if path.is_symlink() or path.is_file():
                    yield path.relative_to(self._folder).as_posix(), path

    def _leads_inside(self, path: Path) -> bool:
        return not path.readlink().is_absolute() and path.resolve().is_relative_to(self._folder.resolve())

    def _clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)


def _parsed(data: bytes) -> list[CarriedFile]:
    raw = json.loads(data)
    if raw["format"] != FORMAT:
        raise ValueError(f"it is of format {raw['format']}, and this runner reads {FORMAT}")
    files = [CarriedFile(**file) for file in raw["files"]]
    for file in files:
        name = Path(file.name)
        if name.is_absolute() or ".." in name.parts or Path(file.link).is_absolute():
            raise ValueError(f"`{file.name}` leads out of the folder")
    return files
