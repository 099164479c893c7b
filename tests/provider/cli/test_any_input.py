"""Whatever is typed: a sentence and an exit code, never a traceback; and words that complete, in tables that fit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.provider.engine.planning.lab import SPEC, Lab
from typer.main import get_command
from typer.testing import CliRunner

from platerunner.cli import COMMANDS as TABLE
from platerunner.cli import OTHERS, PANELS, app, console

STARTS = {"up", "demo", "deploy", "bundle", "doctor", "run"}
"""They start processes, or ask the cloud; their options are refused before that."""
COMMANDS = {
    name: each.load()
    for name, each in get_command(app).commands.items()
    if name not in STARTS and name not in {"qc", "ledger", "lineage", "import"}
}
FILES = {
    "spec.yaml": SPEC.encode(),
    "broken.yaml": b"version: 1\nsteps: {a: {modul: y}}\n",
    "empty.yaml": b"",
    "picture.yaml": b"\x89PNG\r\n\x1a\n\x00\xff",
    "deep.yaml": b"[" * 5000,
    "latin.yaml": "pipeline: caf\xe9".encode("latin-1"),
    "bom.yaml": b"\xef\xbb\xbf" + SPEC.encode(),
    "zero": b"\0",
}
words = st.one_of(
    st.sampled_from([*FILES, "nowhere.yaml", ".", "/", "spec.yaml@HEAD", "spec.yaml@", "~", "measure", "illum_calc"]),
    st.sampled_from(
        ["plate=P1/well=A01", "plate=", "=", "*", "well=[", "well={x}", "measure:well=A01", "s3://", "://"]
    ),
    st.sampled_from(["nuclei=ER", "wells=[A01]", "wells=[", "wells={", "x=1", "0", "-1", "1e9", "failed", "\x1b[31m"]),
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=12),
)


def lines(command):
    """Arguments for a command: its options with some words, and more words."""
    flags = [name for param in command.params for name in param.opts if name.startswith("--")]
    option = st.sampled_from(flags) if flags else st.just("--help")
    return st.lists(st.one_of(words, option, st.tuples(option, words)), max_size=6).map(
        lambda parts: [word for part in parts for word in (part if isinstance(part, tuple) else (part,))]
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("name", sorted(COMMANDS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_command_ends_in_a_traceback(name, data, folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    arguments = [word for word in data.draw(lines(COMMANDS[name])) if word != "--local"]  # that starts a cloud
    first = ["spec.yaml"] if data.draw(st.booleans()) else []
    done = CliRunner().invoke(app, [name, *first, *arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "Traceback" not in done.output
    assert "This should not happen" not in done.output, done.output
    assert done.exit_code in (0, 1, 2)


def test_what_nobody_foresaw_is_a_sentence_with_its_traceback_in_a_file(monkeypatch, folder):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("platerunner.cli.inspect.graph.flowchart", lambda _: {}["key"])
    done = CliRunner().invoke(app, ["graph", "spec.yaml"])
    assert done.exit_code == 70
    assert "This should not happen (KeyError: 'key'). Please report it, with /" in done.output
    assert "Traceback" in Path(done.output.strip().rpartition("with ")[2].rstrip(".")).read_text()


def test_the_version_is_that_of_the_distribution():
    assert CliRunner().invoke(app, ["--version"]).output == "platerunner 0.1.0\n"


DEFAULTS = {"--data-root": "the connection's, else this folder", "--param": "the spec's", "--first": "3"}


@pytest.mark.parametrize(("option", "default"), DEFAULTS.items())
def test_help_shows_what_counts_where_nothing_is_said(option, default):
    text = " ".join(CliRunner().invoke(app, ["plan", "--help"], env={"COLUMNS": "250"}).output.split())
    assert default in text.partition(option)[2].partition("--")[0]


@pytest.fixture
def lab(tmp_path, monkeypatch):
    lab = Lab(tmp_path, fails={("measure", "plate=P1/well=A02")})
    lab.shoot()
    lab.run()
    (tmp_path / "lab.yaml").write_text(lab.spec)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    return lab


ROOTS = ["--data-root", "images", "--workspace-root", "work"]


@pytest.mark.parametrize("command", ["status", "units", "logs"])
def test_it_says_where_it_looked(lab, command):
    more = ["measure", "well=A01"] if command == "logs" else []
    done = CliRunner().invoke(app, [command, "lab.yaml", *more, *ROOTS])
    assert f"Looked in {lab.folder}/work/lab" in done.stderr.replace("\n", "")
    assert "Looked in" not in done.stdout


def complete(line, shell="bash"):
    """What a shell gets at Tab; bash breaks words at `=` and `:`."""
    words = [part for word in line.split(" ") for part in (broken(word) if shell == "bash" else [word])]
    script = {"bash": {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}}
    script["zsh"] = script["fish"] = {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        [sys.executable, "-c", "from platerunner.cli import app; app(prog_name='platerunner')"],
        env={**os.environ, "_PLATERUNNER_COMPLETE": f"complete_{shell}", **script[shell]},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.split(), done.stderr


def broken(word):
    parts = word.replace("=", "\n=\n").split("\n")
    return [part for index, part in enumerate(parts) if part or index == len(parts) - 1]


COMPLETED = {
    "all": ("", ["plate=P1/well=A01", "plate=P1/well=A02"]),
    "within a value": ("plate=P1/w", ["P1/well=A01", "P1/well=A02"]),
    "at the sign": ("plate=P1/well=", ["A01", "A02"]),
    "within the last": ("plate=P1/well=A02", ["A02"]),
}


@pytest.mark.slow
@pytest.mark.parametrize(("typed", "offered"), COMPLETED.values(), ids=COMPLETED)
def test_units_complete_in_bash(lab, typed, offered):
    found, said = complete(f"platerunner explain lab.yaml --workspace-root work measure {typed}")
    assert (found, said) == (offered, "")


@pytest.mark.slow
def test_steps_and_units_complete_in_fish(lab):
    line = "platerunner explain lab.yaml --workspace-root work measure plate=P1/well=A0"
    assert complete(line, "fish")[0] == ["plate=P1/well=A01", "plate=P1/well=A02"]
    assert complete("platerunner explain lab.yaml illum_", "fish")[0] == ["illum_apply", "illum_calc"]


@pytest.mark.slow
def test_nothing_completes_where_there_is_no_spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert complete("platerunner explain nowhere.yaml ") == ([], "")


@pytest.mark.parametrize("width", [30, 60, 80, 200])
def test_tables_fit_the_terminal_and_lose_nothing(width, monkeypatch):
    shown = Console(width=width, force_terminal=True, color_system=None, soft_wrap=True, highlight=False)
    monkeypatch.setattr(console, "out", shown)
    rows = [("illum_apply", "a long word " * 6, "P1"), ("measure", "", "cellprofiler:4.2.8")]
    with shown.capture() as captured:
        console.show_table(("step", "verdicts", "image"), rows, "lab: failed in 3 s")
    said = captured.get()
    assert max(map(len, said.splitlines())) <= width
    assert said.count("long") == 6
    assert "cellprofiler:4.2.8" in said


def test_every_heading_of_the_help_has_commands_that_there_are():
    assert {name for names in PANELS.values() for name in names} <= set(TABLE)
    said = CliRunner().invoke(app, ["--help"]).stdout
    assert all(f"─ {panel} ─" in said for panel in (*PANELS, OTHERS))


def test_what_failed_is_listed_whatever_images_are_known_here(lab):
    said = CliRunner().invoke(app, ["units", "lab.yaml", "--state", "failed", *ROOTS])
    assert "measure  pending  plate=P1/well=A02  failed before: tool_error" in said.stdout
    assert "taken for the image of the last run, since no registry is known here" in said.stderr.replace("\n", " ")
