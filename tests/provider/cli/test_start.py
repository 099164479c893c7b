"""What a command takes in before it does anything: nothing that only some of them need."""

import subprocess
import sys

SLOW = {"airflow", "boto3", "botocore.session", "httpx", "jsonschema", "moto", "numpy", "sqlalchemy"}
SCRIPT = "import sys, platerunner.cli\nprint(*sys.modules)"


def test_commands_start_without_airflow_and_clients_of_aws():
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    added = set(ran.stdout.split())
    assert "platerunner.cli.inspect.plan" in added
    assert added & SLOW == set()
