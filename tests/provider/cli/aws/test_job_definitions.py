"""`platerunner definitions`: what was deregistered comes back from the files of a backup."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.embedded import Account, embedded
from typer.testing import CliRunner

from platerunner.batch.definitions import active_of, ensure_definition
from platerunner.batch.model import JobSpec
from platerunner.cli import app

DEMO = Path(__file__).resolve().parents[4] / "dag_specs/demo.yaml"


@pytest.fixture(scope="module")
def aws():
    with embedded() as account:
        yield account


@pytest.fixture
def run(aws: Account, monkeypatch):
    connection = {"conn_type": "platerunner", "extra": dict(aws.cloud.connection())}
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps(connection))
    for name, value in aws.cloud.environment().items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(app, ["definitions", *words])


@pytest.mark.slow
def test_a_backup_brings_back_what_was_deregistered(run, aws, tmp_path):
    arn = ensure_definition(aws.batch, JobSpec("demo-measure", "base:latest", ("true",)))
    saved = run("backup", str(DEMO), "--to", str(tmp_path / "kept"))
    assert (saved.exit_code, saved.stdout) == (0, f"1 job definition in {tmp_path}/kept\n"), saved.output
    aws.batch.deregister_job_definition(jobDefinition=arn)
    name = arn.rpartition("/")[2].partition(":")[0]
    again, once_more = (run("restore", str(tmp_path / "kept")) for _ in range(2))
    assert again.stdout == f"{name}: registered again\n1 registered again, 0 active already.\n", again.output
    assert once_more.stdout == "0 registered again, 1 active already.\n"
    assert [each["jobDefinitionName"] for each in active_of(aws.batch, "demo-measure")] == [name]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "has no backup: `platerunner definitions backup SPEC --to"),
        ({"a.json": "[]"}, "a.json is no job definition"),
    ],
)
def test_a_folder_that_is_no_backup_is_told(run, tmp_path, files, said):
    (tmp_path / "kept").mkdir()
    for name, text in files.items():
        (tmp_path / "kept" / name).write_text(text)
    done = run("restore", str(tmp_path / "kept"))
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


@pytest.mark.slow
def test_the_connection_is_found_where_airflow_finds_it(run, aws, tmp_path, monkeypatch):
    """As `doctor` finds it; here in a file, by a secrets backend of Airflow's own.

    In processes of their own: Airflow keeps such a backend as long as its process lives, and gives its connection to
    each later test.
    """
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER")
    kept = tmp_path / "connections.json"
    kept.write_text(json.dumps({"platerunner": {"conn_type": "platerunner", "extra": dict(aws.cloud.connection())}}))
    backend = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", backend)
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND_KWARGS", json.dumps({"connections_file_path": str(kept)}))
    commands = (
        ["definitions", "backup", str(DEMO), "--to", str(tmp_path / "kept")],
        ["retention", str(DEMO), "--dry-run"],
    )
    program = str(Path(sys.executable).with_name("platerunner"))
    saved, kept_long = [subprocess.run([program, *words], capture_output=True, text=True) for words in commands]
    assert saved.returncode == 0, saved
    assert (kept_long.returncode, "The connection says no `retention`" in kept_long.stdout) == (0, True), kept_long
