"""The connection `platerunner` as a command has it: the embedded cloud's, or the environment's."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from platerunner.cli.console import fail
from platerunner_unit.contract.stores.buckets import VARIABLE as VARIABLE_OF_BUCKETS

VARIABLE = "AIRFLOW_CONN_PLATERUNNER"


class Connection(NamedTuple):
    """What a command knows of the cloud.

    :param extras: of the connection ``platerunner``.
    :param images: ``name:tag`` of the images that this machine stands in for; None on AWS, where any may be.
    :param registry: what answers in ECR's place; None on AWS.
    """

    extras: Mapping[str, Any]
    images: frozenset[str] | None = None
    registry: Any = None


@contextlib.contextmanager
def connect(*, local: bool, needed: bool = True) -> Iterator[Connection]:
    """Yield the connection's extras, and the images of the embedded cloud.

    :param local: start the embedded cloud for the time being, and point this process and its children at it.
    :param needed: whether the command cannot do without.
    """
    if local:
        with embedded_cloud() as connection:
            yield connection
        return
    text = os.environ.get(VARIABLE)
    if text is None and needed:
        fail(f"{VARIABLE} is not set: give the connection as JSON, or use --local for the embedded cloud.")
    extras = _extras(text or "{}")
    _tell_buckets(extras)
    yield Connection(extras)


@contextlib.contextmanager
def embedded_cloud() -> Iterator[Connection]:
    """Start the embedded cloud, and point this process and its children at it."""
    from platerunner.local.aws.images import LocalRegistry
    from platerunner.local.cloud import Cloud, CloudError

    cloud = Cloud()
    try:
        cloud.start(when_asked=True)
    except CloudError as error:
        fail(str(error))
    before = dict(os.environ)
    os.environ.update(cloud.environment())
    try:
        names = frozenset(f"{image.name}:{image.tag}" for image in cloud.images.all)
        yield Connection(cloud.connection(), names, LocalRegistry(cloud.images))
    finally:
        cloud.stop()
        os.environ.clear()
        os.environ.update(before)


def _tell_buckets(extras: Mapping[str, Any]) -> None:
    """Let all storages of this process know how the connection's buckets are reached."""
    if buckets := extras.get("buckets"):
        os.environ.setdefault(VARIABLE_OF_BUCKETS, buckets if isinstance(buckets, str) else json.dumps(buckets))


def _extras(text: str) -> dict[str, Any]:
    try:
        extras = json.loads(text).get("extra", {})
        return dict(json.loads(extras) if isinstance(extras, str) else extras)
    except (ValueError, AttributeError, TypeError) as error:
        fail(f'{VARIABLE} is no JSON of the form {{"conn_type": "platerunner", "extra": {{...}}}}: {error}')
