"""Rows of file systems: one each whatever is written when, read by any version, and no trouble to older ones."""

import json
from datetime import date
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.provider.engine.ledger.test_files import put, submission
from tests.provider.engine.ledger.test_files import row as attempt

from platerunner.engine.ledger.columns import LedgerError
from platerunner.engine.ledger.file_systems import file_systems_table, read_file_systems, write_file_system
from platerunner.engine.ledger.files import Ledger
from platerunner.engine.ledger.merging import merge_before
from platerunner_unit.contract.storage import AccessDeniedError, Storage

MADE = "2026-11-30T23:30:00.000+00:00"
KEY = "file_systems/date=2026-11-30/fs-1.json"


def row(name: str = "fs-1", **values) -> dict:
    """1.2 TiB of Lustre for two hours, over midnight."""
    base = {
        "file_system": name, "kind": "fsx", "run": "one", "pipeline": "demo", "owner": "ada",
        "tags": {"project": "µ=1"}, "workspace": "/w",
        "started": MADE, "ended": "2026-12-01T01:30:00.000+00:00", "seconds": 7200.0,
        "size": 1200 * 1024**3, "hourly": 0.25, "usd": 0.5, "price_source": "list", "price_date": "2026-11-01",
    }  # fmt: skip
    return {**base, **values}


def still_there(**values) -> dict:
    return row(**{"ended": None, "seconds": None, "usd": None, **values})


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(Storage(str(tmp_path / "ledger")))


def test_a_file_system_has_one_row_from_when_it_is_seen_to_its_end(ledger):
    write_file_system([ledger], still_there())
    assert read_file_systems([ledger]) == [still_there()]
    write_file_system([ledger], row(ended="2026-12-01T00:30:00.000+00:00", usd=0.25))
    write_file_system([ledger], row())
    write_file_system([ledger], still_there())  # by a process that was away for long
    assert read_file_systems([ledger]) == [row()]
    assert [each.key for each in ledger.storage.list("file_systems/")] == [KEY]
    assert read_file_systems([ledger], date(2026, 12, 1)) == []


ENDS = [None, *(f"2026-12-01T0{hour}:00:00.000+00:00" for hour in range(4))]


@pytest.mark.slow
@given(st.lists(st.sampled_from(ENDS), min_size=1, max_size=6), st.data())
def test_in_any_order_the_last_end_that_somebody_saw_stands(ends, data):
    with TemporaryDirectory() as folder:
        ledger = Ledger(Storage(folder))
        for end in data.draw(st.permutations(ends)):
            write_file_system([ledger], row(ended=end))
        assert [each["ended"] for each in read_file_systems([ledger])] == [max(ends, key=lambda end: end or "")]


def test_who_deletes_what_another_run_has_left_does_not_take_away_whose_it_was(ledger):
    write_file_system([ledger], still_there())
    write_file_system([ledger], row(owner=None, pipeline=None, tags={}, workspace=None))
    assert read_file_systems([ledger]) == [row()]


def test_one_that_is_in_two_ledgers_counts_once_with_its_end(ledger, tmp_path, monkeypatch):
    shared = Ledger(Storage(str(tmp_path / "shared")))
    put_if = Storage.put_if

    def refuse(self, *args):
        if self is shared.storage:
            raise AccessDeniedError("no")
        return put_if(self, *args)

    monkeypatch.setattr(Storage, "put_if", refuse)
    write_file_system([shared, ledger], still_there())
    monkeypatch.undo()
    write_file_system([shared, ledger], row(owner=None))
    assert read_file_systems([shared, ledger]) == read_file_systems([ledger, shared]) == [row()]


def test_of_several_that_write_at_once_none_is_lost(ledger, monkeypatch):
    put_if, rivals = Storage.put_if, ["2026-12-01T03:00:00.000+00:00"]

    def race(self, key, data, etag):
        if rivals:
            told = {"version": 1, **row(ended=rivals.pop())}
            self.put(key, json.dumps(told).encode())
        return put_if(self, key, data, etag)

    monkeypatch.setattr(Storage, "put_if", race)
    write_file_system([ledger], row())
    assert [each["ended"][11:13] for each in read_file_systems([ledger])] == ["03"]


def test_older_rows_lack_columns_and_newer_ones_are_refused_with_what_to_upgrade(ledger):
    older = {name: value for name, value in row().items() if name not in ("usd", "tags", "price_source")}
    ledger.storage.put(KEY, json.dumps({"version": 1, **older}).encode())
    assert read_file_systems([ledger]) == [{**row(), "usd": None, "tags": None, "price_source": None}]
    newer = {"version": file_systems_table().version + 1, **row(), "of_the_future": 1}
    ledger.storage.put(KEY, json.dumps(newer).encode())
    with pytest.raises(LedgerError, match="upgrade airflow-provider-platerunner here"):
        read_file_systems([ledger])


@pytest.mark.parametrize(
    "torn",
    [b"", b"{", b"[]", b'{"version": 1}', b'{"version": 1, "file_system": "fs-1", "started": "yesterday"}', b"\xff"],
)
def test_one_that_is_torn_is_named(ledger, torn):
    ledger.storage.put(KEY, torn)
    with pytest.raises(LedgerError, match=r"fs-1.json cannot be read .*: restore an older version"):
        read_file_systems([ledger])
    with pytest.raises(LedgerError, match="cannot be read"):
        write_file_system([ledger], row())


def test_who_knows_attempts_alone_reads_and_merges_them_as_ever(ledger):
    put(ledger, "j1")
    write_file_system([ledger], row())
    for foreign in ("file_systems/README", "file_systems/date=2026-13-99/fs.json"):
        ledger.storage.put(foreign, b"?")
    [before] = ledger.sections()
    assert merge_before(ledger, date(2026, 12, 2)) == {before: 1}
    ledger.write("demo", submission("j2"), [attempt("j2")])
    assert sorted(each["job"] for each in ledger.rows()) == ["j1", "j2"]
    assert read_file_systems([ledger]) == [row()]
