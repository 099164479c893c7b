"""The folder that Snakemake works in: results of earlier attempts, and links to the unit's inputs and the workflow.

Snakemake goes by times of change, and a file that was fetched again has a new one. So what is the same as in the last
attempt gets the time that it had then.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

OWN = ".platerunner"
"""The folder of what this program writes itself, in the work folder."""
_MEMORY = "placed.json"
_CONVENTION = "workflow"
"""By Snakemake's convention the Snakefile lies in a folder of this name, and paths are relative to the one above."""


class DataError(Exception):
    """The unit's files cannot be laid out; the message is a sentence for people."""


@dataclass(frozen=True)
class Placed:
    """A file that Snakemake is to find.

    :param name: in the work folder.
    :param source: where it is.
    :param version: another one where its content is another.
    """

    name: str
    source: Path
    version: str


def lay_out(unit: Mapping[str, Any], work: Path) -> str:
    """Link inputs and workflow into the work folder, and write the configuration.

    :param unit: the content of ``unit.json``.
    :returns: the Snakefile's name in the work folder.
    :raises DataError: if two files want one place.
    """
    snakefile, own = _own_files(unit["params"])
    placed = [*own, *_inputs(unit)]
    _check(placed)
    memory = work / OWN / _MEMORY
    before = json.loads(memory.read_text()) if memory.is_file() else {}
    now = time.time_ns()
    times = {}
    for file in placed:
        version, mtime = before.get(file.name, ("", now))
        times[file.name] = (file.version, mtime if version == file.version else now)
        _link(file, work / file.name, times[file.name][1])
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps(times))
    _write_config(unit, work / OWN / "config")
    return snakefile


def _own_files(params: Mapping[str, Any]) -> tuple[str, list[Placed]]:
    """The Snakefile's place, and the workflow's files: a whole folder, or a single one."""
    if folder := params.get("folder"):
        root = Path(folder)
        names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        known = [name for name in ("workflow/Snakefile", "Snakefile") if name in names]
        if not known:
            raise DataError(f"the folder has no `Snakefile` and no `{_CONVENTION}/Snakefile`; it has {names[:5]}")
        return known[0], [_own(name, root / name) for name in names]
    if not params.get("snakefile"):
        raise DataError("there is no workflow: give `with: {snakefile: ...}`, or `folder:` with a `Snakefile` in it")
    source = Path(params["snakefile"])
    return source.name, [_own(source.name, source)]


def _own(name: str, source: Path) -> Placed:
    return Placed(name, source, hashlib.sha256(source.read_bytes()).hexdigest())


def _inputs(unit: Mapping[str, Any]) -> Iterator[Placed]:
    for files in unit["inputs"].values():
        for file in files:
            yield Placed(file["key"], Path(file["path"]), file["version"])


def _check(placed: list[Placed]) -> None:
    taken: dict[str, Placed] = {}
    for file in placed:
        other = taken.setdefault(file.name, file)
        if other.source != file.source:
            raise DataError(f"an input and a file of the workflow are both called {file.name}; rename one")
        if PurePosixPath(file.name).parts[0] in (OWN, ".snakemake"):
            raise DataError(f"{file.name} lies where Snakemake and this program keep their own; rename its folder")


def _link(file: Placed, target: Path, mtime: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.exists():
        target.unlink()  # a result of an earlier attempt, where the workflow has changed
    target.symlink_to(file.source)
    os.utime(target, ns=(mtime, mtime), follow_symlinks=False)
    if not file.source.is_symlink():  # it was fetched for this attempt alone
        os.utime(file.source, ns=(mtime, mtime))


def _write_config(unit: Mapping[str, Any], folder: Path) -> None:
    """The spec's configuration, then what only the unit knows; Snakemake lets the later file win."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = {name: sorted(file["key"] for file in files) for name, files in unit["inputs"].items()}
    known = {"unit": unit["unit"], "values": unit["values"], "inputs": inputs}
    configs = {"1.json": unit["params"].get("config", {}), "2.json": {"platerunner": known}}
    for name, config in configs.items():
        (folder / name).write_text(json.dumps(config))
