"""What a command takes in before it does anything: nothing that only some of them need."""

import subprocess
import sys

import pytest
from typer.main import get_command

from platerunner.cli import app

SLOW = {"airflow", "boto3", "botocore.session", "httpx", "jsonschema", "moto", "numpy", "sqlalchemy"}
OTHERS = SLOW | {"asyncio", "botocore", "croniter", "obstore", "platerunner.engine", "psutil", "yaml"}
SCRIPT = """
import sys
from platerunner.cli import app
try:
    app()
except SystemExit:
    print(*sys.modules)
"""


def imported(*words):
    ran = subprocess.run([sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


@pytest.mark.slow
@pytest.mark.parametrize("words", [("--help",), ("plan", "--help")])
def test_commands_start_without_airflow_and_clients_of_aws(words):
    assert imported(*words) & SLOW == set()


def test_the_list_of_commands_imports_none_of_them():
    added = imported("--help")
    assert "platerunner.cli.command_group" in added
    assert added & (OTHERS | {row.module for row in get_command(app).commands.values()}) == set()


@pytest.mark.parametrize("row", get_command(app).commands.values(), ids=lambda row: row.name)
def test_a_command_is_listed_with_its_own_sentence(row):
    command = row.load()
    assert command.name == row.name
    assert row.help == " ".join(command.help.split("\n\n")[0].split())
