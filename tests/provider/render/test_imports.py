"""What a DAG file takes in: neither AWS's clients nor what only a running task needs."""

import subprocess
import sys

import pytest

CLIENTS_AND_TOOLS = {
    "aiobotocore", "boto3", "botocore", "croniter", "moto", "numpy", "obstore", "pandas", "psutil", "s3transfer",
    "typer",
}  # fmt: skip
DECORATORS = {"airflow.sdk.bases.decorator", "airflow.providers.standard.operators.python"}
OF_RUNS = {
    f"platerunner.{name}"
    for name in (
        "batch",
        "engine.connection",
        "engine.ledger",
        "engine.planning",
        "engine.records",
        "engine.steps",
        "triggers",
        "hooks.platerunner",
        "operators.step_task",
        "operators.split_task",
        "sensors.gate_task",
    )
}
ABOVE = {"platerunner.cli", "platerunner.local", "platerunner_pages"}
SCRIPT = """
import sys, airflow.sdk
before = set(sys.modules)
import platerunner.render
print(*set(sys.modules) - before)
"""


@pytest.mark.slow
def test_a_dag_file_imports_no_client_of_aws_and_no_tool():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    added = set(ran.stdout.splitlines()[-1].split())
    assert "platerunner.operators.batch_module" in added
    assert added & (CLIENTS_AND_TOOLS | DECORATORS | OF_RUNS | ABOVE) == set()
