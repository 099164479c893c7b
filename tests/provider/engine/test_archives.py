"""Archived inputs on an S3 that moto serves: who is asked for what, how often, and what is found."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.provider.engine.planning.s3 import requests_for, s3_bucket

from platerunner.engine.archives import HEADS, looker
from platerunner.engine.planning.archived import find_archived
from platerunner.engine.planning.model import PlannedUnit, UnitState
from platerunner_unit.contract.manifest import InputFile, UnitTask


@pytest.fixture
def bucket():
    with s3_bucket() as name:
        yield name


def put(bucket, key, kind="STANDARD"):
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"12345", StorageClass=kind)


def look(bucket, *keys, below="old"):
    return looker(lambda: boto3.client("s3"))(f"s3://{bucket}/{below}".rstrip("/"), sorted(keys))


@pytest.mark.parametrize("kind", ["GLACIER", "DEEP_ARCHIVE"])
@pytest.mark.parametrize("below", ["old", "", "a b/ü"])
def test_an_archived_object_is_found_with_class_and_size(bucket, kind, below):
    prefix = f"{below}/" if below else ""
    put(bucket, f"{prefix}P1/A01.tif", kind)
    put(bucket, f"{prefix}P1/A02.tif")
    found = look(bucket, "P1/A01.tif", "P1/A02.tif", "P1/gone.tif", below=below)
    assert list(found) == ["P1/A01.tif"]
    said = f"s3://{bucket}/{prefix}P1/A01.tif (5 bytes) is archived ({kind}): restore it"
    assert str(found["P1/A01.tif"]) == said


@pytest.mark.parametrize(
    "kind", ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "REDUCED_REDUNDANCY", "GLACIER_IR", "INTELLIGENT_TIERING"]
)
def test_classes_that_can_be_read_are_no_archive(bucket, kind):
    put(bucket, "old/a.tif", kind)
    assert look(bucket, "a.tif") == {}


def test_an_object_that_is_restored_can_be_read(bucket):
    put(bucket, "old/a.tif", "GLACIER")
    put(bucket, "old/b.tif", "GLACIER")
    boto3.client("s3").restore_object(Bucket=bucket, Key="old/a.tif", RestoreRequest={"Days": 3})
    assert list(look(bucket, "a.tif", "b.tif")) == ["b.tif"]


def test_others_of_a_folder_are_not_asked_for(bucket):
    for n in range(5):
        put(bucket, f"old/{n}.tif", "GLACIER")
    assert list(look(bucket, "2.tif")) == ["2.tif"]


def test_the_next_key_is_looked_for_where_a_page_ends(bucket):
    for name in ("a/1", "z/1"):
        put(bucket, f"old/{name}.tif", "GLACIER")
    for n in range(9):
        put(bucket, f"old/m/{n}.tif")
    s3, asked = boto3.client("s3"), []
    small = SimpleNamespace(list_objects_v2=lambda **kw: asked.append(kw) or s3.list_objects_v2(**kw, MaxKeys=3))
    small.head_object = s3.head_object
    assert sorted(looker(lambda: small)(f"s3://{bucket}/old", ["a/1.tif", "z/1.tif"])) == ["a/1.tif", "z/1.tif"]
    assert [each["StartAfter"] for each in asked] == ["old/a/1.ti", "old/z/1.ti"]


@pytest.mark.slow
def test_a_plate_of_a_hundred_costs_one_request_and_nothing_pending_none(bucket):
    keys = [f"P1/A{n:03}_s1_DNA.tif" for n in range(100)]
    for key in keys:
        put(bucket, f"old/{key}")
    units = [unit(key, key) for key in keys]
    client = looker(lambda: boto3.client("s3"))
    with requests_for(bucket) as sent:
        assert find_archived(client, {"data": f"s3://{bucket}/old"}, units) == {}
        assert len(sent) == 1
        assert find_archived(client, {"data": f"s3://{bucket}/old"}, []) == {}
        assert len(sent) == 1


def test_folders_are_not_asked():
    assert find_archived(pytest.fail, {"data": "/data"}, [unit("a", "a.tif")]) == {}


def test_what_is_not_written_yet_is_not_asked_for():
    waits = unit("a", "a.tif", size=None)
    assert find_archived(pytest.fail, {"data": "s3://lab"}, [waits]) == {}


def test_units_know_what_of_theirs_is_archived(bucket):
    put(bucket, "old/a.tif", "GLACIER")
    put(bucket, "old/b.tif")
    units = [unit("u=a", "a.tif"), unit("u=b", "b.tif")]
    found = find_archived(looker(lambda: boto3.client("s3")), {"data": f"s3://{bucket}/old"}, units)
    assert {name: [file.url for file in files] for name, files in found.items()} == {
        "u=a": [f"s3://{bucket}/old/a.tif"]
    }


def test_where_listing_is_not_allowed_nothing_is_claimed_and_the_log_says_so(caplog):
    assert looker(lambda: Store({}, denied={"list"}))("s3://lab/old", ["a.tif"]) == {}
    assert "s3://lab/old: goes on without knowing which inputs are archived" in caplog.text
    assert "AccessDenied" in caplog.text


# What moto does not do: restores that end, RestoreStatus in LIST, the tiers of INTELLIGENT_TIERING, policies.
SOON, LONG_AGO = datetime.now(UTC) + timedelta(days=1), datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "archived"),
    [
        ({"IsRestoreInProgress": False, "RestoreExpiryDate": SOON}, None),
        ({"IsRestoreInProgress": False, "RestoreExpiryDate": LONG_AGO}, "restore it"),
        ({"IsRestoreInProgress": True}, "it is being restored; wait for that"),
    ],
)
def test_list_tells_what_is_restored_and_nobody_asks_again(status, archived):
    store = Store({"a.tif": {"StorageClass": "GLACIER", "RestoreStatus": status}})
    found = looker(lambda: store)("s3://lab", ["a.tif"])
    assert [str(file).partition("): ")[2] for file in found.values()] == ([archived] if archived else [])
    assert store.heads == 0


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({"ArchiveStatus": "DEEP_ARCHIVE_ACCESS"}, "is archived (DEEP_ARCHIVE_ACCESS): restore it"),
        ({"ArchiveStatus": "ARCHIVE_ACCESS", "Restore": 'ongoing-request="true"'}, "it is being restored"),
        ({}, None),
    ],
)
def test_head_tells_the_tier_of_intelligent_tiering(head, said):
    store = Store({"a.tif": {"StorageClass": "INTELLIGENT_TIERING"}}, heads={"a.tif": head})
    found = looker(lambda: store)("s3://lab", ["a.tif"])
    assert [said in str(file) for file in found.values()] == ([True] if said else [])


def test_a_restore_that_has_run_out_is_none():
    over = 'ongoing-request="false", expiry-date="Fri, 21 Dec 2012 00:00:00 GMT"'
    store = Store({"a.tif": {"StorageClass": "GLACIER"}}, heads={"a.tif": {"Restore": over}})
    assert list(looker(lambda: store)("s3://lab", ["a.tif"])) == ["a.tif"]


def test_where_head_is_refused_or_would_be_too_much_lists_word_counts():
    objects = {"a.tif": {"StorageClass": "GLACIER"}, "b.tif": {"StorageClass": "INTELLIGENT_TIERING"}}
    assert list(looker(lambda: Store(objects, denied={"head"}))("s3://lab", sorted(objects))) == ["a.tif"]
    many = Store({f"{n:04}.tif": {"StorageClass": "GLACIER"} for n in range(HEADS + 1)})
    assert len(looker(lambda: many)("s3://lab", sorted(many.objects))) == HEADS + 1
    assert many.heads == 0


class Store:
    """What S3 answers."""

    def __init__(self, objects, heads=None, denied=()):
        self.objects, self.answers, self.denied, self.heads = objects, heads or {}, denied, 0

    def list_objects_v2(self, **_asked):
        self._check("list")
        return {"Contents": [{"Key": key, "Size": 5, **told} for key, told in self.objects.items()]}

    def head_object(self, *, Key, **_asked):  # noqa: N803
        self._check("head")
        self.heads += 1
        return self.answers.get(Key, {})

    def _check(self, asked):
        if asked in self.denied:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, asked)


def unit(name, key, size=5):
    file = InputFile(key, "data", size, "etag" if size else None, {})
    return PlannedUnit.of(UnitTask(name, {}, "f", {"raw": (file,)}, {}), UnitState.PENDING)
