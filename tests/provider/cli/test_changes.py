"""`platerunner changes`: what a branch does to pipelines, as a pull request tells it."""

import subprocess

import pytest
from typer.testing import CliRunner

from platerunner.cli import app

SPEC = """version: 1
pipeline: NAME
title: A test
owner: tests
workspace: "{{ workspace_root }}/NAME"
dataset:
  root: "{{ data_root }}"
  files:
    raw: "{plate}/{well}.tif"
steps:
  measure:
    module: imaging.segment-measure
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    with: {nuclei: DNA, min_area: 30}
    outputs: {image: "out/{plate}/{well}.csv"}
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    monkeypatch.chdir(tmp_path)
    for well in ("A01", "A02"):
        (tmp_path / "data/P1").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"data/P1/{well}.tif").write_bytes(b"x")
    (tmp_path / "dag_specs").mkdir()
    (tmp_path / "dag_specs/one.yaml").write_text(SPEC.replace("NAME", "one"))
    (tmp_path / "dag_specs/two.yaml").write_text(SPEC.replace("NAME", "two"))
    identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
    for words in (["init"], ["add", "dag_specs"], [*identity, "commit", "-m", "first"]):
        subprocess.run(["git", *words], check=True, capture_output=True)
    return tmp_path


def changes(*args):
    return CliRunner().invoke(app, ["changes", "HEAD", *args, "--data-root", "data"])


def test_a_branch_that_changes_nothing_says_so(repository):
    done = changes()
    assert done.exit_code == 0, done.output
    assert "No spec of `dag_specs` differs" in done.stdout


def test_a_changed_spec_alone_is_planned_with_what_changed_and_what_it_costs(repository):
    spec = repository / "dag_specs/one.yaml"
    spec.write_text(spec.read_text().replace("min_area: 30", "min_area: 40"))
    said = changes().stdout
    assert said.startswith("<!-- platerunner changes -->\n")
    assert "### `dag_specs/one.yaml`\n" in said
    assert "two.yaml" not in said
    assert "| measure | 0 | 2 | 0 | 0 | 0 |" in said
    assert "- measure: parameter `min_area` 30 → 40" in said
    assert "| measure | 2 | 3 s |" in said


def test_new_gone_and_broken_specs_are_told_and_hide_no_other(repository):
    (repository / "dag_specs/three.yaml").write_text(SPEC.replace("NAME", "three"))
    (repository / "dag_specs/one.yaml").unlink()
    (repository / "dag_specs/two.yaml").write_text(SPEC.replace("NAME", "two").replace("segment-measure", "segment"))
    done = changes()
    assert done.exit_code == 0, done.output
    assert "### `dag_specs/three.yaml` (new)" in done.stdout
    assert (
        "It cannot be planned:\n\n```\ndag_specs/two.yaml:12:13: no module is called `imaging.segment`" in done.stdout
    )
    assert "`one.yaml` is gone" in done.stdout


def test_a_file_beside_the_specs_concerns_all_of_them(repository):
    (repository / "dag_specs/help.py").write_text("pass\n")
    said = changes().stdout
    assert "### `dag_specs/one.yaml`" in said
    assert "### `dag_specs/two.yaml`" in said


def test_a_folder_that_is_new_has_only_new_specs(repository):
    (repository / "more").mkdir()
    (repository / "more/three.yaml").write_text(SPEC.replace("NAME", "three"))
    assert "### `more/three.yaml` (new)" in changes("more").stdout


def test_what_git_does_not_know_ends_in_a_sentence(repository):
    done = CliRunner().invoke(app, ["changes", "nonesuch"])
    assert (done.exit_code, "Not a valid object name nonesuch" in done.stderr) == (2, True)


def test_changed_specs_are_reviewed_with_a_record_each_and_a_signed_one_counts(repository):
    spec, record = repository / "dag_specs/one.yaml", repository / "docs/reviews/one.md"
    spec.write_text(spec.read_text() + "  check: {gate: Fine?, show: {image: measure.image}}\n")
    assert "**Review**" not in changes().stdout
    assert not record.exists()
    said = changes("--reviews", "docs/reviews").stdout
    assert "**Review**: A person has to approve the answer to `" in said
    assert "\n- to accept: " in said
    assert "Record: `docs/reviews/one.md`." in said
    assert not (repository / "docs/reviews/two.md").exists()
    record.write_text(record.read_text().replace("- [ ] approved by … on …", "- [x] approved by Ada on 2026-12-01"))
    assert "**Review**: Signed in the record." in changes("--reviews", "docs/reviews").stdout
