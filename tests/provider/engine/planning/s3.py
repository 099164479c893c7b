"""S3 as moto serves it over HTTP, for as long as a test needs it."""

import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from moto.server import ThreadedMotoServer
from tests.embedded import TIMEOUT_S
from werkzeug.serving import WSGIRequestHandler


@cache
def _endpoint() -> str:
    """One server for all tests of the process; its thread ends with the process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"


@contextmanager
def s3_bucket() -> Iterator[str]:
    """An empty bucket, with the environment set so that a Storage finds it."""
    bucket = f"bucket-{uuid.uuid4().hex[:12]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        patch.setenv("AWS_ENDPOINT_URL", _endpoint())
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        request = urllib.request.Request(f"{_endpoint()}/{bucket}", method="PUT", data=b"")
        urllib.request.urlopen(request, timeout=TIMEOUT_S).close()
        yield bucket


@contextmanager
def requests_for(part: str) -> Iterator[list[str]]:
    """The requests that the server gets meanwhile and that have a text in them."""
    sent: list[str] = []

    def note(handler: WSGIRequestHandler, *_answer: object) -> None:
        if part in handler.requestline:
            sent.append(handler.requestline)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WSGIRequestHandler, "log_request", note)  # commands keep logs quiet, so that those would not tell
        yield sent
