"""Buckets of another account, by a role that it lends: moto checks the signatures and the policies, as AWS does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core import set_initial_no_auth_action_count
from moto.server import ThreadedMotoServer

from platerunner_unit.contract.storage import Storage, StorageError
from platerunner_unit.contract.stores.assumed_role import Keys, RoleError, own_keys, signed
from platerunner_unit.contract.stores.buckets import VARIABLE, BucketsError, check_buckets

ROLE = "arn:aws:iam::123456789012:role/images"
ACTIONS = {"job": "sts:AssumeRole", "images": "s3:*"}


TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]})


def policy(name: str) -> str:
    statement = {"Effect": "Allow", "Action": ACTIONS[name], "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Keys of who may take the role and nothing else, in an account with a bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "y"), ("REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    s3, iam = (boto3.client(service, region_name="us-east-1") for service in ("s3", "iam"))
    s3.create_bucket(Bucket="other-lab")
    s3.put_object(Bucket="other-lab", Key="a.tif", Body=b"pixels")
    iam.create_role(RoleName="images", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="images", PolicyName="p", PolicyDocument=policy("images"))
    iam.create_user(UserName="job")
    iam.put_user_policy(UserName="job", PolicyName="p", PolicyDocument=policy("job"))
    keys = iam.create_access_key(UserName="job")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["SecretAccessKey"])
    yield {"access_key_id": keys["AccessKeyId"], "secret_access_key": keys["SecretAccessKey"]}
    urlopen(Request(f"http://{host}:{port}/moto-api/reset", method="POST")).close()
    server.stop()


def test_a_bucket_is_reached_by_the_role_and_not_without(account: dict[str, str], monkeypatch) -> None:
    @set_initial_no_auth_action_count(0)
    def ask() -> None:
        with pytest.raises(StorageError):
            Storage("s3://other-lab").get("a.tif")
        monkeypatch.setenv(VARIABLE, json.dumps({"other-lab": {"role": ROLE}}))
        storage = Storage("s3://other-lab")
        assert [each.key for each in storage.list()] == ["a.tif"]
        assert storage.get("a.tif") == b"pixels"
        assert Storage("s3://other-lab", {**account, "region": "us-east-1"}).get("a.tif") == b"pixels"

    ask()


def test_a_role_that_may_not_be_taken_is_a_sentence_with_the_remedy(account: dict[str, str], monkeypatch) -> None:
    @set_initial_no_auth_action_count(0)
    def ask() -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        monkeypatch.setenv(VARIABLE, json.dumps({"other-lab": {"role": ROLE}}))
        with pytest.raises(StorageError) as caught:
            Storage("s3://other-lab").get("a.tif")
        assert f"the role {ROLE} may not be taken (" in str(caught.value)
        assert "allow `sts:AssumeRole` on it to the job's role" in str(caught.value)

    ask()


@pytest.mark.parametrize("token", ["", "a/token+of=ecs"])
def test_the_signature_is_botocore_s(token: str) -> None:
    body, now = b"Action=AssumeRole&RoleArn=a%3Ab", datetime.now(timezone.utc)  # noqa: UP017
    ours = signed(Keys("AKIA", "secret/+", token), "https://sts.eu-west-1.amazonaws.com", "eu-west-1", body, now)
    theirs = AWSRequest("POST", ours.full_url, {"Content-Type": ours.get_header("Content-type")}, body)
    auth = SigV4Auth(Credentials("AKIA", "secret/+", token or None), "sts", "eu-west-1")
    theirs.context["timestamp"] = ours.get_header("X-amz-date")
    theirs.headers["X-Amz-Date"] = theirs.context["timestamp"]
    if token:
        theirs.headers["X-Amz-Security-Token"] = token
    signature = auth.signature(auth.string_to_sign(theirs, auth.canonical_request(theirs)), theirs)
    assert ours.get_header("Authorization").endswith(f"Signature={signature}")


def test_a_container_has_the_credentials_that_ecs_gives_to_its_role() -> None:
    class Ecs(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.headers["Authorization"] == "mark" else 401)
            self.end_headers()
            self.wfile.write(b'{"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T"}')

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    with HTTPServer(("127.0.0.1", 0), Ecs) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        there = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_port}/v4"}
        assert own_keys({**there, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "mark"}) == Keys("A", "S", "T")
        with pytest.raises(RoleError, match="the container's own credentials cannot be read"):
            own_keys(there)
        server.shutdown()
    with pytest.raises(RoleError, match="give the job a role"):
        own_keys({})


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"role": "images"}, "no ARN like arn:aws:iam::123456789012:role/images"),
        ({"external_id": "x"}, "`external_id` goes with a `role`"),
        ({"role": ROLE, "access": "anonymous"}, "anonymous requests have no role"),
    ],
)
def test_what_cannot_be_meant_is_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(BucketsError, match=said):
        check_buckets({"b": settings})
