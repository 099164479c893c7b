"""`platerunner plan`: what it refuses, and what it says of files that nobody asked for or nobody finds."""

import boto3
import pytest
from tests.provider.engine.planning.s3 import s3_bucket
from typer.testing import CliRunner

from platerunner.cli import app

SPEC = """
version: 1
pipeline: files
workspace: "{{{{ workspace_root }}}}/files"
dataset:
  root: "{{{{ data_root }}}}"
  files: {{raw: {{path: "{path}", complete: [channel]}}}}
  where: {where}
defaults: {{image: base:latest}}
steps:
  copy:
    module: command
    foreach: [plate, well]
    inputs: {{raw: dataset.raw}}
    with: {{argv: [cp, "{{inputs.raw}}", "{{outputs.copy}}"]}}
    outputs: {{copy: "copy/{{plate}}/{{well}}.txt"}}
"""
PATH = "{plate}/{well:well96}_s{site:int}_{channel}.tif"


@pytest.fixture
def plan(tmp_path):
    def plan(keys, *args, path=PATH, where="{}"):
        for key in keys:
            (tmp_path / "data" / key).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / key).write_text("x")
        (tmp_path / "files.yaml").write_text(SPEC.format(path=path, where=where))
        roots = ["--data-root", str(tmp_path / "data"), "--workspace-root", str(tmp_path / "work")]
        done = CliRunner().invoke(app, ["plan", str(tmp_path / "files.yaml"), *roots, *args])
        return done.exit_code, done.stdout if done.exit_code == 0 else done.stderr

    return plan


def test_two_files_for_one_place_end_the_command(plan):
    code, said = plan(["P1/A01_s1_DNA.tif", "P1/a1_s1_DNA.tif"])
    assert code == 2
    assert "(plate P1, well A01, site 1, channel DNA): `P1/A01_s1_DNA.tif` and `P1/a1_s1_DNA.tif`" in said


def test_what_is_asked_for_hidden_or_left_over_is_told_once(plan):
    keys = ["P2/A01_s1_DNA.tif", "P2/._A01_s1_DNA.tif", "P2/A02_s1_DNA.tif", "P2/A03_s1_DNA.tiff", "P2/.DS_Store"]
    code, said = plan(keys, where="{plate: [P2, P3], well: [A1, A4]}")
    assert code == 0
    assert "copy: 0 done, 1 pending, 0 waiting, 0 excluded" in said
    assert "dataset.raw: `where` (line 8 of files.yaml) asks for plate P3" in said
    assert "dataset.raw: `where` (line 8 of files.yaml) asks for well A04" in said
    assert said.count("1 file matches no pattern of the dataset") == 1
    assert "such as `P2/A03_s1_DNA.tiff`" in said


@pytest.mark.parametrize(("asked", "code"), [('["P2","P3"]', 2), ('["P2"]', 0), ("", 0)])
def test_what_a_person_asks_for_by_a_param_has_to_be_there(plan, asked, code):
    where = '{plate: "{{ params.plates }}"}\nparams: {plates: {type: array, items: {type: string}, default: []}}'
    args = ["--param", f"plates={asked}"] if asked else []
    done, said = plan(["P2/A01_s1_DNA.tif"], *args, where=where)
    assert done == code
    if code:
        assert "dataset.raw: the run's params ask for plate P3: there is no such file." in said


@pytest.mark.parametrize("option", ["--only", "--rerun"])
def test_units_that_there_are_not_end_the_command(plan, option):
    code, said = plan(["P1/A01_s1_DNA.tif"], option, "well=Z9")
    assert code == 2
    assert f"{option[2:]}: `well=Z9` matches no unit; there are units such as plate=P1/well=A01" in said


def test_what_is_archived_is_told_with_its_size_before_anything_runs(tmp_path):
    (tmp_path / "files.yaml").write_text(SPEC.format(path=f"old/{PATH}", where="{}"))
    with s3_bucket() as bucket:
        for well, kind in (("A01", "GLACIER"), ("A02", "STANDARD")):
            key = f"old/P1/{well}_s1_DNA.tif"
            boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"12345", StorageClass=kind)
        roots = ["--data-root", f"s3://{bucket}", "--workspace-root", str(tmp_path / "work")]
        done = CliRunner().invoke(app, ["plan", str(tmp_path / "files.yaml"), *roots])
    assert done.exit_code == 0, done.output
    url = f"s3://{bucket}/old/P1/A01_s1_DNA.tif (5 bytes) is archived (GLACIER): restore it"
    assert "1 input file is archived (5 bytes) and must be restored; 1 unit will not be submitted" in done.stdout
    assert f"copy  pending  plate=P1/well=A01: {url}" in done.stdout
    assert "copy  pending  plate=P1/well=A02: new" in done.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--accept-failed", "well=A1"], "--accept-failed: only a run with --only leaves units out"),
        (["--only", "well=A1", "--accept-failed", "nowhere:well=A1"], "--accept-failed: "),
    ],
)
def test_failed_units_are_accepted_only_where_units_are_left_out(tmp_path, options, sentence):
    (tmp_path / "files.yaml").write_text(SPEC.format(path=PATH, where="{}"))
    done = CliRunner().invoke(app, ["run", str(tmp_path / "files.yaml"), "--local", *options])
    assert done.exit_code != 0
    assert sentence in " ".join(done.output.split())
