"""Commands with places that are not what they should be: a sentence, no traceback, no hanging.

Those that start processes or ask a cloud run in a process of their own, which ends before anything is started.
"""

import os
import socket
import subprocess
import sys
from pathlib import Path

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


ODD = (
    "dangling",
    "loop",
    "fifo",
    "socket",
    "file",
    "file/below",
    "loop/below",
    "/proc/self/mem",
    "/dev/zero",
    "x" * 300,
)
"""Nobody can read these as a spec, nor keep files in them; permissions would not do, since root has them all."""
ROOTS = ["--data-root", "images", "--workspace-root", "work"]
AT = {
    "spec": ["plan"],
    "validated": ["validate"],
    "pipeline": ["loaddata"],
    "drawn": ["graph"],
    "compared": ["diff", "spec.yaml"],
    "data root": ["plan", "spec.yaml", "--data-root"],
    "workspace": ["plan", "spec.yaml", "--data-root", "images", "--workspace-root"],
    "looked at": ["status", "spec.yaml", "--workspace-root"],
    "listed": ["units", "spec.yaml", "--data-root", "images", "--workspace-root"],
    "written to": ["run", "spec.yaml", "--local", "--data-root", "images", "--workspace-root"],
    "served": ["up", "--port", "1", "--data-root", "images", "--specs"],
    "token": ["qc", "list", "--airflow", "http://127.0.0.1:9", "--token-file"],
}
READ = {("token", "fifo")}
"""A token may come from a pipe, for which the command waits."""


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    (folder / "images/P1").mkdir(parents=True)
    (folder / "images/P1/A01_s1_DNA.tif").write_bytes(b"x")
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "file").touch()
    (folder / "dangling").symlink_to("nowhere")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    before = Path.cwd()
    os.chdir(folder)  # a socket's path may be 108 bytes long
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        yield folder
    os.chdir(before)


@pytest.mark.parametrize(
    ("line", "place"),
    [(line, place) for name, line in AT.items() for place in ODD if (name, place) not in READ],
    ids=lambda part: part[:16] if isinstance(part, str) else " ".join(part)[-40:],
)
def test_what_is_no_file_and_no_folder_is_refused_in_a_sentence(line, place, odd, monkeypatch):
    monkeypatch.chdir(odd)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    done = CliRunner().invoke(app, [*line, place])
    assert done.exit_code in (1, 2), done.output
    assert done.exception.__class__ is SystemExit
    said = done.output.replace("\n", "")
    assert Path(place).name[:16] in said, said
    assert "should not happen" not in said


@pytest.mark.parametrize("place", ["loop", "file/below", "x" * 300])
def test_a_summary_that_cannot_be_written_is_found_before_anything_runs(place, odd, monkeypatch):
    monkeypatch.chdir(odd)
    done = CliRunner().invoke(app, ["run", "spec.yaml", "--local", *ROOTS, "--summary", place])
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr
    assert not (odd / "work").exists()


def test_an_empty_workspace_is_a_new_one(odd, monkeypatch):
    monkeypatch.chdir(odd)
    (odd / "empty").mkdir()
    done = CliRunner().invoke(app, ["status", "spec.yaml", "--workspace-root", "empty"])
    assert done.exit_code == 0
    assert done.stdout.count("never ran") == 4
    assert list((odd / "empty").iterdir()) == []


def platerunner(*words, **more):
    """The command as a shell starts it."""
    call = [sys.executable, "-c", "from platerunner.cli import app; app(prog_name='platerunner')", *words]
    return subprocess.run(call, check=False, capture_output="stdout" not in more, text=True, **more)


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--version"], ["schema"], ["plan", "spec.yaml", *ROOTS]], ids=" ".join)
@pytest.mark.parametrize(
    ("reader", "code", "said"), [("gone", 141, ""), ("full", 2, "No space left on device. Make room")]
)
def test_output_that_nobody_takes_ends_the_command_without_a_traceback(words, reader, code, said, odd):
    if reader == "full" and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    ours, theirs = (*os.pipe(),) if reader == "gone" else (None, os.open("/dev/full", os.O_WRONLY))
    if ours is not None:
        os.close(ours)  # as `| head -1` does
    done = platerunner(*words, stdout=theirs, stderr=subprocess.PIPE, cwd=odd)
    os.close(theirs)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (code, True, False), done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("home", [None, "/proc/nobody", "/dev/null"])
def test_no_command_needs_a_home(home, odd):
    environ = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    done = platerunner(
        "plan", "--local", "spec.yaml", *ROOTS, cwd=odd, env={**environ, **({"HOME": home} if home else {})}
    )
    assert (done.returncode, "illum_calc: 0 done, 1 pending" in done.stdout) == (0, True), done.stderr


@pytest.fixture
def full(tmp_path):
    """A disk of 64 KiB with no room left."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        (tmp_path / "filled").write_bytes(b"x" * 65536)
        yield tmp_path
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_is_said_before_anything_runs(full, odd, monkeypatch):
    monkeypatch.chdir(odd)
    done = CliRunner().invoke(
        app, ["run", "spec.yaml", "--local", "--data-root", "images", "--workspace-root", str(full)]
    )
    assert done.exit_code == 2
    assert "The workspace cannot be written" in done.stderr
    assert "did not fit on the disk" in done.stderr
