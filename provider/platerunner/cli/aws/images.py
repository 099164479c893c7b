"""Digests of images, from the registry of the connection, or from what was recorded where that cannot be asked."""

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.images import ImageError, ImageNotFoundError
from platerunner.batch.model import BatchError
from platerunner.engine.images import resolve_named
from platerunner.engine.records.outcomes import OutcomeStore
from platerunner.spec.model import Pipeline

MOST = 200
"""Units of a step whose outcomes are read to find an image's last digest."""
INSTALL = "run `make cellprofiler`, or point PLATERUNNER_CELLPROFILER to it"
STAND_IN = (
    "for programs that are installed here set PLATERUNNER_STAND_INS='image=folder of its programs', for its container"
    " PLATERUNNER_CONTAINERS=podman"
)


def digests(
    pipeline: Pipeline, images: Iterable[str], connection: Mapping[str, Any], ecr: Any = None
) -> dict[str, str | None]:
    """Image name to digest; None where no registry is known, or where it does not say.

    :param pipeline: that asks for them.
    :param images: names as specs and the catalog use them.
    :param connection: extras of the connection ``platerunner``.
    :param ecr: what answers in ECR's place; None to ask that.
    """
    registry = connection.get("registry")
    if not registry:
        return dict.fromkeys(images)
    if ecr is None:
        import boto3

        ecr = boto3.client("ecr", region_name=connection.get("region"))
    return {image: resolve_named(pipeline, image, registry, ecr)[1] for image in images}


def digests_to_look(
    pipeline: Pipeline, images: Iterable[str], connection: Mapping[str, Any], store: OutcomeStore, ecr: Any = None
) -> tuple[dict[str, str | None], list[str]]:
    """Digests of images for a command that only looks: where no registry tells one, the step's last run does.

    :param ecr: what answers in ECR's place; None to ask that.
    :returns: the digests, and sentences that say what is assumed.
    """
    found: dict[str, str | None] = {}
    why: dict[tuple[str, str], list[str]] = {}
    for image in images:
        try:
            found |= digests(pipeline, [image], connection, ecr)
            place, reason = "", "no registry is known here (AIRFLOW_CONN_PLATERUNNER, or --local)"
        except (BatchError, BotoCoreError, ClientError) as error:
            place, reason = _not_here(image, error, local=ecr is not None)
        if found.setdefault(image, None) is None:
            why.setdefault((place, reason), []).append(image)
    unknown = [image for names in why.values() for image in names]
    last = recorded(unknown, store, [step.name for step in pipeline.modules])
    return {**found, **last}, [f"{place}{_said(reason, names, last)}" for (place, reason), names in why.items()]


def recorded(images: Iterable[str], store: OutcomeStore, steps: Iterable[str]) -> dict[str, str]:
    """Image name to the digest with which it ran last, of those that ever ran by digest."""
    wanted = set(images)
    found: dict[str, tuple[str, str]] = {}
    for step in steps if wanted else ():
        here: set[str] = set()
        for unit in list(store.index(step).units)[:MOST]:
            for outcome in store.attempts(step, unit):
                if outcome.image in wanted and outcome.digest:
                    here.add(outcome.image)
                    run = (str(outcome.timing.get("ended", "")), outcome.digest)
                    found[outcome.image] = max(found.get(outcome.image, ("", "")), run)
            if here:  # the other units of the step have it, too
                break
    return {image: digest for image, (_, digest) in found.items()}


def _not_here(image: str, error: Exception, *, local: bool) -> tuple[str, str]:
    """Where the spec asks for an image that the registry does not tell, and why it does not."""
    place = f"{error.place}: " if isinstance(error, ImageError) else ""
    if not local or not isinstance(error, ImageNotFoundError):
        return place, str(error).removeprefix(place)
    remedy = INSTALL if image.startswith("cellprofiler") else STAND_IN
    return place, f"this machine does not stand in for it: {remedy}"


def _said(reason: str, images: list[str], last: Mapping[str, str]) -> str:
    known, unknown = [name for name in images if name in last], [name for name in images if name not in last]
    parts = [f"{', '.join(known)}: taken for the image of the last run"] if known else []
    parts += (
        [f"{', '.join(unknown)}: counts by name, so that units which ran by digest show as changed"] if unknown else []
    )
    return f"{'; '.join(parts)}, since {reason}."
