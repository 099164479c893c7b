"""Staging, on folders and on S3."""

from __future__ import annotations

import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest
from tests.unit.bench import Bench, data_file

from platerunner_unit.contract.manifest import InputFile
from platerunner_unit.contract.outcome import digest
from platerunner_unit.contract.storage import SHA256_ATTRIBUTE, Storage
from platerunner_unit.runner.stage import Interrupted, Stager, StagingError

COPY = ("sh", "-c", 'cat "$1" >"$2"', "sh", "{inputs.i}", "{outputs.o}")
STAGER = Stager(back_off_s=0.01)


def inputs(data: Storage, count: int) -> list[InputFile]:
    for n in range(count):
        data.put(f"P1/{n}.txt", b"x" * n)
    return [InputFile(stored.key, "data", stored.size, stored.etag) for stored in data.list("")]


def test_many_objects_come_in_and_are_not_fetched_twice(s3: Bench, tmp_path: Path) -> None:
    data = Storage(s3.data)
    files = inputs(data, 40)
    STAGER.stage_in(data, files, lambda file: tmp_path / "in" / file.key)
    assert all((tmp_path / "in" / file.key).stat().st_size == file.size for file in files)
    for file in files:
        data.delete(file.key)
    STAGER.stage_in(data, files, lambda file: tmp_path / "in" / file.key)
    half = tmp_path / "in" / "P1" / "7.txt"
    half.write_bytes(b"x")  # as a killed attempt might have left it
    with pytest.raises(StagingError, match=r"P1/7\.txt is missing"):
        STAGER.stage_in(data, files, lambda file: tmp_path / "in" / file.key)


def test_every_missing_object_is_named(s3: Bench, tmp_path: Path) -> None:
    data = Storage(s3.data)
    files = [*inputs(data, 3), InputFile("P1/gone.tif", "data", 5, "e"), InputFile("P1/never.tif", "data", None, None)]
    with pytest.raises(StagingError) as caught:
        STAGER.stage_in(data, files, lambda file: tmp_path / file.key)
    sentences = [failure.text for failure in caught.value.failures]
    assert [failure.kind for failure in caught.value.failures] == ["missing", "missing"]
    assert f"{s3.data}/P1/gone.tif is missing (it was there when the step was planned)" in sentences
    assert f"{s3.data}/P1/never.tif is missing (nobody has made it)" in sentences


def test_an_object_that_changed_is_a_failed_transfer(s3: Bench, tmp_path: Path) -> None:
    data = Storage(s3.data)
    (file,) = inputs(data, 1)
    data.put(file.key, b"another size")
    with pytest.raises(StagingError) as caught:
        STAGER.stage_in(data, [file], lambda file: tmp_path / "x")
    assert "changed while the run was going on: 12 bytes now, 0 when planned" in caught.value.failures[0].text
    assert caught.value.failures[0].kind == "changed"
    assert not (tmp_path / "x").exists()


def test_a_unit_runs_on_s3_and_its_output_carries_its_digest(s3: Bench, tmp_path: Path) -> None:
    unit = s3.unit(["res/P1/a b.txt"], [data_file(s3, "P1/A01.txt")])
    ran = s3.run(s3.step(COPY), unit)
    assert (ran.code, ran.category) == (0, "succeeded"), ran.stderr
    assert s3.store.get("res/P1/a b.txt") == b"hello"
    (tmp_path / "same").write_bytes(b"hello")
    assert s3.store.stored_sha256("res/P1/a b.txt") == digest(tmp_path / "same"), SHA256_ATTRIBUTE
    assert ran.outcome is not None
    assert s3.log(ran.outcome).startswith(b"platerunner: ")


@pytest.mark.slow
def test_an_unchanged_object_keeps_its_time(s3: Bench) -> None:
    bucket = s3.workspace.split("/")[2]
    client = boto3.client("s3")
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    unit = s3.unit(["a.txt"], [data_file(s3, "x")])
    for _ in range(2):
        assert s3.run(s3.step(COPY), unit).category == "succeeded"
    assert len(client.list_object_versions(Bucket=bucket, Prefix="ws/a.txt")["Versions"]) == 1
    unit = s3.unit(["a.txt"], [data_file(s3, "x", b"other")])
    assert s3.run(s3.step(COPY), unit).category == "succeeded"
    assert len(client.list_object_versions(Bucket=bucket, Prefix="ws/a.txt")["Versions"]) == 2


def test_a_bucket_that_does_not_exist(s3: Bench) -> None:
    step = s3.step(COPY, roots={"data": "s3://no-such-bucket-here", "workspace": s3.workspace})
    ran = s3.run(step, s3.unit(["a"], [InputFile("x", "data", 1, "e")]))
    assert ran.category == "input_missing"
    assert "s3://no-such-bucket-here/x" in ran.sentence


class Refuses(BaseHTTPRequestHandler):
    """S3 as it answers a role without the permission."""

    def do_GET(self) -> None:
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def test_refused_access_is_the_platforms_business(
    tmp_path: Path, moto: str, s3: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(StagingError) as caught:
            STAGER.stage_in(Storage("s3://locked"), [InputFile("x", "data", 1, "e")], lambda file: tmp_path / "x")
        server.shutdown()
    assert [(f.kind, f.key, f.code) for f in caught.value.failures] == [("denied", "s3://locked/x", "AccessDenied")]


def test_a_folder_is_linked_and_never_copied(tmp_path: Path) -> None:
    data = Storage(str(tmp_path / "data"))
    files = inputs(data, 3)
    for _ in range(2):
        STAGER.stage_in(data, files, lambda file: tmp_path / "in" / file.key)
    assert all((tmp_path / "in" / file.key).is_symlink() for file in files)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_folder_that_may_not_be_read(tmp_path: Path) -> None:
    data = Storage(str(tmp_path / "data"))
    files = inputs(data, 1)
    (tmp_path / "data" / "P1").chmod(0)
    with pytest.raises(StagingError) as caught:
        STAGER.stage_in(data, files, lambda file: tmp_path / "in" / file.key)
    assert caught.value.failures[0].kind == "denied"


def test_a_target_that_cannot_be_written_is_tried_again_and_then_named(tmp_path: Path) -> None:
    out = tmp_path / "out.txt"
    out.write_text("x")
    workspace = Storage(str(tmp_path / "ws"))
    workspace.put("res", b"a file where a folder has to be")
    with pytest.raises(StagingError) as caught:
        STAGER.stage_out(workspace, [("o", "res/out.txt", out)])
    assert "res/out.txt" in caught.value.failures[0].text


def test_staging_ends_when_the_unit_has_to_stop(tmp_path: Path) -> None:
    data = Storage(str(tmp_path / "data"))
    with pytest.raises(Interrupted):
        Stager(lambda: True).stage_in(data, inputs(data, 5), lambda file: tmp_path / "in" / file.key)
