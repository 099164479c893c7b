"""The DAG that keeps no more than a lab wants: every day, paused until somebody turns it on."""

import os

from airflow.sdk import DAG, Param

from platerunner.operators.retention import RetentionOperator

DAG_ID = "platerunner_retention"
DOC = """\
Takes away logs, history and days of the ledger that are older than `retention` of the connection `platerunner` says.
What makes a unit done is kept, and so is all of a pipeline with the tag `legal-hold`. What goes is written down before,
under `_platerunner/retention/` of each workspace. Start a run with `dry_run` to see what would go.
"""


def retention_dag(specs: str | os.PathLike[str]) -> DAG:
    """The DAG for a folder of specs.

    :param specs: as :func:`platerunner.render.specs_of` finds it.
    """
    dag = DAG(
        dag_id=DAG_ID,
        description="Takes away what has been kept long enough",
        doc_md=DOC,
        schedule="@daily",
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=True,
        tags=["platerunner", "maintenance"],
        params={"dry_run": Param(default=False, type="boolean", description="Only say what would go")},
    )
    RetentionOperator(task_id="take_away", specs=specs, dry="{{ params.dry_run }}", dag=dag)
    return dag
