"""DAGs whose rows in Airflow's database are counted: a step of ours, and BatchOperator mapped over as many units."""

import os
from pathlib import Path

from airflow.sdk import DAG

from platerunner.render.dag import build_dag
from platerunner.spec.loader import load_pipeline

ours = build_dag(load_pipeline(Path(os.environ["BENCH_SPEC"])))

if prefix := os.environ.get("BENCH_PREFIX"):
    from airflow.providers.amazon.aws.operators.batch import BatchOperator

    with DAG("theirs", schedule=None, catchup=False) as theirs:
        BatchOperator.partial(
            task_id="job",
            job_name="job",
            job_definition=os.environ["BENCH_DEFINITION"],
            job_queue=os.environ["BENCH_QUEUE"],
            deferrable=True,
            poll_interval=1,
            aws_conn_id=None,
            region_name="us-east-1",
        ).expand(
            container_overrides=[
                {
                    "command": ["platerunner-unit", "run", prefix],
                    "environment": [{"name": "UNIT_INDEX", "value": str(index)}],
                }
                for index in range(int(os.environ["BENCH_UNITS"]))
            ]
        )
