"""Wells marked as bad from the command line, as on a gate's page."""

import getpass

import pytest
from tests.provider.engine.planning.lab import Lab
from tests.provider.engine.planning.test_marked import GATED
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.engine.records.marks import load_marks

A02 = {"plate": "P1", "well": "A02"}


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Two plates whose wells have come to the gate."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    lab = Lab(tmp_path, GATED)
    lab.shoot(plates=["P1", "P2"])
    for step in ("illum_calc", "illum_apply"):
        lab.run_step(step)
    (tmp_path / "lab.yaml").write_text(GATED)
    return lab


def invoke(command, *args, code=0):
    roots = ["--data-root", "images", "--workspace-root", "work"]
    done = CliRunner().invoke(app, [command, "lab.yaml", *args, *roots])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def test_a_well_is_marked_taken_back_and_left_out_in_between(lab):
    lab.run_step("spread")
    said = invoke("mark", "check", "plate=P1", "well=a2", "--because", "out of\nfocus")
    assert said.startswith("1 well marked: steps after the gate leave them out.\nP1 A02  out of focus (")
    (mark,) = load_marks(lab.workspace, "check")
    assert (mark.where, mark.because, mark.by, mark.bad) == (A02, "out of focus", getpass.getuser(), True)
    excluded = f"excluded: out of focus (marked at the gate check by {mark.by})\n"
    assert invoke("explain", "measure", "plate=P1/well=A02") == f"plate=P1/well=A02  {excluded}"
    assert "P1_A02_s1_CorrDNA.tiff is no input any more\n" in invoke("explain", "spread", "plate=P1")
    assert invoke("mark", "check", "plate=P2/well=A01,A02", "--because", "empty").count("\n") == 4
    assert invoke("mark", "check").splitlines()[0].startswith("P1 A02  out of focus")
    assert "P1" not in invoke("mark", "check", "plate=P1", "well=A02", "--take-back", "--because", "looked again")
    assert {each.where["plate"] for each in load_marks(lab.workspace, "check")} == {"P2"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["chekc", "well=A02", "--because", "x"], "lab has no gate `chekc`. Did you mean `check`?"),
        (["check", "plate=P1", "well=A02"], "say why with --because"),
        (["check", "well=A02", "--because", "x"], "no step before check has a unit of well=A02 on record in "),
        (["check", "plate=P1", "well=H12", "--because", "x"], "a unit of plate=P1 well=H12 on record in "),
        (["check", "row=1", "--because", "x"], "`row=1` names no well; write it like `plate=P1 well=B03`"),
        (["check", "--take-back"], "which wells? write it like `plate=P1 well=B03`"),
    ],
)
def test_what_names_no_well_or_gives_no_reason_marks_nothing(lab, words, said):
    assert said in invoke("mark", *words, code=2)
    assert load_marks(lab.workspace, "check") == []


def test_an_approvers_gate_takes_marks_of_approvers_alone(lab):
    spec = GATED.replace("gate: Sharp?", "gate: Sharp?\n    approvers: [leads]")
    (lab.folder / "lab.yaml").write_text(spec)
    told = invoke("mark", "check", "plate=P1", "well=A02", "--because", "x", code=2).splitlines()
    assert told[-1] == f"{getpass.getuser()} is no approver of check; ask one: leads"
