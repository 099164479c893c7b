"""Commands that start processes or ask a cloud, with places that are not what they should be: a sentence, no traceback.

Each runs in a process of its own, which ends before anything is started.
"""

import pytest
from tests.commands import run_limited
from tests.provider.engine.planning.lab import SPEC
from typer.testing import CliRunner

from platerunner.cli import app

FILES = {
    "spec.yaml": SPEC.encode(),
    "bad.yaml": b"version: 1\n",
    "binary.yaml": b"\x89PNG\r\n\x1a\n\x00\xff",
    "empty.yaml": b"",
    "file": b"",
}
LINES = [
    *(["run", name] for name in ("nowhere.yaml", "folder", "bad.yaml", "binary.yaml", "empty.yaml", "spec.yaml")),
    *(["run", "spec.yaml", "--local", "--param", param] for param in ("wells=[", "wells={", "x", "x=1", "wells=3")),
    *(["plan", "spec.yaml", "--data-root", root] for root in ("file", "nowhere", "folder")),
    ["demo", "--spec", "bad.yaml", "--folder", "file"],
    *(["deploy", "--bucket", "x", "--bundle", name] for name in ("file", "nowhere", "folder")),
    *(["bundle", "--specs", name] for name in ("file", "nowhere")),
    ["bundle", "--specs", "folder", "--out", "file"],
    ["bundle", "--airflow", "1"],
    *(["up", "--specs", name] for name in ("file", "nowhere")),
    *(["qc", "list", "--token-file", name] for name in ("nowhere", "folder", "binary.yaml", "empty.yaml")),
    ["qc", "list", "--token-file", "spec.yaml", "--airflow", "::"],
    ["retire", "folder"],
    ["doctor"],
    ["doctor", "spec.yaml"],
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    return tmp_path


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_a_place_that_is_not_what_it_should_be(line, folder):
    said = run_limited(line, folder, folder, seconds=30)
    assert said.code in (1, 2)
    assert (said.out + said.err).strip()


@pytest.mark.parametrize(
    "connection", ["{", "[]", "5", '{"extra": 5}', '{"extra": "x"}', '{"extra": [1]}', "aws://%%%"]
)
def test_a_connection_that_is_none(connection, folder, monkeypatch):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, ["plan", "spec.yaml"], env={"AIRFLOW_CONN_PLATERUNNER": connection})
    assert (done.exit_code, done.exception.__class__) == (2, SystemExit)
    assert "AIRFLOW_CONN_PLATERUNNER is no JSON of the form" in done.stderr
