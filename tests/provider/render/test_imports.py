"""What a DAG file takes in: neither AWS's clients nor what only a running task needs."""

import subprocess
import sys

HEAVY = {
    "aiobotocore", "boto3", "botocore", "moto", "numpy", "obstore", "pandas", "s3transfer", "typer",
    "airflow.providers.standard.operators.python", "airflow.sdk.bases.decorator",
    "platerunner.batch", "platerunner.cli", "platerunner.hooks.platerunner", "platerunner.local", "platerunner.triggers",
    "platerunner.operators.split_task", "platerunner.operators.step_task", "platerunner.ui", "platerunner.units",
}  # fmt: skip
SCRIPT = """
import sys, airflow.sdk
before = set(sys.modules)
import platerunner.render
print(*set(sys.modules) - before)
"""


def test_a_dag_file_imports_no_client_of_aws_and_no_tool():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    added = set(ran.stdout.splitlines()[-1].split())
    assert "platerunner.operators.batch_module" in added
    assert added & HEAVY == set()
