"""Real containers for the embedded cloud's jobs: podman's images stand for ECR's, and its containers for ECS's.

Asked for by ``PLATERUNNER_CONTAINERS=podman``. Then every job's command runs in the image that its definition names,
with a read-only root, a disk-backed ``/tmp``, and the job's memory as a limit that the kernel keeps.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from platerunner.local.aws.images import ImageMissingError, LocalImage

VARIABLE = "PLATERUNNER_CONTAINERS"
FOLDERS_VARIABLE = "PLATERUNNER_CONTAINER_FOLDERS"
"""Folders of this machine that containers see under the same names, with colons between, such as data and results."""
PREFIX = "localhost/platerunner/"
PODMAN = "podman"
LABEL = "org.platerunner.cloud"
LISTING_S = 60
KEPT = ("CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
"""What podman itself wants to know of the machine."""


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether jobs are to run in containers.

    :raises ImageMissingError: if the variable names a runtime that is unknown or not installed.
    """
    runtime = environment.get(VARIABLE, "")
    if not runtime:
        return False
    if runtime != PODMAN:
        raise ImageMissingError(f"{VARIABLE}={runtime!r} is no runtime known here: set it to podman, or unset it.")
    if shutil.which(PODMAN) is None:
        raise ImageMissingError(f"{VARIABLE}=podman, but there is no podman: install it, or unset the variable.")
    return True


def container_images() -> Iterator[LocalImage]:
    """The images that podman has: ours, under ``localhost/platerunner/``, by name alone, others by their full names.

    :raises ImageMissingError: if there is none, or podman does not answer.
    """
    # An image with two names is listed twice, each time with both.
    found = {reference: entry["Id"] for entry in _listing() for reference in entry.get("Names") or ()}
    for reference, image in found.items():
        name, _, tag = reference.removeprefix(PREFIX).rpartition(":")
        if name:
            yield LocalImage(name, tag, contents={"image": image}, container=reference)
    if not found:
        raise ImageMissingError(f"podman has no image: build ours, {PREFIX}*, with `make images`, or pull yours.")


def _listing() -> list[dict[str, str]]:
    argv = [PODMAN, "images", "--format", "json"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LISTING_S, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        raise ImageMissingError(f"podman does not list its images: {said[-1] if said else error}") from error
    listing: list[dict[str, str]] = json.loads(done.stdout or "[]")
    return listing


def container_name(key: str) -> str:
    """The container of an attempt.

    :param key: ``<job id>#<attempt>``.
    """
    return "platerunner-" + key.replace(":", "-").replace("#", "-")


def remove(*names: str) -> None:
    """Remove containers whose shim was killed: nobody else tells podman that they are over.

    :param names: of :func:`container_name`; none for all of this process.
    """
    known = list(names) or _own()
    if known:
        argv = [PODMAN, "rm", "--force", "--ignore", "--volumes", "--time", "0", *known]
        subprocess.run(argv, capture_output=True, timeout=LISTING_S, check=False)


def _own() -> list[str]:
    argv = [PODMAN, "ps", "--all", "--quiet", "--filter", f"label={LABEL}={os.getpid()}"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=LISTING_S, check=False).stdout.split()


def environment(base: Mapping[str, str]) -> dict[str, str]:
    """The variables of podman's own process.

    :param base: what jobs inherit of the machine.
    """
    return {**base, **{name: os.environ[name] for name in KEPT if name in os.environ}}


def _folders() -> list[str]:
    """Options that let a container see folders of this machine, as the person who started it."""
    folders = [folder for folder in os.environ.get(FOLDERS_VARIABLE, "").split(":") if folder]
    if not folders:
        return []
    own = [f"--user={os.getuid()}:{os.getgid()}", *(["--userns=keep-id"] if os.getuid() else [])]
    return [*own, *(f"--volume={folder}:{folder}" for folder in folders)]


def command(
    image: str, argv: Sequence[str], variables: Mapping[str, str], *, vcpus: float, memory: int, folder: Path
) -> list[str]:
    """What runs a job's command in a container, for :mod:`platerunner.local.host.shim`.

    :param image: podman's reference.
    :param variables: for the container.
    :param vcpus: a share, not a limit, as on EC2.
    :param memory: bytes, without swap.
    :param folder: of the attempt, for pid file and marks.
    """
    options = [
        f"--name={container_name(folder.name)}", f"--label={LABEL}={os.getpid()}",
        f"--pidfile={folder / 'pid'}", "--pull=never", "--network=host", "--log-driver=none",
        "--read-only", "--read-only-tmpfs=false", "--security-opt=no-new-privileges",
        f"--memory={memory}", f"--memory-swap={memory}", f"--cpu-shares={max(2, round(vcpus * 1024))}",
        *(f"--env={name}={value}" for name, value in variables.items()),
        *_folders(),
    ]  # fmt: skip
    return [
        sys.executable,
        "-m",
        "platerunner.local.host.shim",
        str(folder),
        PODMAN,
        "run",
        "--rm",
        *options,
        image,
        *argv,
    ]
