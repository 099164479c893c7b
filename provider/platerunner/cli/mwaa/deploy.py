"""`platerunner deploy`: upload a bundle into the bucket that MWAA runs from, and see that the environment takes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from platerunner.cli.console import fail, out, quiet
from platerunner.cli.mwaa import bundle_files, bundle_requirements, deploy_environment
from platerunner.cli.mwaa.bundle_bucket import Bucket
from platerunner.cli.mwaa.bundle_source import BundleError

# An environment needs the versions of these files; before the DAGs, which it finds by itself.
TOLD = {"plugins.zip": "plugins", "requirements.txt": "requirements", "startup.sh": "startup-script"}


def deploy(
    *,
    bucket: Annotated[str, typer.Option(help="Name of the environment's bucket.")],
    prefix: Annotated[str, typer.Option(help="Folder in the bucket, if the environment does not use its top.")] = "",
    folder: Annotated[Path, typer.Option("--bundle", help="What `platerunner bundle` made.")] = Path("dist/mwaa"),
    environment: Annotated[
        str, typer.Option(help="Name of the environment to update and wait for. Leave it out if Terraform updates it.")
    ] = "",
    wait: Annotated[int, typer.Option(min=1, help="Minutes to wait for the environment at most.")] = 60,
) -> None:
    """Upload what is new of a bundle; tell the environment and see that it took it, or say what to tell it."""
    try:
        with quiet():
            sums = bundle_files.read_sums(folder)
            place = Bucket.open(bucket, prefix)
            versions = dict(_upload(place, folder, sums))
            for key in place.remove_others("dags/dag_specs/", set(sums)):
                out.print(f"removed    {key}", markup=False)
            if environment:
                offline = bundle_requirements.is_offline((folder / "requirements.txt").read_text())
                _tell(environment, place, versions, wait, offline=offline)
                return
    except BundleError as error:
        fail(str(error))
    out.print("\nTell the environment, unless nothing but dags/ is new:\n", markup=False)
    out.print(f"aws mwaa update-environment --name NAME {_arguments(place, versions)}", markup=False)


def _tell(environment: str, place: Bucket, versions: dict[str, str], wait: int, *, offline: bool) -> None:
    """Have the environment take the files, and say that it did."""
    wanted: dict[str, str] = {}

    def say(line: str) -> None:
        out.print(line, markup=False)

    for name, option in TOLD.items():
        kind = option.title().replace("-", "")
        wanted |= {f"{kind}S3Path": place.key(name), f"{kind}S3ObjectVersion": versions[name]}
    told = deploy_environment.tell(environment, place.name, wanted, wait * 60, say, offline=offline)
    news = "took the bundle" if told else "has these versions already; it takes dags/ by itself"
    out.print(f"\n{environment} {news}.", markup=False)


def _upload(place: Bucket, folder: Path, sums: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Upload file by file, with a line of each.

    :returns: version ids by name.
    """
    for name in sorted(sums, key=lambda name: (name not in TOLD, name)):
        state, version = place.put(name, (folder / name).read_bytes(), sums[name])
        out.print(f"{state:<10} {place.key(name)}  {version}", markup=False)
        yield name, version


def _arguments(place: Bucket, versions: dict[str, str]) -> str:
    """The environment's options for the versions."""
    words = (
        f"--{option}-s3-path {place.key(name)} --{option}-s3-object-version {versions[name]}"
        for name, option in TOLD.items()
    )
    return " ".join(words)
