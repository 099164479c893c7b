"""The commands that look: after a real run, they say what became of units, and what a change would make run."""

import json
import subprocess

import pytest
from tests import lab as labs
from tests.lab import GOOD, SPEC, aws, lab  # noqa: F401
from typer.testing import CliRunner

from platerunner.cli import app

FAILS = "echo 'ValueError: the threshold is negative'; exit 3\n"
A01 = "plate=P1/well=A01"


@pytest.fixture
def ran(lab, monkeypatch):  # noqa: F811
    """A run in which one of three wells failed; its spec is a file in a git repository."""
    monkeypatch.chdir(lab.folder)
    (lab.folder / "lab.yaml").write_text(SPEC.format(options=lab.options))
    git("init", "--quiet")
    git("add", "lab.yaml")
    git("commit", "--quiet", "--message", "first")
    lab.write(A01=GOOD, A02=FAILS, A10=GOOD)
    lab.to_the_end()
    return lab


def git(*args):
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@example.org"]
    subprocess.run(["git", *identity, *args], check=True)


def look(command, *args, spec="lab.yaml"):
    specs = [spec] if isinstance(spec, str) else spec
    roots = ["--data-root", "data", "--workspace-root", "workspace"]
    done = CliRunner().invoke(app, [command, *specs, *args, *roots])
    assert done.exit_code in (0, 2), done.output
    return done.stdout if done.exit_code == 0 else done.stderr


@pytest.mark.slow
def test_explain_tells_done_failed_and_new(ran):
    ran.write(A11=GOOD)
    said = look("explain", "work")
    assert f"{A01}  done: succeeded in run-1 on 20" in said
    assert "plate=P1/well=A02  pending: failed before: tool_error; it failed (tool_error) in run-1" in said
    ended = "The tool ended with exit code 3; the last that it said: ValueError: the threshold is negative."
    assert f"  {ended}\n  Read the line and the log above it; correct the command" in said
    assert "plate=P1/well=A11  pending: new" in said
    assert look("explain", "work", "well=A1*", "--first", "1").endswith(
        "and 1 more units; name one, or raise --first\n"
    )


def test_explain_names_what_changed(ran):
    ran.write(A01=GOOD + "# another content\n")
    said = look("explain", "work", "well=A01")
    assert f"{A01}  pending: changed since it succeeded in run-1" in said
    assert "input `raw`: P1/A01.sh changed (" in said

    spec = ran.folder / "lab.yaml"
    spec.write_text(spec.read_text().replace("[sh,", "[sh, -e,").replace("base:latest", "imaging:latest"))
    said = look("explain", "work", "well=A10")
    assert "  image sha256:" in said
    assert "  command `sh '{inputs.raw}' '{outputs.made}'` → `sh -e '{inputs.raw}' '{outputs.made}'`" in said

    (ran.folder / "workspace/made/P1/A10.txt").unlink()
    git("checkout", "--quiet", "lab.yaml")
    assert "pending: output made/P1/A10.txt is gone; it succeeded in run-1" in look("explain", "work", "well=A10")


def test_explain_of_what_there_is_not_says_what_there_is(ran):
    assert "Did you mean `work`?" in look("explain", "wrok")
    assert "work has no unit well=Z9" in look("explain", "work", "well=Z9")
    assert "write them as two: `work plate=P1`" in look("explain", "work:plate=P1")
    assert "write the step before it, such as `work plate=P1`" in look("explain", "plate=P1")
    assert "well=A02" in look("explain", "work", "plate=P1")


def test_units_are_lines_to_be_filtered(ran):
    assert look("units").splitlines() == [
        f"work  done  {A01}",
        "work  pending  plate=P1/well=A02  failed before: tool_error",
        "work  done  plate=P1/well=A10",
    ]
    [failed] = look("units", "work", "--state", "failed", "--json").splitlines()
    assert json.loads(failed)["values"] == {"plate": "P1", "well": "A02"}
    assert look("units", "--state", "broken") == "--state broken: there is done, pending, waiting, excluded, failed\n"


def test_logs_prints_the_log_and_nothing_else_to_stdout(ran):
    said = look("logs", "work", "well=A02")
    assert said.startswith("ValueError: the threshold is negative\n")
    assert len(look("logs", "work", "well=A02", "--lines", "1").splitlines()) == 1
    assert "is 3 units of work; name one of plate=P1/well=A01, plate=P1/well=A02" in look("logs", "work")
    assert "nothing is recorded of work well=Z9" in look("logs", "work", "well=Z9")
    assert "--attempt 7 is none of them" in look("logs", "work", "well=A02", "--attempt", "7")


def test_status_tells_each_step_of_the_last_run(ran):
    assert look("status") == "work  run-1  failed  3  2  1  1 tool_error, 2 succeeded\n"


def test_diff_counts_what_a_change_makes_run(ran):
    spec = ran.folder / "lab.yaml"
    assert look("diff", spec=["lab.yaml@HEAD", "lab.yaml"]).startswith("0 units that are done would run again")
    spec.write_text(spec.read_text().replace("[sh,", "[sh, -e,"))
    said = look("diff", spec=["lab.yaml@HEAD", "lab.yaml"])
    assert "work: 2 run again, 1 run anyway" in said
    assert f"run again: {A01}, plate=P1/well=A10" in said
    assert said.endswith("2 units that are done would run again, 0 units are new\n")


def test_diff_counts_the_reasons(ran):
    spec = ran.folder / "lab.yaml"
    changed = spec.read_text().replace("[sh,", "[sh, -e,")
    spec.write_text(f"{changed}\n    overrides:\n      - {{where: {{well: A01}}, image: imaging:latest}}\n")
    said = look("diff", spec=["lab.yaml@HEAD", "lab.yaml"])
    assert "  command `sh '{inputs.raw}' '{outputs.made}'` → `sh -e '{inputs.raw}' '{outputs.made}'`\n" in said
    (image,) = [line for line in said.splitlines() if line.startswith("  image ")]
    assert image.endswith(" (1 of 2 units)")


def test_explain_tells_a_name_that_was_corrected(lab, monkeypatch):  # noqa: F811
    monkeypatch.chdir(lab.folder)
    plates = SPEC.replace("foreach: [plate, well]", "foreach: [plate]").replace(
        "{{plate}}/{{well}}.txt", "{{plate}}.txt"
    )
    monkeypatch.setattr(labs, "SPEC", plates)
    lab.write(A01=GOOD)
    lab.to_the_end()
    text = plates.format(options=lab.options)
    (lab.folder / "lab.yaml").write_text(text)
    assert "plate=P1  done: " in look("explain", "work")
    named = '{path: "{plate}/{well}.sh", rename: {well: {A01: B01}}}'
    (lab.folder / "lab.yaml").write_text(text.replace('"{plate}/{well}.sh"', named))
    said = look("explain", "work")
    assert "plate=P1  pending: changed since it succeeded" in said
    assert "  input `raw`: P1/A01.sh goes by another well: what its name says → B01\n" in said


def test_plan_tells_an_exclusion_of_what_is_not_there(ran):
    spec = ran.folder / "lab.yaml"
    there = spec.read_text()
    line = there.splitlines().index("steps:") + 2
    spec.write_text(there.replace("steps:", "  exclude:\n    - {plate: P1, well: B09, because: bubble}\nsteps:"))
    assert f"  line {line} of lab.yaml excludes plate P1 well B09, which dataset.raw does not have." in look("plan")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "phrase"),
    [
        ("lab.yaml@nowhere", "lab.yaml@nowhere: fatal:"),
        ("lost.yaml", "lost.yaml is no file; write a spec's path, or path@revision"),
        ("lost.yaml@HEAD", "lost.yaml was not there at HEAD"),
    ],
)
def test_diff_of_what_is_not_there(ran, before, phrase):
    assert phrase in look("diff", spec=[before, "lab.yaml"])


@pytest.mark.slow
def test_graph_is_mermaid(ran):
    said = CliRunner().invoke(app, ["graph", "lab.yaml"]).stdout
    assert said.splitlines() == [
        "flowchart TD",
        '  dataset_raw[("raw")]',
        '  step_work["work<br>command<br>per plate, well"]',
        "  dataset_raw --> step_work",
    ]
