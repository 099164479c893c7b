"""What a storage's answers mean, and how often a dead object is asked for."""

# ruff: noqa: E501  (S3's own words stand in one piece)

from __future__ import annotations

import errno
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platerunner_unit.contract.category import Category
from platerunner_unit.contract.evidence import Evidence
from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.storage import AccessDeniedError, ArchivedError, NotFoundError, Storage, StorageError
from platerunner_unit.contract.transfer import MEANINGS, Answer, Kind, TransferFailure, kind_of, kind_of_os_error
from platerunner_unit.judge import judge
from platerunner_unit.runner.stage import Stager, StagingError

ACCESS = "User: arn:aws:sts::403403403403:assumed-role/x/y is not authorized to perform: "
# status, code, message, kind: S3's own words
ANSWERS = [
    (403, "InvalidObjectState", "The operation is not valid for the object's storage class", Kind.ARCHIVED),
    (403, "AccessDenied", "Access Denied", Kind.DENIED),
    (403, "AccessDenied", ACCESS + 'kms:Decrypt on the resource associated with this ciphertext', Kind.KEY_REFUSED),
    (400, "KMS.DisabledException", "arn:aws:kms:us-east-1:404404404404:key/x is disabled.", Kind.KEY_REFUSED),
    (400, "KMS.NotFoundException", "Key 'x' does not exist", Kind.KEY_REFUSED),
    (403, "AccessDenied", ACCESS + 's3:GetObject on resource: "x" with an explicit deny in a resource-based policy', Kind.POLICY),
    (403, "AccessDenied", ACCESS + "s3:GetObject because no identity-based policy allows the s3:GetObject action", Kind.POLICY),
    (403, "AccessDenied", "Bucket is Requester Pays", Kind.REQUESTER_PAYS),
    (301, "PermanentRedirect", "", Kind.OTHER_REGION),
    (400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'", Kind.OTHER_REGION),
    (400, "IllegalLocationConstraintException", "The eu-west-1 location constraint is incompatible for the region specific endpoint", Kind.OTHER_REGION),
    (400, "ExpiredToken", "The provided token has expired.", Kind.CREDENTIALS),
    (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", Kind.CREDENTIALS),
    (403, "SignatureDoesNotMatch", "The request signature we calculated does not match", Kind.CREDENTIALS),
    (403, "RequestTimeTooSkewed", "The difference is too large.", Kind.CREDENTIALS),
    (401, "Unauthorized", "x", Kind.DENIED),
    (404, "NoSuchKey", "The specified key does not exist.", Kind.MISSING),
    (404, "NoSuchBucket", "The specified bucket does not exist", Kind.MISSING),
    (503, "SlowDown", "Please reduce your request rate.", Kind.THROTTLED),
    (429, "TooManyRequests", "x", Kind.THROTTLED),
    (500, "InternalError", "We encountered an internal error. Please try again. 403 404", Kind.FAILED),
    (400, "EntityTooLarge", "x", Kind.FAILED),
]  # fmt: skip
# What the same words mean elsewhere, and the other words for the same.
NEARLY = [
    (403, "AccessDenied", "The ciphertext refers to a customer master key of KMS that is gone", Kind.KEY_REFUSED),
    (400, "KMSInvalidStateException", "x", Kind.KEY_REFUSED),
    (404, "NoSuchKMS", "x", Kind.MISSING),
    (400, "BadRequest", "kms:Decrypt of KMS", Kind.FAILED),
    (403, "AccessDenied", "the prefix akms:Decrypt is not yours", Kind.DENIED),
    (403, "AccessDenied", "the bucket XKMS is not yours", Kind.DENIED),
    (403, "AccessDenied", "the bucket KMSX is not yours", Kind.DENIED),
    (403, "AccessDenied", "with an EXPLICIT DENY", Kind.POLICY),
    (403, "AccessDenied", "because no VPC endpoint policy allows it", Kind.POLICY),
    (403, "AccessDenied", "in a service control policy", Kind.POLICY),
    (403, "AccessDenied", "because of a permissions boundary", Kind.POLICY),
    (403, "AccessDenied", "a requester-pays bucket", Kind.REQUESTER_PAYS),
    (403, "AccessDenied", "the header x-amz-request-payer is missing", Kind.REQUESTER_PAYS),
    (401, "x", "Requester Pays", Kind.REQUESTER_PAYS),
    (400, "x", "Requester Pays", Kind.FAILED),
    (402, "x", "with an explicit deny", Kind.FAILED),
    (400, "InvalidToken", "x", Kind.CREDENTIALS),
    (307, "TemporaryRedirect", "", Kind.OTHER_REGION),
    (400, "AuthorizationHeaderMalformed", "The authorization header is malformed; a comma is missing", Kind.CREDENTIALS),
    (404, "NoSuchKey", "the region is wrong", Kind.MISSING),
    (400, "Throttling", "x", Kind.THROTTLED),
    (429, "x", "x", Kind.THROTTLED),
    (430, "x", "x", Kind.FAILED),
    (404, "x", "x", Kind.MISSING),
    (405, "x", "x", Kind.FAILED),
    (0, "", "", Kind.FAILED),
]  # fmt: skip
LEADS_TO = {
    Kind.ARCHIVED: "input_archived", Kind.KEY_REFUSED: "access_denied", Kind.REQUESTER_PAYS: "access_denied", Kind.POLICY: "access_denied", Kind.OTHER_REGION: "misconfigured",
    Kind.CREDENTIALS: "access_denied", Kind.DENIED: "access_denied", Kind.MISSING: "input_missing", Kind.DISK_FULL: "out_of_disk",
    Kind.THROTTLED: "throttled", Kind.CHANGED: "transfer_failed", Kind.FAILED: "transfer_failed",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "category"), LEADS_TO.items())
def test_what_each_kind_leads_to(kind: Kind, category: str) -> None:
    failure = TransferFailure(kind.value, "s3://b/k", "", "s3://b/k: so it was")
    assert judge(Evidence(tool="command", transfers=(failure,))).category == category


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "x"), Kind.DISK_FULL), (OSError(errno.EDQUOT, "x"), Kind.DISK_FULL), (PermissionError(13, "x"), Kind.DENIED),
        (FileNotFoundError(2, "x"), Kind.MISSING), (OSError(errno.EIO, "x"), Kind.FAILED),
    ],
)  # fmt: skip
def test_what_the_system_says(error: OSError, kind: Kind) -> None:
    assert kind_of_os_error(error) is kind


SAID = (
    "Generic S3 error: Error performing GET http://x/k in 1.5s - Server returned non-2xx status code: 403 Forbidden: "
)
BODY = "<Error><Code> AccessDenied </Code><Message>No</Message></Error>"


def test_an_answer_is_read_where_obstore_tells_one() -> None:
    assert Answer.of(SAID + BODY) == Answer(403, "AccessDenied", "No")
    assert Answer.of(SAID) == Answer(403)
    assert Answer.of(f"It failed.\n\nDebug source:\n{SAID + BODY}") == Answer()
    assert Answer.of(f"{SAID + BODY}\n\nDebug source:\n{SAID}\n\nDebug source:\nx") == Answer(403, "AccessDenied", "No")
    assert Answer.of(SAID.replace("403", "4033") + BODY) == Answer()
    redirect = (
        "Generic S3 error: Error performing GET http://x/k in 1.5s - Received redirect without LOCATION, this normally"
    )
    assert Answer.of(redirect) == Answer(301, "PermanentRedirect")
    assert Answer.of(redirect.partition("Error ")[2]) == Answer()


@pytest.mark.parametrize(("status", "code", "message", "kind"), ANSWERS + NEARLY, ids=lambda value: str(value)[:20])
def test_each_answer_means_one_thing(status: int, code: str, message: str, kind: Kind) -> None:
    assert kind_of(Answer(status, code, message)) is kind


def test_the_order_of_the_kinds_puts_first_what_a_person_must_do() -> None:
    kinds = list(MEANINGS)
    assert set(kinds) == set(Kind)
    assert kinds.index(Kind.ARCHIVED) < kinds.index(Kind.MISSING) < kinds.index(Kind.FAILED)
    error = StagingError(
        [TransferFailure(k.value, "k", "", k.value) for k in (Kind.FAILED, Kind.ARCHIVED, Kind.MISSING)]
    )
    assert [failure.kind for failure in error.failures] == ["archived", "missing", "failed"]


class Server:
    """S3 that gives one answer to everything, and counts."""

    def __init__(self, status: int, body: str, length: int | None = None) -> None:
        asked = self.asked = Counter[str]()
        data = body.encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked[self.command] += 1
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self.send_response(status)
                self.send_header("Content-Length", str(len(data) if length is None else length))
                self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
                self.send_header("ETag", '"x"')
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(data)
                if length is not None:
                    self.close_connection = True

            do_PUT = do_HEAD = do_GET  # noqa: N815  (http.server's own names)

            def log_message(self, *_args: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        self.config = {
            "endpoint": f"http://127.0.0.1:{self.server.server_port}",
            "access_key_id": "x",
            "secret_access_key": "y",
            "region": "us-east-1",
        }

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def make(status: int, code: str, message: str = "", more: str = "", length: int | None = None) -> Server:
        body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message>{more}</Error>" if code else "x"
        servers.append(Server(status, body, length))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.mark.parametrize(("status", "code", "message", "kind"), ANSWERS, ids=lambda value: str(value)[:20])
def test_a_verdict_on_each_answer(
    serve: Callable[..., Server], tmp_path: Path, status: int, code: str, message: str, kind: Kind,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if status >= 500:
        monkeypatch.setattr("platerunner_unit.contract.stores.buckets.RETRIES", {"max_retries": 0})
    storage = Storage("s3://lab", serve(status, code, message).config)
    key = "Plate404/A01 - 403 Forbidden <Code>InvalidObjectState.tif"
    with pytest.raises(StagingError) as caught:
        Stager(back_off_s=0.01).stage_in(storage, [InputFile(key, "data", 1, "e")], lambda file: tmp_path / "x")
    (failure,) = caught.value.failures
    assert failure.kind == kind.value
    verdict = judge(Evidence(tool="command", started=False, transfers=caught.value.failures))
    assert Category(verdict.category) is MEANINGS[kind].category
    if code != "NoSuchBucket":
        assert "Plate404" in verdict.sentence


def test_an_archived_object_is_named_with_its_class_and_what_to_do(serve: Callable[..., Server]) -> None:
    server = serve(403, "InvalidObjectState", "x", more="<StorageClass>DEEP_ARCHIVE</StorageClass>")
    with pytest.raises(
        ArchivedError, match=r"s3://lab/a\.tif is archived \(DEEP_ARCHIVE\): restore it, then clear the task"
    ):
        Storage("s3://lab", server.config).get("a.tif")


@pytest.mark.parametrize("status", [500, 503])
def test_a_dead_object_is_asked_for_four_times(
    serve: Callable[..., Server], tmp_path: Path, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from platerunner_unit.contract.stores import buckets as module

    monkeypatch.setitem(module.RETRIES["backoff"], "init_backoff", timedelta(milliseconds=5))
    monkeypatch.setitem(module.RETRIES["backoff"], "max_backoff", timedelta(milliseconds=10))
    server = serve(status, "SlowDown" if status == 503 else "InternalError")
    with pytest.raises(StagingError):
        Stager(back_off_s=0.01).stage_in(
            Storage("s3://lab", server.config), [InputFile("x", "d", 1, "e")], lambda f: tmp_path / "x"
        )
    assert server.asked == {"GET": 4}


def test_a_refusal_is_asked_for_once(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(403, "AccessDenied")
    with pytest.raises(StagingError):
        Stager().stage_in(Storage("s3://lab", server.config), [InputFile("x", "d", 1, "e")], lambda f: tmp_path / "x")
    assert server.asked == {"GET": 1}


def test_a_body_that_breaks_off_is_no_answer(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve(200, "", length=100_000)
    with pytest.raises(StorageError) as caught:
        Storage("s3://lab", server.config).download("x", tmp_path / "x")
    assert caught.value.failure.kind == "failed"
    assert server.asked["GET"] <= 4
    assert not (tmp_path / "x").exists()


@given(
    st.text(max_size=40),
    st.sampled_from(
        [
            "403 Forbidden",
            "404 Not Found",
            "AccessDenied",
            "os error 28",
            "No space left on device",
            "redirect without LOCATION",
        ]
    ),
)
def test_no_text_without_an_answer_is_one(text: str, words: str) -> None:
    assert Answer.of(f"{text} {words} {text}") == Answer()


def test_a_folders_errors(tmp_path: Path) -> None:
    storage = Storage(str(tmp_path))
    with pytest.raises(NotFoundError) as missing:
        storage.get("Plate403/x")
    assert missing.value.failure.kind == "missing"
    (tmp_path / "file").write_text("x")
    with pytest.raises(AccessDeniedError) as denied:
        Storage(str(tmp_path / "file/ws")).put("a", b"")
    assert denied.value.failure.kind == "denied"
