"""The files of a bundle: the same input makes the same bytes."""

import hashlib
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from platerunner.cli.mwaa.bundle_source import BundleError
from platerunner.spec.loader import is_shared, load_pipeline
from platerunner.spec.problems import SpecError

SUMS = "SHA256SUMS"
STARTUP = """#!/bin/bash
# Made by `platerunner bundle`. MWAA reads this before it starts anything; what is exported here, Airflow sees.

# Without it, a trigger or an answer within a second of a task's parking can fail the task.
export AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL=1
export PLATERUNNER_DAG_SPECS=/usr/local/airflow/dags/dag_specs
"""
CATALOG = "catalog"
"""A folder with modules of a lab's own, beside its specs."""
STARTUP_CATALOG = f"export PLATERUNNER_CATALOG=/usr/local/airflow/dags/dag_specs/{CATALOG}\n"
# The oldest date that a zip file can tell.
DATE = (1980, 1, 1, 0, 0, 0)


def copy_specs(specs: Path, target: Path) -> list[str]:
    """Copy a folder of specs with everything beside them, and load each where it then is.

    :returns: the pipelines' names.
    :raises BundleError: if there is none, or one is broken, here or there.
    """
    if not specs.is_dir():
        raise BundleError(f"--specs {specs}: there is no such folder; name the one with your pipelines' YAML files.")
    names = _load(specs)
    shutil.copytree(specs, target, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    try:
        _load(target)
    except BundleError as error:
        what = f"A spec names files that do not go along: move them into {specs}, names without a dot in front"
        raise BundleError(f"{what}:\n{error}") from None
    return names


def _load(folder: Path) -> list[str]:
    found = (path for path in sorted(folder.iterdir()) if path.suffix in (".yaml", ".yml"))
    specs = [path for path in found if not is_shared(path)]
    if not specs:
        raise BundleError(f"--specs {folder}: no spec there; write one, or name the folder that has .yaml files.")
    try:
        names = [load_pipeline(path).name for path in specs]
    except SpecError as error:
        raise BundleError(str(error)) from None
    if twice := {name for name in names if names.count(name) > 1}:
        raise BundleError(f"--specs {folder}: two pipelines are called {twice.pop()}; give one another name.")
    return names


def startup(specs: Path) -> str:
    """The text of `startup.sh`.

    :param specs: folder of specs in the bundle; its own catalog is named where it has one.
    """
    return STARTUP + (STARTUP_CATALOG if (specs / CATALOG).is_dir() else "")


def write_zip(path: Path, files: Mapping[str, Path]) -> None:
    """Write a zip file that knows no dates, owners or order of its making.

    :param files: by their name in it. Wheels are compressed already, so nothing is compressed again.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, source in sorted(files.items()):
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system = 3
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, source.read_bytes())


def write_sums(folder: Path) -> None:
    """Write what `sha256sum --check` reads."""
    lines = [f"{value}  {name}\n" for name, value in _sums(folder).items()]
    (folder / SUMS).write_text("".join(lines))


def _sums(folder: Path) -> dict[str, str]:
    """The sums of all files but that of the sums."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in files if name != SUMS}


def read_sums(folder: Path) -> dict[str, str]:
    """The sums by name.

    :raises BundleError: if there is no bundle, or it is not as it was made.
    """
    if not (folder / SUMS).is_file():
        raise BundleError(f"--bundle {folder}: no bundle there; make it with `platerunner bundle`, or name its folder.")
    lines = (line.split("  ", 1) for line in (folder / SUMS).read_text().splitlines())
    sums = {name: value for value, name in lines}
    if sums != _sums(folder):
        raise BundleError(f"--bundle {folder}: files are not as {SUMS} says; make the bundle again.")
    return sums


def replace(made: Path, out: Path) -> None:
    """Put a new bundle where an older one may be.

    :raises BundleError: if something else is there.
    """
    check_replaceable(out)
    if out.exists():
        shutil.rmtree(out)
    made.rename(out)


def check_replaceable(out: Path) -> None:
    """Refuse to take the place of anything but a bundle."""
    if out.is_dir() and ((out / SUMS).is_file() or not any(out.iterdir())):
        return
    if out.exists():
        raise BundleError(f"--out {out}: what is there is no bundle, and stays; name another folder, or remove it.")
