"""What a run's file system cost is in the ledger, once and with its last moment, whatever dies while it is deleted."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from tests.provider.engine.file_systems.test_life import KINDS, Lab, lab  # noqa: F401

from platerunner.cli.aws import doctor_file_systems
from platerunner.engine.file_systems import life
from platerunner.engine.file_systems.charging import FileSystemCharges, Whose
from platerunner.engine.file_systems.elastic import Elastic
from platerunner.engine.file_systems.life import services_of, wait_for
from platerunner.engine.file_systems.lustre import Lustre
from platerunner.engine.file_systems.made import MARK, RUN, WORKSPACE, Made
from platerunner.engine.ledger.file_systems import FOLDER, read_file_systems
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.place import workspace_ledger
from platerunner_unit.contract.storage import Storage, StorageError

GIB = 1024**3
HOURLY = 1200 * 0.14 / 730
"""Of the smallest Lustre, by the list of us-east-1."""


class DiedError(Exception):
    """Stands for the end of a process."""


def rows(lab: Lab) -> list:  # noqa: F811
    return read_file_systems([workspace_ledger(Storage(str(lab.folder)))])


@pytest.fixture(autouse=True)
def old(monkeypatch):
    """Moto's file systems are of this moment, so that the moment of their deletion is two hours later."""

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(hours=2)

    monkeypatch.setattr(life, "datetime", Later)
    monkeypatch.setattr(doctor_file_systems, "datetime", Later)


@pytest.mark.slow
def test_lustre_is_paid_by_its_size_from_its_making_to_its_deletion(lab):  # noqa: F811
    wait_for(lab.storage("fsx").set_up, lab.count)
    [before] = rows(lab)
    assert (before["ended"], before["usd"]) == (None, None), "it is there, and paid on"
    assert before["hourly"] == pytest.approx(HOURLY)
    wait_for(lab.storage("fsx").tear_down, lab.count)
    [row] = rows(lab)
    assert (row["run"], row["pipeline"], row["kind"], row["size"]) == ("r1", "lab", "fsx", 1200 * GIB)
    assert (row["price_source"], row["price_date"]) == ("list", "2026-11-01")
    assert row["seconds"] == pytest.approx(7200, abs=60)
    assert row["usd"] == pytest.approx(HOURLY * row["seconds"] / 3600)


@pytest.mark.slow
def test_of_efs_it_is_known_for_how_long_and_no_price(lab):  # noqa: F811
    wait_for(lab.storage("efs").set_up, lab.count)
    wait_for(lab.storage("efs").tear_down, lab.count)
    [row] = rows(lab)
    assert row["seconds"] == pytest.approx(7200, abs=60)
    assert (row["hourly"], row["usd"], row["price_source"]) == (None, None, None)


@pytest.mark.slow
def test_a_lab_s_own_price_counts_and_a_region_without_one_is_not_zero(lab):  # noqa: F811
    prices = "{date: 2026-12-01, file_system: {fsx: 0.73}}"
    lab.access().storage(str(lab.folder)).put("_platerunner/ledger/prices.yaml", prices.encode())
    wait_for(lab.storage("fsx").set_up, lab.count)
    assert [(each["hourly"], each["price_source"]) for each in rows(lab)] == [(pytest.approx(1.2), "prices.yaml")]

    made = Made("fs-2", datetime.now(UTC), {}, size=1200 * GIB)
    whose = Whose("r2", "lab", "ada", {}, str(lab.folder))
    elsewhere = lab.access(region="eu-west-1", ledger=str(lab.folder / "other"))
    FileSystemCharges(elsewhere, Storage(str(lab.folder))).note("fsx", made, whose, datetime.now(UTC))
    [row] = read_file_systems([Ledger(Storage(str(lab.folder / "other")))])
    assert (row["hourly"], row["usd"], row["size"]) == (None, None, 1200 * GIB)


def test_of_one_that_aws_could_not_make_and_of_clocks_that_run_backwards_no_price_is_known(lab):  # noqa: F811
    charges = FileSystemCharges(lab.access(), Storage(str(lab.folder)))
    whose, now = Whose("r1", "lab", "ada", {}, None), datetime.now(UTC)
    charges.note("fsx", Made("fs-1", now, {}, "failed", size=GIB), whose, now + timedelta(hours=1))
    charges.note("fsx", Made("fs-2", now, {}, "available", size=GIB), whose, now - timedelta(seconds=5))
    assert [(each["seconds"], each["usd"]) for each in rows(lab)] == [(3600.0, None), (None, None)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [True, False])
def test_who_dies_before_or_after_aws_deletes_it_leaves_one_row_with_its_end(lab, kind, after, monkeypatch):  # noqa: F811
    """Each call of the deletion is the last of its process: EFS needs two."""
    wait_for(lab.storage(kind).set_up, lab.count)
    service = {"fsx": Lustre, "efs": Elastic}[kind]
    end, deaths = service.end, [0]

    def die(self, made):
        if after:
            end(self, made)
        deaths[0] += 1
        raise DiedError

    monkeypatch.setattr(service, "end", die)
    for _ in range(3):
        try:
            wait_for(lab.storage(kind).tear_down, lab.count)
        except DiedError:
            continue
    assert deaths[0] == (3 if not after else {"fsx": 1, "efs": 2}[kind])
    assert bool(lab.left(kind)) is not after
    [row] = rows(lab)
    assert row["ended"] is not None
    monkeypatch.setattr(service, "end", end)
    wait_for(lab.storage(kind).tear_down, lab.count)
    [last] = rows(lab)
    assert lab.left(kind) == []
    assert last["ended"] == row["ended"] if after else last["ended"] > row["ended"], "the last that was still there"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_doctor_ends_the_row_of_what_a_killed_run_has_left(lab, kind, monkeypatch):  # noqa: F811
    monkeypatch.setattr(doctor_file_systems, "PAUSE_S", 0.0)
    wait_for(lab.storage(kind).set_up, lab.count)
    [before] = rows(lab)
    [left] = lab.left(kind)
    doctor_file_systems.delete(lab.access(), left)
    [row] = rows(lab)
    assert {**row, "ended": None, "seconds": None, "usd": None} == before
    assert row["seconds"] == pytest.approx(7200, abs=60)


def test_the_doctor_knows_one_that_no_row_tells_of_by_its_tags(lab, monkeypatch):  # noqa: F811
    efs = boto3.client("efs", "us-east-1")
    tags = {MARK: "t", WORKSPACE: str(lab.folder), RUN: "r9", "project": "JUMP", "platerunner:environment": "dev"}
    asked = [{"Key": key, "Value": value} for key, value in tags.items()]
    name = efs.create_file_system(CreationToken="t", Tags=asked)["FileSystemId"]
    doctor_file_systems.delete(lab.access(), name)
    [row] = rows(lab)
    assert (row["file_system"], row["run"], row["pipeline"]) == (name, "r9", None)
    assert row["tags"] == {"project": "JUMP", "platerunner:environment": "dev"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_ledger_that_cannot_be_written_keeps_nobody_from_deleting_it(lab, kind, monkeypatch, caplog):  # noqa: F811
    wait_for(lab.storage(kind).set_up, lab.count)
    put_if = Storage.put_if

    def refuse(self, key, data, etag):
        if FOLDER in key:
            raise StorageError("the bucket is away")
        return put_if(self, key, data, etag)

    monkeypatch.setattr(Storage, "put_if", refuse)
    wait_for(lab.storage(kind).tear_down, lab.count)
    assert list(services_of(lab.access())[kind].all()) == []
    assert "the ledger lacks what the file system" in caplog.text
    assert [(each["ended"], each["usd"]) for each in rows(lab)] == [(None, None)], "unknown, and counted"
