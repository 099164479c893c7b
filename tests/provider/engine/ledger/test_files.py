import gzip
import json
from datetime import date

import pytest

from platerunner.batch.model import Submission
from platerunner.engine.ledger.columns import LedgerError, table
from platerunner.engine.ledger.files import MERGED, NEW, Ledger
from platerunner.engine.ledger.merging import merge_before
from platerunner_unit.contract.storage import Storage

AT = "2026-11-30T23:30:00.000+00:00"
LATER = date(2026, 12, 2)


def submission(job: str, at: str = AT) -> Submission:
    return Submission(1, "name", "single", 1, (0,), "queue", job_id=job, submitted_at=at)


def row(job: str, **values) -> dict:
    return {"job": job, "pipeline": "demo", "seconds": 1.5, "memory": 2**40, "started": AT, **values}


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(Storage(str(tmp_path / "ledger")))


def put(ledger: Ledger, *jobs: str, **values) -> None:
    for job in jobs:
        ledger.write("demo", submission(job), [row(job, **values)])


def jobs_of(ledger: Ledger) -> list[str]:
    return sorted(each["job"] for each in ledger.rows())


ODD = {"tags": {"team=a": "b=c", "µ": "日本", "empty": ""}, "owner": "Ärzte\nohne Grenzen", "plate": "0512"}


def test_rows_come_back_as_they_were_written_before_and_after_they_are_merged(ledger):
    put(ledger, "one", **ODD)
    before = list(ledger.rows())
    assert [{name: before[0][name] for name in ODD}] == [ODD]
    assert merge_before(ledger, LATER)
    assert list(ledger.rows()) == before
    assert before[0]["started"] == AT
    assert before[0]["verdict"] is None


def test_what_is_written_stays_whatever_is_written_later(ledger):
    assert ledger.write("demo", submission("one"), [row("one")])
    assert not ledger.write("demo", submission("one"), [row("one", seconds=9)])
    assert [each["seconds"] for each in ledger.rows()] == [1.5]


def test_a_ledger_that_was_moved_is_the_same(ledger, tmp_path):
    put(ledger, "one", "two")
    merge_before(ledger, LATER)
    put(ledger, "three")
    (tmp_path / "ledger").rename(tmp_path / "elsewhere")
    assert jobs_of(Ledger(Storage(str(tmp_path / "elsewhere")))) == ["one", "three", "two"]


def test_a_day_and_a_pipeline_are_chosen_without_reading_others(ledger, tmp_path):
    put(ledger, "one")
    other = tmp_path / "ledger" / NEW / "date=2026-11-01/pipeline=other/old.jsonl.gz"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"torn")
    (other.parent / ".DS_Store").write_bytes(b"foreign")
    (tmp_path / "ledger" / NEW / "date=2026-13-01/pipeline=other").mkdir(parents=True)
    (tmp_path / "ledger" / NEW / "date=2026-13-01/pipeline=other/no day.jsonl.gz").write_bytes(b"foreign")
    assert [each["job"] for each in ledger.rows(pipelines=["demo"])] == ["one"]
    assert [each["job"] for each in ledger.rows(since=date(2026, 11, 2))] == ["one"]


def test_days_are_those_of_utc(ledger):
    ledger.write("demo", submission("one", "2026-11-30T23:30:00-05:00"), [row("one")])
    assert [each.day for each in ledger.sections()] == [date(2026, 12, 1)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"torn",
        gzip.compress(b'{"job": "one"', mtime=0)[:-9],
        gzip.compress(b"[1]\n", mtime=0),
        *(
            gzip.compress(b'{"version": 1, "job": "one", %s}' % each, mtime=0)
            for each in (b'"ended": "soon"', b'"usd": "0.1"')
        ),
    ],
    ids=["empty", "text", "cut", "list", "no time", "no number"],
)
def test_a_damaged_file_of_new_rows_is_named_with_what_to_do(ledger, data):
    put(ledger, "one")
    [found] = ledger.sections().values()
    ledger.storage.put(found.new[0], data)
    with pytest.raises(LedgerError, match=r"one\.jsonl\.gz cannot be read \(.*\): restore an older version"):
        list(ledger.rows())


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_a_torn_parquet_file_is_named_with_what_to_do(ledger, cut):
    put(ledger, "one")
    merge_before(ledger, LATER)
    [found] = ledger.sections().values()
    ledger.storage.put(found.merged[0], ledger.storage.get(found.merged[0])[:cut])
    with pytest.raises(LedgerError, match=r"\.parquet cannot be read \(.*\): restore an older version"):
        list(ledger.rows())


def test_rows_of_an_older_version_have_nulls_and_those_of_a_newer_one_are_refused(ledger, monkeypatch):
    put(ledger, "one")
    [found] = ledger.sections().values()
    new = found.new[0]
    old = {"version": 1, "job": "one", "seconds": 2, "a column of before": 1}
    ledger.storage.put(new, gzip.compress(json.dumps(old).encode()))
    [read] = ledger.rows()
    assert (read["seconds"], read["usd"], set(read)) == (2, None, {column.name for column in table().columns})
    ledger.storage.put(new, gzip.compress(json.dumps({**old, "version": table().version + 1}).encode()))
    with pytest.raises(LedgerError, match="upgrade airflow-provider-platerunner"):
        list(ledger.rows())


def test_every_version_of_the_columns_is_contained_in_the_next():
    """A column is added with its version, never renamed, retyped or taken away; this is what version 1 has."""
    first = [column.name for column in table().columns if column.since == 1]
    assert len(first) == 52
    assert {column.type for column in table().columns} == {"text", "number", "integer", "time", "tags"}
    assert max(column.since for column in table().columns) == table().version


def test_without_pyarrow_new_rows_are_read_and_merged_ones_tell_what_to_install(ledger, monkeypatch):
    put(ledger, "one")
    merge_before(ledger, LATER)
    put(ledger, "two")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(LedgerError, match=r"pip install 'airflow-provider-platerunner\[ledger\]'"):
        list(ledger.rows())
    for each in ledger.storage.list(MERGED):
        ledger.storage.delete(each.key)
    assert jobs_of(ledger) == ["two"]
