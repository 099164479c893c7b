"""Buckets of others: what a request offers, and to whom."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from platerunner_unit.contract.storage import AccessDeniedError, Storage, StorageError
from platerunner_unit.contract.stores.buckets import VARIABLE, config_for

Seen = list[tuple[str, bool, str]]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """What reached a server in S3's place: who pays, whether it is signed, and for which region."""
    found: Seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            signed = self.headers.get("authorization") or ""
            region = signed.partition("Credential=")[2].split("/")[2] if signed else ""
            found.append((self.headers.get("x-amz-request-payer") or "", bool(signed), region))
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y"), ("REGION", "eu-west-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    buckets = {"public": {"access": "anonymous"}, "paid": {"access": "requester_pays"}, "far": {"region": "us-west-2"}}
    monkeypatch.setenv(VARIABLE, json.dumps(buckets))
    yield found
    server.shutdown()


@pytest.mark.parametrize(
    ("bucket", "asked"),
    [
        ("public", ("", False, "")),
        ("paid", ("requester", True, "eu-west-1")),
        ("far", ("", True, "us-west-2")),
        ("own", ("", True, "eu-west-1")),
    ],
)
def test_each_bucket_is_reached_as_the_connection_says(seen: Seen, bucket: str, asked: tuple[str, bool, str]) -> None:
    with pytest.raises(AccessDeniedError):
        Storage(f"s3://{bucket}").get("a/b.tif")
    assert seen == [asked]


def test_an_anonymous_bucket_gets_none_of_the_credentials() -> None:
    own = {"access_key_id": "x", "secret_access_key": "y", "token": "z", "region": "eu-west-1"}
    assert config_for({"access": "anonymous", "region": "us-east-1"}, own) == {
        "region": "us-east-1",
        "skip_signature": True,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ('{"a": "anonymous"}', "should have settings like"),
        ('{"a": {"access": "public"}}', "'public' is none of anonymous, requester_pays"),
        ('{"a": {"key": "x"}}', "unknown 'key'; it takes access, region, endpoint"),
    ],
)
def test_settings_that_cannot_be_are_said(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(StorageError, match=said):
        Storage("s3://a")
