"""Objects come back as they were at a moment, and what was made since stays."""

import importlib.util
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from moto import mock_aws

SCRIPT = Path(__file__).parents[3] / "scripts" / "restore.py"
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
EARLIER, LATER = AT - timedelta(hours=1), AT + timedelta(hours=1)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("restore", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["restore"] = module
    spec.loader.exec_module(module)
    return module


class Listed:
    """A bucket's versions as S3 lists them, and the copies that are asked for."""

    def __init__(self, *entries: tuple[str, str, datetime, bool, bool]) -> None:
        self.entries = entries
        self.copied: list[tuple[str, str]] = []

    def get_paginator(self, _: str) -> "Listed":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        pages: dict[str, list[dict[str, Any]]] = {"Versions": [], "DeleteMarkers": []}
        for key, version, at, latest, there in self.entries:
            entry = {"Key": key, "VersionId": version, "LastModified": at, "IsLatest": latest, "Size": 1}
            pages["Versions" if there else "DeleteMarkers"].append(entry)
        return [pages]

    def copy_object(self, *, Key: str, CopySource: dict[str, str], **_: Any) -> None:  # noqa: N803  (boto3's names)
        self.copied.append((Key, CopySource["VersionId"]))


def test_each_key_gets_the_version_that_it_had_then(script: ModuleType) -> None:
    s3 = Listed(
        ("overwritten", "2", LATER, True, True), ("overwritten", "1", EARLIER, False, True),
        ("deleted", "m", LATER, True, False), ("deleted", "1", EARLIER, False, True),
        ("untouched", "1", EARLIER, True, True),
        ("made since", "1", LATER, True, True),
        ("gone before", "m", EARLIER, True, False), ("gone before", "1", EARLIER - timedelta(hours=1), False, True),
        ("gone, made again", "2", LATER, True, True), ("gone, made again", "m", EARLIER, False, False),
    )  # fmt: skip
    done = script.restore(s3, "bucket", "", AT)
    assert sorted(s3.copied) == [("deleted", "1"), ("overwritten", "1")]
    assert done.back == ["deleted", "overwritten"]
    assert done.made_since == ["gone, made again", "made since"]


@pytest.mark.slow
def test_a_drill_brings_every_byte_back_and_leaves_nothing(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="results")
        s3.put_bucket_versioning(Bucket="results", VersioningConfiguration={"Status": "Enabled"})
        objects, _ = script.drill(s3, "results", 20)
        assert objects == 20
        left = s3.list_object_versions(Bucket="results")
        assert not left.get("Versions")
        assert not left.get("DeleteMarkers")
