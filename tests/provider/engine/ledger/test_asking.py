"""Named queries: read alike by DuckDB and Athena, and answered as rows are, whatever was merged meanwhile."""

import json
from datetime import date

import boto3
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from sqlglot import exp
from sqlglot.errors import ErrorLevel
from tests.provider.engine.ledger.test_files import row, submission

from platerunner.engine.ledger.asking.duck import Answer, ask_duckdb
from platerunner.engine.ledger.asking.page import show_page
from platerunner.engine.ledger.asking.queries import VIEWS, Parameter, all_queries, find_query, view_sql
from platerunner.engine.ledger.columns import LedgerError, table
from platerunner.engine.ledger.files import Ledger, Section
from platerunner.engine.ledger.merging import merge
from platerunner.hooks.athena import ask_athena
from platerunner_unit.contract.storage import Storage

DIGEST = "sha256:363e"
GIVEN = {"results-of-digest": {"digest": DIGEST}}
QUERIES = sorted(all_queries())
SUMS = ("cost-by-plate", "cost-by-project", "memory-used", "results-of-digest")


@pytest.fixture
def ledger(tmp_path):
    return Ledger(Storage(str(tmp_path / "it's a ledger")))


def attempts(job, count=3, **more):
    told = {
        "pipeline": "demo", "run": "r1", "owner": "lab", "step": "measure", "module": "cellprofiler", "plate": "P1",
        "digest": DIGEST, "image": "cellprofiler:4", "verdict": "succeeded", "tags": {"project": "=atlas"}, "usd": 0.5,
        "submitted": "2026-11-30T10:00:00.000+00:00", "started": "2026-11-30T10:00:30.000+00:00", "memory": 2**31,
        "ended": "2026-11-30T10:01:00.000+00:00", "seconds": 30.0, "peak_memory": 2**30, "workspace": "/w",
    }  # fmt: skip
    return [{**row(f"{job}:{i}"), **told, "unit": f"plate=P1/well=A{i}", **more} for i in range(count)]


def ask(ledgers, name, **given):
    answer = ask_duckdb(ledgers, find_query(name).filled({**GIVEN.get(name, {}), **given}))
    return [dict(zip(answer.columns, each, strict=True)) for each in answer.rows]


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_is_sql_of_both_dialects_and_has_a_page(ledger, name):
    query = find_query(name)
    filled = query.filled(GIVEN.get(name, {}))
    for dialect in ("athena", "duckdb"):
        [parsed] = sqlglot.parse(filled, read=dialect, error_level=ErrorLevel.RAISE)
        assert isinstance(parsed, exp.Select)
        assert not list(parsed.find_all(exp.Anonymous)) or dialect == "duckdb"
    assert {each.name for each in parsed.find_all(exp.Table)} <= {"attempts", "file_systems", *VIEWS}
    ledger.write("demo", submission("j1"), attempts("j1"))
    answer = ask_duckdb([ledger], filled)
    page = show_page(query, answer, {})
    assert f"<h1>{query.title}</h1>".replace("'", "&#39;") in page
    assert all(f"<th>{column.replace('_', ' ')}</th>" in page for column in answer.columns)
    assert f"<p>{len(answer.rows)} rows.</p>" in page


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_sql_of_both_dialects(name):
    for dialect in ("athena", "duckdb"):
        [parsed] = sqlglot.parse(view_sql(name), read=dialect, error_level=ErrorLevel.RAISE)
        assert {each.name for each in parsed.find_all(exp.Table)} <= {"attempts", "file_systems"}


@pytest.mark.slow
def test_answers_count_each_row_once_before_within_and_after_a_merge(ledger):
    ledger.write("demo", submission("j1"), attempts("j1"))
    ledger.write("demo", submission("j2"), attempts("j2", 2, verdict="tool_error", run="r2"))
    before = {name: ask([ledger], name) for name in SUMS}
    assert [(each["plate"], each["attempts"], each["failed"], each["usd"]) for each in before["cost-by-plate"]] == [
        ("P1", 5, 2, 2.5)
    ]
    assert {each["project"] for each in before["cost-by-project"]} == {"=atlas"}
    assert len(before["results-of-digest"]) == 3
    [new, _] = sorted(stored.key for stored in ledger.storage.list("attempts/new/"))
    data = ledger.storage.get(new)
    assert merge(ledger, Section(date(2026, 11, 30), "demo")) == 2
    assert {name: ask([ledger], name) for name in SUMS} == before
    ledger.storage.put(new, data)  # as a merge that was killed leaves it
    assert {name: ask([ledger], name) for name in SUMS} == before
    ledger.write("demo", submission("j3"), attempts("j3", 1, plate="P2"))
    assert len(ask([ledger], "results-of-digest")) == 4 - 1  # the same unit and fingerprint, made once more
    assert [each["unit"] for each in ask([ledger], "slowest-units", plate="P2")] == ["plate=P1/well=A0"]


def test_a_row_that_is_in_two_ledgers_counts_once(ledger, tmp_path):
    shared = Ledger(Storage(str(tmp_path / "shared")))
    ledger.write("demo", submission("j1"), attempts("j1"))
    shared.write("demo", submission("j1"), attempts("j1"))
    shared.write("demo", submission("j2"), attempts("j2"))
    assert [each["attempts"] for each in ask([shared, ledger], "cost-by-run")] == [6]


def test_rows_of_versions_before_and_after(ledger):
    ledger.write("demo", submission("j1"), attempts("j1"))
    assert merge(ledger, Section(date(2026, 11, 30), "demo")) == 1
    [stored] = ledger.storage.list("attempts/merged/")
    import pyarrow.parquet as parquet

    path = ledger.storage.path(stored.key)
    parquet.write_table(parquet.read_table(path).drop_columns(["usd", "tags"]), path)  # as before they were there
    assert [(each["usd"], each["without_price"]) for each in ask([ledger], "cost-by-run")] == [(0.0, 3)]
    content = parquet.read_table(path)
    newer = {**content.schema.metadata, b"platerunner.version": json.dumps(table().version + 1).encode()}
    parquet.write_table(content.replace_schema_metadata(newer), path)
    with pytest.raises(LedgerError, match="upgrade airflow-provider-platerunner"):
        ask([ledger], "cost-by-run")
    path.write_bytes(b"PAR1 torn")
    with pytest.raises(LedgerError, match="cannot"):
        ask([ledger], "cost-by-run")


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc"))))
def test_any_text_stands_in_sql_as_itself(text):
    literal = Parameter("plate", "text", "").literal(text)
    for dialect in ("athena", "duckdb"):
        assert sqlglot.parse_one(f"SELECT {literal}", read=dialect).expressions[0].this == text


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("slowest", {}, "there is no query slowest; there is cost-by-plate"),
        ("slowest-units", {"plat": "P1"}, "has no parameter plat; it takes plate"),
        ("results-of-digest", {}, "needs digest: -P digest=... The image's digest"),
        ("slowest-units", {"limit": "many"}, "-P limit=many: write a whole number"),
        ("slowest-units", {"limit": "9" * 30}, "write a whole number"),
        ("slowest-units", {"since": "soon"}, "-P since=soon: write a day like 2026-11-30"),
        ("slowest-units", {"since": "9999999d"}, "a day like"),
        ("slowest-units", {"plate": "P1\n"}, "a text without line breaks"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(name, given, said):
    with pytest.raises(LedgerError) as caught:
        find_query(name).filled(given)
    assert said in str(caught.value)


@pytest.mark.slow
def test_athena_answers_in_types(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("athena")
        client.create_work_group(Name="ledger", Configuration={"ResultConfiguration": {"OutputLocation": "s3://r/"}})
        from moto.athena.models import QueryResults, athena_backends

        columns = [
            {"Name": name, "Type": kind} for name, kind in (("plate", "varchar"), ("n", "bigint"), ("usd", "double"))
        ]
        rows = [{"Data": [{"VarCharValue": each["Name"]} for each in columns]},
                {"Data": [{"VarCharValue": "P1"}, {"VarCharValue": "2"}, {}]}]  # fmt: skip
        [backend] = [athena_backends["123456789012"]["eu-west-1"]]
        backend.query_results_queue.append(QueryResults(rows=rows, column_info=columns))
        asked = find_query("cost-by-plate").filled({})
        assert ask_athena(asked, "ledger", "platerunner") == Answer(("plate", "n", "usd"), [("P1", 2, None)])
        [query] = client.list_query_executions()["QueryExecutionIds"]
        told = client.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        assert (told["Query"], told["WorkGroup"]) == (asked, "ledger")
        with pytest.raises(LedgerError, match="the workgroup and the database that Terraform's outputs"):
            ask_athena(asked, "another", "platerunner")


def test_a_torn_file_of_a_step_is_named_with_what_to_do(ledger):
    ledger.write("lab", submission("j", "2026-11-30T00:00:00+00:00"), [row("j")])
    [key] = ledger.sections().popitem()[1].new
    ledger.storage.put(key, ledger.storage.get(key)[:50])
    with pytest.raises(LedgerError, match=r"restore an older version of .* move it out of the ledger") as caught:
        ask([ledger], "cost-by-plate")
    assert key in str(caught.value)
