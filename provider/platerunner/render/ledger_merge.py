"""The DAG that merges what ledgers got on days that are over: every day, since Athena sees what is merged alone."""

import os

from airflow.sdk import DAG

from platerunner.operators.ledger_merge import LedgerMergeOperator

DAG_ID = "platerunner_ledger"
DOC = """\
Makes one Parquet file of the many small ones that steps wrote to a ledger on a day, once the day is over: in the
`ledger` of the connection `platerunner`, and in the workspaces of all pipelines. Safe while steps write. It needs
pyarrow on the worker (the extra `ledger`).
"""
AFTER_MIDNIGHT = "30 0 * * *"


def ledger_merge_dag(specs: str | os.PathLike[str]) -> DAG:
    """The DAG for a folder of specs.

    :param specs: as :func:`platerunner.render.specs_of` finds it.
    """
    dag = DAG(
        dag_id=DAG_ID,
        description="Merges a day's rows of ledgers into Parquet",
        doc_md=DOC,
        schedule=AFTER_MIDNIGHT,
        catchup=False,
        max_active_runs=1,
        tags=["platerunner", "maintenance"],
    )
    LedgerMergeOperator(task_id="merge", specs=specs, dag=dag)
    return dag
