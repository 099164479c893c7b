"""A bucket that refuses to be listed: a person reads what to do about it, and not the refusal alone."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from platerunner.cli import app

SPEC = """
version: 1
pipeline: refused
workspace: "{{ workspace_root }}/refused"
dataset: {root: "s3://pub/images", files: {raw: "{plate}/{well}.tif"}}
steps:
  count:
    module: command
    image: base:0.1.0
    foreach: [plate, well]
    inputs: {i: dataset.raw}
    with: {argv: [cp, "{inputs.i}", "{outputs.o}"]}
    outputs: {o: "o/{plate}/{well}.tif"}
"""


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A server that answers everything with the code and the message in the dictionary."""
    answer: dict[str, str] = {}

    class Refuse(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = "<Error><Code>{code}</Code><Message>{message}</Message></Error>".format(**answer).encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    yield answer
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        ("AccessDenied", "Access Denied", "see `buckets` of the connection (`PLATERUNNER_BUCKETS` outside Airflow)."),
        ("AccessDenied", "Bucket is Requester Pays", '"buckets": {"<bucket>": {"access": "requester_pays"}}`.'),
        ("InvalidAccessKeyId", "no such key", "Renew the credentials of the connection or the role"),
    ],
)
def test_the_refusal_has_its_remedy(
    tmp_path: Path, refusing: dict[str, str], code: str, message: str, remedy: str
) -> None:
    refusing.update(code=code, message=message)
    (tmp_path / "spec.yaml").write_text(SPEC)
    planned = ["plan", str(tmp_path / "spec.yaml"), "--workspace-root", str(tmp_path / "work")]
    for argv in (planned, ["new", "s3://pub/images"]):
        done = CliRunner().invoke(app, argv)
        assert done.exit_code != 0
        assert remedy in " ".join(done.output.split()), done.output
