"""The ledger in Athena is the ledger that Platerunner writes."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import duckdb
import pytest
import sqlglot
from tests.provider.engine.ledger.test_file_systems import row as file_system
from tests.provider.engine.ledger.test_file_systems import still_there
from tests.terraform.applied import CHECKOUT, Applied
from tests.terraform.iam import allowed
from tests.terraform.test_roles import HERE, RESULTS

from platerunner.engine.ledger.file_systems import FOLDER, write_file_system
from platerunner.engine.ledger.files import Ledger
from platerunner_unit.contract.storage import Storage

MODULE, LEDGER = CHECKOUT / "terraform/modules/ledger", CHECKOUT / "provider/platerunner/engine/ledger"


def test_columns_and_views_are_those_of_the_provider() -> None:
    assert (MODULE / "columns.yaml").read_text() == (LEDGER / "columns.yaml").read_text()
    assert (MODULE / "file_systems.yaml").read_text() == (LEDGER / "file_systems.yaml").read_text()
    views = {path.name: path.read_text() for path in (LEDGER / "asking/views").glob("*.sql")}
    assert views == {path.name: path.read_text() for path in (MODULE / "views").glob("*.sql")}


def test_athena_looks_where_airflow_writes(environment: Applied) -> None:
    connection = json.loads(environment.outputs["connection"])["extra"]
    connection = json.loads(connection) if isinstance(connection, str) else connection
    tables = {each["name"]: each for each in environment.of("aws_glue_catalog_table")}
    template = tables["attempt_files"]["parameters"]["storage.location.template"]
    assert template == f"{connection['ledger']}/attempts/merged/date=${{date}}/"
    template = tables["file_system_files"]["parameters"]["storage.location.template"]
    assert template == f"{connection['ledger']}/{FOLDER}date=${{date}}/"
    assert connection["ledger"].startswith(f"{connection['workspace_root']}/_")
    [group] = environment.of("aws_athena_workgroup")
    [database] = environment.of("aws_glue_catalog_database")
    assert environment.outputs["ledger_workgroup"] == group["name"]
    assert environment.outputs["ledger_database"] == database["name"]


def test_views_are_sql_of_athena_with_the_columns_that_they_say(environment: Applied) -> None:
    views = [each for each in environment.of("aws_glue_catalog_table") if each["table_type"] == "VIRTUAL_VIEW"]
    assert {each["name"] for each in views} == {"attempts", "file_systems", "runs", "plates", "projects"}
    for view in views:
        told = json.loads(base64.b64decode(view["view_original_text"].split()[3]))
        [parsed] = sqlglot.parse(told["originalSql"], read="athena")
        assert [each["name"] for each in told["columns"]] == parsed.named_selects, view["name"]


def test_athena_s_view_of_file_systems_has_the_rows_of_the_ledger(environment: Applied, tmp_path: Path) -> None:
    [view] = [each for each in environment.of("aws_glue_catalog_table") if each["name"] == "file_systems"]
    told = json.loads(base64.b64decode(view["view_original_text"].split()[3]))
    [files] = [each for each in environment.of("aws_glue_catalog_table") if each["name"] == "file_system_files"]
    columns = {each["name"]: HERE_TYPES[each["type"]] for each in files["storage_descriptor"][0]["columns"]}
    ledger = Ledger(Storage(str(tmp_path)))
    for each in (file_system(), still_there(name="fs-2", tags={"team": "µ"})):
        write_file_system([ledger], each)
    [sql] = sqlglot.transpile(told["originalSql"], read="athena", write="duckdb")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("CREATE MACRO from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMPTZ)")
        connection.execute(f"CREATE SCHEMA {told['schema']}")
        source = f"read_json('{tmp_path}/{FOLDER}*/*.json', columns = {columns}, hive_partitioning = true)"
        connection.execute(f"CREATE VIEW {told['schema']}.file_system_files AS SELECT * FROM {source}")
        found = connection.execute(f"SELECT file_system, started, ended, usd, project, date FROM ({sql}) ORDER BY 1")
        first, second = found.fetchall()
    assert [str(each) for each in first] == [
        "fs-1", "2026-11-30 23:30:00", "2026-12-01 01:30:00", "0.5", "µ=1", "2026-11-30",
    ]  # fmt: skip
    assert second[2:5] == (None, None, None)


HERE_TYPES = {
    "string": "VARCHAR",
    "double": "DOUBLE",
    "bigint": "BIGINT",
    "map<string,string>": "MAP(VARCHAR, VARCHAR)",
}
ANSWERS = "arn:aws:s3:::platerunner-dev-athena-123456789012-eu-west-1"
ROWS = f"{RESULTS}/workspaces/_ledger"
S3 = {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}
ASKER_MAY = [
    ("athena:StartQueryExecution", f"arn:aws:athena:{HERE}:workgroup/platerunner-dev-ledger", {}),
    ("athena:GetQueryResults", f"arn:aws:athena:{HERE}:workgroup/platerunner-dev-ledger", {}),
    ("glue:GetTable", f"arn:aws:glue:{HERE}:table/platerunner_dev/attempts", {}),
    ("glue:GetDatabase", f"arn:aws:glue:{HERE}:database/platerunner_dev", {}),
    ("s3:GetObject", f"{ROWS}/attempts/new/date=2026-11-30/pipeline=demo/j.jsonl.gz", {}),
    ("s3:ListBucket", RESULTS, {"s3:prefix": "workspaces/_ledger/attempts/merged/"}),
    ("s3:GetBucketLocation", ANSWERS, {}),
    ("s3:PutObject", f"{ANSWERS}/answer.csv", {}),
]
ASKER_MAY_NOT = [
    ("athena:StartQueryExecution", f"arn:aws:athena:{HERE}:workgroup/primary", {}),
    ("athena:UpdateWorkGroup", f"arn:aws:athena:{HERE}:workgroup/platerunner-dev-ledger", {}),
    ("glue:DeleteTable", f"arn:aws:glue:{HERE}:table/platerunner_dev/attempts", {}),
    ("glue:GetTable", f"arn:aws:glue:{HERE}:table/other/attempts", {}),
    ("s3:GetObject", f"{RESULTS}/workspaces/demo/cells.csv", {}),
    ("s3:ListBucket", RESULTS, {}),
    ("s3:ListBucket", RESULTS, {"s3:prefix": "workspaces/demo/"}),
    ("s3:PutObject", f"{ROWS}/attempts/new/date=2026-11-30/pipeline=demo/j.jsonl.gz", {}),
    ("s3:DeleteObject", f"{ROWS}/attempts/new/date=2026-11-30/pipeline=demo/j.jsonl.gz", {}),
    ("s3:DeleteObject", f"{ANSWERS}/answer.csv", {}),
    ("batch:SubmitJob", "*", {}),
]


@pytest.mark.parametrize(
    ("call", "may"), [*((each, True) for each in ASKER_MAY), *((each, False) for each in ASKER_MAY_NOT)]
)
def test_who_asks_reads_the_ledger_and_changes_nothing(dev: Applied, call: tuple, may: bool) -> None:
    [policy] = [each for each in dev.of("aws_iam_policy") if each["name"].endswith("-ledger-ask")]
    assert dev.outputs["ledger_ask_policy_arn"] == policy["arn"]
    assert allowed(json.loads(policy["policy"])["Statement"], *call) is may


def test_the_key_serves_s3_alone_for_who_asks(dev: Applied) -> None:
    [policy] = [each for each in dev.of("aws_iam_policy") if each["name"].endswith("-ledger-ask")]
    statements = json.loads(policy["policy"])["Statement"]
    [key] = {each["Resource"] for each in statements if "kms:Decrypt" in each["Action"]}
    assert allowed(statements, "kms:Decrypt", key, S3)
    assert not allowed(statements, "kms:Decrypt", key)
