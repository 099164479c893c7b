"""`platerunner bundle`: everything that MWAA runs, in one folder to upload."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from platerunner.catalog.loader import VARIABLE as CATALOG_VARIABLE
from platerunner.cli.console import fail, out
from platerunner.cli.mwaa import bundle_files, bundle_requirements
from platerunner.cli.mwaa.bundle_source import BundleError, Checkout


def bundle(
    *,
    airflow: Annotated[str, typer.Option(help="The environment's version of Airflow.")] = "3.3.1",
    specs: Annotated[Path, typer.Option(help="Folder of specs; goes along with everything in it.")] = Path("dag_specs"),
    target: Annotated[Path, typer.Option("--out", help="Where to; an older bundle is replaced.")] = Path("dist/mwaa"),
    offline: Annotated[
        bool, typer.Option("--offline", help="Put every wheel in, for an environment without a way to PyPI.")
    ] = False,
) -> None:
    """Make what Amazon MWAA runs: dags/, plugins.zip, requirements.txt, startup.sh, and their checksums."""
    if (specs / bundle_files.CATALOG).is_dir():
        os.environ[CATALOG_VARIABLE] = str((specs / bundle_files.CATALOG).absolute())  # as startup.sh will on MWAA
    try:
        bundle_files.check_replaceable(target)
        checkout = Checkout.find()
        checkout.constraints(airflow)
        target.absolute().parent.mkdir(parents=True, exist_ok=True)
        # Beside its place, so that it gets there by a rename, whole or not at all.
        with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".bundle-") as folder:
            said = _make(checkout, Path(folder), specs, airflow, offline=offline)
            bundle_files.replace(Path(folder, "bundle"), target)
    except BundleError as error:
        fail(str(error))
    out.print(f"{target}: for Airflow {airflow}; {said}", markup=False)
    out.print("Upload it with `platerunner deploy` or Terraform (docs/airflow.md, Deploy to MWAA).", markup=False)


def _make(checkout: Checkout, work: Path, specs: Path, airflow: str, *, offline: bool) -> str:
    """Make the bundle in a folder of its own.

    :returns: what is in it, for people.
    """
    made, ours, theirs = (work / name for name in ("bundle", "ours", "theirs"))
    (made / "dags").mkdir(parents=True)
    theirs.mkdir()
    names = bundle_files.copy_specs(specs, made / "dags" / "dag_specs")
    for file in checkout.root.glob("dags/platerunner_*.py"):
        shutil.copyfile(file, made / "dags" / file.name)
    lines = bundle_requirements.missing(checkout, airflow)
    checkout.build(ours)
    if offline:
        bundle_requirements.download(checkout, lines, theirs)
    _write(made, checkout.constraints(airflow), ours, theirs)
    wheels = sorted(wheel.name for wheel in ours.glob("*.whl"))
    text = bundle_requirements.text(airflow, lines, wheels, offline=offline)
    (made / "requirements.txt").write_text(text)
    bundle_files.write_sums(made)
    return f"pipelines {', '.join(names)}; {'brings' if offline else 'fetches'} {', '.join(lines) or 'nothing more'}"


def _write(made: Path, constraints: Path, *wheels: Path) -> None:
    """Write `plugins.zip` and `startup.sh`.

    The constraints go with the wheels and not into dags/, which changes while workers of the older bundle still start.
    """
    files = {wheel.name: wheel for folder in wheels for wheel in folder.glob("*.whl")}
    bundle_files.write_zip(made / "plugins.zip", {**files, "constraints.txt": constraints})
    (made / "startup.sh").write_text(bundle_files.startup(made / "dags" / "dag_specs"))
