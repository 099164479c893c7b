"""Images of the embedded cloud: a name and a tag stand for an environment of this machine instead of a container."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from platerunner.batch.image_catalog import image_catalog

CELLPROFILER_VARIABLE = "PLATERUNNER_CELLPROFILER"
CYTOMINING_VARIABLE = "PLATERUNNER_CYTOMINING"
COSMICQC_VARIABLE = "PLATERUNNER_COSMICQC"
SNAKEMAKE_VARIABLE = "PLATERUNNER_SNAKEMAKE"
EM_VARIABLE = "PLATERUNNER_EM"
STAND_INS_VARIABLE = "PLATERUNNER_STAND_INS"
OTHER_IMAGES = (
    f"For programs that are installed here set {STAND_INS_VARIABLE}='image=folder of its programs'; for its container"
    " set PLATERUNNER_CONTAINERS=podman."
)


class ImageMissingError(Exception):
    """There is no such image; the message is what a container runtime would say."""


@dataclass(frozen=True, slots=True)
class LocalImage:
    """An environment that stands for an image.

    :param name: ``imaging``.
    :param tag: ``0.1.0``.
    :param path: folders put before ``PATH``.
    :param variables: set for the command.
    :param contents: what is in it, e.g. ``{"cellprofiler": "4.2.8"}``; the digest is made of name, tag and this.
    :param container: podman's reference of a real image, in which commands then run; empty for this machine itself.
    """

    name: str
    tag: str
    path: tuple[Path, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    contents: Mapping[str, str] = field(default_factory=dict)
    container: str = ""

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """The variables of a command that runs in it.

        :param base: what the machine gives.
        """
        path = os.pathsep.join([*map(str, self.path), base.get("PATH", os.defpath)])
        return {**base, **self.variables, "PATH": path}

    @property
    def manifest(self) -> str:
        """An image manifest; the same wherever the image has the same name, tag and contents."""
        layer = json.dumps([self.name, self.tag, dict(self.contents)], sort_keys=True).encode()
        config = json.dumps({"os": sys.platform, "config": {"Labels": dict(self.contents)}}, sort_keys=True).encode()
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": _blob("application/vnd.oci.image.config.v1+json", config),
                "layers": [_blob("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
            },
            sort_keys=True,
        )

    @property
    def digest(self) -> str:
        """The digest of the manifest, as a registry computes it."""
        return f"sha256:{hashlib.sha256(self.manifest.encode()).hexdigest()}"


def _blob(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "size": len(data), "digest": f"sha256:{hashlib.sha256(data).hexdigest()}"}


def split_tag(reference: str) -> tuple[str, str]:
    """Name and tag of an image: a colon before the last slash is that of a port.

    :param reference: ``localhost:5000/lab/track:3``.
    """
    place, slash, last = reference.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{place}{slash}{name}", tag or "latest"


class LocalImages:
    """All images that jobs can name.

    :param registry: their registry, e.g. ``123456789012.dkr.ecr.us-east-1.amazonaws.com/platerunner``.
    """

    def __init__(self, registry: str, images: Iterable[LocalImage]) -> None:
        self.registry = registry
        self.all = tuple(images)

    def find(self, reference: str) -> LocalImage:
        """The image that a job definition names.

        :param reference: ``<registry>/name:tag``, ``<registry>/name@sha256:...`` or ``name:tag``.
        :raises ImageMissingError: if there is none.
        """
        short = reference.removeprefix(f"{self.registry}/")
        name, _, digest = short.partition("@")
        name, tag = split_tag(name)
        for image in self.all:
            if image.name == name and (_has(image, digest) if digest else image.tag == tag):
                return image
        known = ", ".join(f"{image.name}:{image.tag}" for image in self.all)
        raise ImageMissingError(f"{reference}: not found; this machine stands in for {known}. {OTHER_IMAGES}")


class LocalRegistry:
    """Answers as ECR does for the embedded cloud's images, without a call.

    :param images: all of them.
    """

    def __init__(self, images: LocalImages) -> None:
        self._images = images

    def describe_images(
        self,
        *,
        registryId: str,  # noqa: N803, ARG002  (boto3's names)
        repositoryName: str,  # noqa: N803
        imageIds: Sequence[Mapping[str, str]] = (),  # noqa: N803
    ) -> dict[str, Any]:
        """Tags and digests of a repository's images.

        :raises ClientError: as ECR's, if there are none.
        """
        found = [image for image in self._images.all if f"platerunner/{image.name}" == repositoryName]
        tags = {each["imageTag"] for each in imageIds}
        wanted = [image for image in found if not tags or image.tag in tags]
        if not wanted:
            code = "ImageNotFoundException" if found else "RepositoryNotFoundException"
            raise ClientError({"Error": {"Code": code, "Message": repositoryName}}, "DescribeImages")
        return {"imageDetails": [{"imageTags": [image.tag], "imageDigest": image.digest} for image in wanted]}


def _has(image: LocalImage, digest: str) -> bool:
    """Whether it is an image's digest, or the one to which the images catalog pins what the image stands for."""
    pinned = next((i for i in image_catalog().values() if i.repository == image.name and i.tag == image.tag), None)
    return digest == image.digest or (pinned is not None and digest == pinned.digest)


def builtin_images(cellprofiler: Path | None = None) -> Iterator[LocalImage]:
    """The images that this machine can stand in for.

    :param cellprofiler: the program; looked for if None.
    """
    version = metadata.version("platerunner-unit")
    here = (Path(sys.executable).parent,)
    contents = {"platerunner-unit": version, "python": ".".join(map(str, sys.version_info[:3]))}
    for name in ("base", "imaging"):
        for tag in (version, "latest"):
            yield LocalImage(name, tag, here, contents=dict(contents))
    program = cellprofiler or find_cellprofiler()
    if program is not None and (installed := cellprofiler_version(program)) is not None:
        # The runner is this interpreter's; the tool's own folder comes after it, and the runner gets its absolute name.
        variables = {CELLPROFILER_VARIABLE: str(program)}
        tag = ".".join(installed.split(".")[:3])  # what it calls itself: 4.2.8.1 is a repackaged 4.2.8
        yield LocalImage(
            "cellprofiler", tag, (*here, program.parent), variables, contents | {"cellprofiler": installed}
        )
    yield from _cytomining(here, contents)
    cosmicqc = _find(COSMICQC_VARIABLE, ".cosmicqc", "platerunner-cosmicqc")
    yield from _own_python(here, contents, "cosmicqc", cosmicqc, "cosmicqc")
    snakemake = _find(SNAKEMAKE_VARIABLE, ".snakemake-venv", "platerunner-snakemake")
    yield from _own_python(here, contents, "snakemake", snakemake, "snakemake")
    em = _find(EM_VARIABLE, ".em-venv", "platerunner-em")
    yield from _own_python(here, contents, "em", em, "tensorstore")


def _cytomining(here: tuple[Path, ...], contents: Mapping[str, str]) -> Iterator[LocalImage]:
    """What `make cytomining` made, if it did: its programs come after the runner's own."""
    program = find_cytomining()
    catalogued = image_catalog().get("cytomining")
    if program is not None and catalogued is not None:
        installed = {name: version for name in ("cytotable", "pycytominer") if (version := _installed(program, name))}
        yield LocalImage("cytomining", catalogued.tag, (*here, program.parent), contents={**contents, **installed})


def _own_python(
    here: tuple[Path, ...], contents: Mapping[str, str], name: str, program: Path | None, main: str
) -> Iterator[LocalImage]:
    """What a make target put into a Python of its own, if it did.

    :param name: of the image.
    :param main: the distribution whose version is given.
    """
    catalogued = image_catalog().get(name)
    if program is not None and catalogued is not None and (version := _installed(program, main)):
        yield LocalImage(name, catalogued.tag, (*here, program.parent), contents={**contents, main: version})


def find_cellprofiler() -> Path | None:
    """The CellProfiler of ``PLATERUNNER_CELLPROFILER``, of a ``.cellprofiler`` folder here or above, or on ``PATH``."""
    return _find(CELLPROFILER_VARIABLE, ".cellprofiler", "cellprofiler")


def find_cytomining() -> Path | None:
    """The profiling programs of ``PLATERUNNER_CYTOMINING``, of a ``.cytomining`` folder, or on ``PATH``."""
    return _find(CYTOMINING_VARIABLE, ".cytomining", "platerunner-cytomining")


def _find(variable: str, made: str, name: str) -> Path | None:
    if named := os.environ.get(variable):
        return Path(named).absolute() if os.access(named, os.X_OK) else None
    for folder in (Path.cwd(), *Path.cwd().parents):
        program = folder / made / "bin" / name
        if os.access(program, os.X_OK):
            return program
    found = shutil.which(name)
    return Path(found) if found else None


def _installed(program: Path, name: str) -> str | None:
    """The version of what is installed beside a program."""
    found = next(program.resolve().parents[1].glob(f"lib/python*/site-packages/{name}-*.dist-info"), None)
    return found.name.removesuffix(".dist-info").partition("-")[2] if found else None


def cellprofiler_version(program: Path) -> str | None:
    """The version of a CellProfiler: from what is installed beside it, else by asking it, which takes seconds.

    :param program: its executable.
    :returns: e.g. ``4.2.8.1``; None if it does not say within a minute.
    """
    if installed := _installed(program, "[Cc]ell[Pp]rofiler"):
        return installed
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return next((word for word in answer.stdout.split() if word[:1].isdigit()), None)
