"""What a DAG file takes in: neither AWS's clients nor what only a running task needs."""

import subprocess
import sys

HEAVY = {
    "aiobotocore", "boto3", "botocore.client", "botocore.config", "botocore.session", "moto", "numpy", "pandas",
    "platerunner.cli", "platerunner.local", "platerunner.ui", "s3transfer", "typer",
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
