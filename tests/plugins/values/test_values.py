"""Numbers of wells on the map: from tables of each form, and from what attempts took."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime

import pytest
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import update
from tests.plugins.records import leave
from tests.specs import wells

from platerunner.batch.model import Submission
from platerunner.engine.ledger.place import workspace_ledger
from platerunner.engine.planning.model import UnitState
from platerunner_pages.values import rows as rows_of_tables
from platerunner_unit.contract.storage import Storage

MIDNIGHT = "2026-01-01T00:00:00+00:00"
TABLES = """
profile:
  module: command
  image: base:latest
  foreach: [plate]
  inputs: {all: work.made}
  with: {argv: [sh, -c, "cat {inputs.all} > {outputs.profiles}"]}
  outputs: {profiles: "profiles/{plate}.NAME"}
"""
RUN = "/platerunner/dags/lab/runs/run-1/tasks"
HEAD = ("Metadata_Plate", "Metadata_Well", "Area", "Name", "Nothing")


def table_of(suffix, rows, head=HEAD):
    if suffix == "parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        out = io.BytesIO()
        parquet.write_table(pyarrow.table(dict(zip(head, zip(*rows, strict=True), strict=True))), out)
        return out.getvalue()
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t" if "tsv" in suffix else ",")
    writer.writerows([head, *([("" if value is None else value) for value in row] for row in rows)])
    data = text.getvalue().encode()
    return gzip.compress(data) if suffix.endswith("gz") else data


@pytest.fixture
def lab(site):
    """Builds a lab whose step `profile` has written tables of a form."""

    def build(suffix, tables):
        site.add(wells("lab", folder="/lab", steps=TABLES.replace("NAME", suffix)))
        site.start("lab", profile="success", work="success")
        workspace = leave(
            site.workspace / "lab", {"plate=P1/well=A01": UnitState.DONE, "plate=P1/well=A02": UnitState.DONE}
        )
        leave(
            site.workspace / "lab",
            dict.fromkeys([f"plate={plate}" for plate in tables], UnitState.DONE),
            step="profile",
        )
        for plate, rows in tables.items():
            workspace.put(f"profiles/{plate}.{suffix}", table_of(suffix, rows))
        return site

    return build


def started():
    """Let all runs have started now."""
    with create_session() as session:
        session.execute(update(DagRun).values(start_date=datetime.now(UTC), end_date=None))


def attempts(workspace, rows):
    """Leave rows of the ledger, as of today."""
    now = datetime.now(UTC).isoformat()
    submission = Submission(1, "work", "array", 1, ("x",), "q", job_id="j", submitted_at=now)
    whole = [{"job": f"j:{at}", "run": "run-1", "step": "work", **row} for at, row in enumerate(rows)]
    assert workspace_ledger(workspace).write("lab", submission, whole)


def ask(site, what, task="profile", **query):
    answer = site.client("viewer").get(f"{RUN}/{task}/{what}.json", params=query)
    return answer.status_code, answer.json()


def by_name(shown):
    return dict(zip(shown["wells"], shown["values"], strict=True))


ROWS = [("P1", "A01", 1.0, "a", None), ("P1", "A01", 3.0, "b", None), ("P1", "B02", None, "c", None)]


@pytest.mark.parametrize("suffix", ["csv", "tsv", "csv.gz", "parquet"])
def test_a_column_of_each_form_of_table_is_a_number_a_well(lab, suffix):
    site = lab(suffix, {"P1": ROWS, "P2": [("P2", "A1", 7.5, "d", None), ("P2", "A01", 8.5, "d", None)]})
    status, offered = ask(site, "measures")
    assert (status, [table["name"] for table in offered["tables"]]) == (200, ["profiles"])
    assert offered["tables"][0]["columns"] == ["Area"]
    status, shown = ask(site, "values", table="profiles", column="Area")
    assert status == 200, shown
    assert by_name(shown)["P1/A01"] == 2.0
    assert by_name(shown)["P1/B02"] is None, "a well without a number is drawn as missing"
    assert by_name(shown)["P1/A02"] is None, "and so is one that the table lacks"
    assert [each["name"] for each in shown["maps"]] == ["P1", "P2"]
    assert shown["counts"][shown["wells"].index("P1/A01")] == 2
    assert {shown["units"][shown["wells"].index(name)] for name in ("P1/A01", "P1/B02")} == {0}, "the plate's unit"
    _, one = ask(site, "values", table="profiles", column="Area", plate="P2", of="sum")
    assert [each["name"] for each in one["maps"]] == ["P2"]


def test_a_csv_is_read_without_pyarrow_too(lab, monkeypatch):
    site = lab("csv", {"P1": ROWS})
    monkeypatch.setattr(rows_of_tables, "_arrow_csv", lambda: None)
    _, shown = ask(site, "values", table="profiles", column="Area", of="highest")
    assert by_name(shown)["P1/A01"] == 3.0


def test_a_table_that_changed_is_read_again_and_one_that_did_not_is_not(lab, monkeypatch):
    site = lab("csv", {"P1": ROWS})
    ask(site, "values", table="profiles", column="Area")
    workspace = Storage(str(site.workspace / "lab"))
    with monkeypatch.context() as patch:
        patch.setattr(Storage, "get_range", lambda *_: pytest.fail("it was read again"))
        assert by_name(ask(site, "values", table="profiles", column="Area", of="sum")[1])["P1/A01"] == 4.0
    workspace.put("profiles/P1.csv", table_of("csv", [("P1", "A01", 5.0, "a much longer name", None)]))
    assert by_name(ask(site, "values", table="profiles", column="Area")[1])["P1/A01"] == 5.0


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"table": "profiles", "column": "Name"}, "has no column of numbers"),
        ({"table": "../secrets", "column": "Area"}, "writes no table"),
        ({"column": "__class__"}, "There is no `__class__` of attempts"),
    ],
)
def test_what_there_is_not_is_said_in_a_sentence(lab, query, said):
    status, answer = ask(lab("csv", {"P1": ROWS}), "values", **query)
    assert status == 409
    assert said in answer["detail"]


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_a_file_that_is_no_table_is_named(lab, suffix):
    site = lab(suffix, {"P1": ROWS})
    (site.workspace / "lab/profiles" / f"P1.{suffix}").write_bytes(b"\x89PNG\0\xff\n\xff\xfe,\n")
    status, answer = ask(site, "values", table="profiles", column="Area")
    assert status == 409
    assert "profiles/P1" in answer["detail"]
    assert ask(site, "measures")[0] == 200


def test_a_link_that_leads_out_of_the_workspace_is_not_followed(lab, tmp_path):
    site = lab("csv", {"P1": ROWS})
    outside = tmp_path / "secret.csv"
    outside.write_bytes(table_of("csv", [("P1", "A01", 87654.25, "secret", None)]))
    table = site.workspace / "lab/profiles/P1.csv"
    table.unlink()
    table.symlink_to(outside)
    for what, query in (("measures", {}), ("values", {"table": "profiles", "column": "Area"})):
        status, answer = ask(site, what, **query)
        assert "87654" not in json.dumps(answer)
        assert "secret" not in json.dumps(answer)
        assert status in (200, 404)


def test_attempts_say_what_a_well_took(site):
    site.add(wells("lab", folder="/lab"))
    site.start("lab", work="success")
    started()
    workspace = leave(site.workspace / "lab", {f"plate=P1/well={well}": UnitState.DONE for well in ("A01", "A02")})
    taken = {"unit": "plate=P1/well=A01", "usd": 0.25, "queued": MIDNIGHT, "started": "2026-01-01T00:00:30+00:00"}
    ended = [
        {"ended": f"2026-01-01T00:0{at}:00+00:00", "seconds": 10.0 * at, "peak_memory": 2**20 * at} for at in (1, 2)
    ]
    attempts(workspace, [{**taken, **each} for each in ended])
    asked = ("usd", "seconds", "peak_memory", "waited")
    told = {name: by_name(ask(site, "values", "work", column=name)[1]) for name in asked}
    assert {name: values["P1/A01"] for name, values in told.items()} == {
        "usd": 0.5, "seconds": 20.0, "peak_memory": 2.0, "waited": 60.0
    }  # fmt: skip
    assert all(values["P1/A02"] is None for values in told.values()), "not known is not zero"
