"""Answers a ledger's queries by Athena, through the amazon provider's hook."""

from typing import Any

from airflow.providers.amazon.aws.hooks.athena import AthenaHook
from botocore.exceptions import BotoCoreError, ClientError

from platerunner.engine.ledger.asking.duck import Answer
from platerunner.engine.ledger.columns import LedgerError

POLL_S = 1
NUMBERS = frozenset({"tinyint", "smallint", "integer", "int", "bigint"})
FLOATS = frozenset({"double", "float", "real", "decimal"})


def ask_athena(sql: str, workgroup: str, database: str, region: str | None = None) -> Answer:
    """The answer to a query.

    :param workgroup: says where results go, and how many bytes a query may read.
    :param database: that has the view ``attempts``: terraform/modules/ledger.
    :raises LedgerError: if Athena refuses the query, or the query fails.
    """
    hook = AthenaHook(aws_conn_id=None, region_name=region, log_query=False)
    try:
        query = hook.run_query(sql, {"Database": database}, {}, workgroup=workgroup)
        state = hook.poll_query_status(query, sleep_time=POLL_S)
        if state != "SUCCEEDED":
            raise LedgerError(f"Athena did not answer ({state}): {hook.get_state_change_reason(query)}")
        pages = hook.get_query_results_paginator(query)
        return _answer(list(pages or ()))
    except (ClientError, BotoCoreError) as error:
        raise LedgerError(
            f"Athena cannot be asked: {error}; give the workgroup and the database that Terraform's outputs "
            "`ledger_workgroup` and `ledger_database` name, and AWS_DEFAULT_REGION"
        ) from error


def _answer(pages: list[Any]) -> Answer:
    about = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"] if pages else []
    rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]]
    kinds = [each["Type"].lower() for each in about]
    listed = [
        tuple(_value(cell.get("VarCharValue"), kind) for cell, kind in zip(row, kinds, strict=True)) for row in rows[1:]
    ]
    return Answer(tuple(each["Name"] for each in about), listed)  # the first row of the first page has the names


def _value(text: str | None, kind: str) -> Any:
    if text is None:
        return None
    if kind in NUMBERS:
        return int(text)
    return float(text) if kind in FLOATS else text
