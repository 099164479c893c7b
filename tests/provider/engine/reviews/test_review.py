"""`platerunner review`: which patterns are seen, what a plan of Terraform's answers, and who has to approve."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.engine.reviews import from_spec, from_stack
from platerunner.engine.reviews.patterns import known_patterns

ROOT = Path(__file__).resolve().parents[4]
PLAN = json.loads((ROOT / "tests/data/recorded/terraform_dev.json").read_text())
SPEC = """\
version: 1
pipeline: cells
workspace: "{{ workspace_root }}/cells"
dataset:
  root: "{{ data_root }}"
  files: {raw: {path: "{plate}/{well}.tif", complete: [well]}}
steps:
  project:
    module: imaging.project
    foreach: [plate, well]
    inputs: {images: dataset.raw}
    outputs: {projected: "flat/{plate}/{well}.tif"}
"""


@pytest.fixture
def review(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AIRFLOW_CONN_PLATERUNNER", raising=False)
    for well in ("A01", "A02"):
        (tmp_path / "P1").mkdir(exist_ok=True)
        (tmp_path / "P1" / f"{well}.tif").write_bytes(b"x")

    def review(spec=SPEC, plan=None, *words):
        (tmp_path / "cells.yaml").write_text(spec)
        if plan is not None:
            (tmp_path / "plan.json").write_text(json.dumps(plan))
            words = (*words, "--terraform", "plan.json")
        done = CliRunner().invoke(app, ["review", "cells.yaml", *words])
        record = tmp_path / "docs/reviews/cells.md"
        return done, record.read_text() if record.exists() else ""

    return review


def changed(kind, change):
    """The recorded plan, in which the first resource of a kind has other values."""
    plan = json.loads(json.dumps(PLAN))
    resources = plan["planned_values"]["root_module"]["child_modules"][0]["resources"]
    change(next(each for each in resources if each["type"] == f"aws_{kind}")["values"])
    return plan


def test_without_terraform_its_questions_stay_open_and_nothing_is_guessed(review):
    done, record = review()
    assert (done.exit_code, "Approved by its patterns." in done.stdout) == (0, True), done.output
    assert "open      Is all that is stored encrypted? (IT)" in done.stdout
    assert "- [ ] security: Is every bucket closed to the public? (IT)" in record
    assert "- units: project 2" in record


def test_a_plan_of_terraform_answers(review):
    _, record = review(SPEC, PLAN)
    assert "| Is all that is stored encrypted? | Every bucket encrypts what it stores (5 buckets). | good |" in record
    assert "`project` has 2 units of 1 vCPUs" in record
    assert "There is a budget of 600 USD, which closes the queues." in record
    assert "- [ ] security" not in record


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("s3_bucket_public_access_block", lambda v: v.update(block_public_acls=False), ": a block is off."),
        ("s3_bucket_server_side_encryption_configuration", lambda v: v.update(rule=[]), ": no encryption."),
        ("vpc_security_group_ingress_rule", lambda v: v.update(cidr_ipv4="0.0.0.0/0"), ": open to every address."),
        ("mwaa_environment", lambda v: v.update(webserver_access_mode="PUBLIC_ONLY"), "From the internet"),
        (
            "launch_template",
            lambda v: v["block_device_mappings"][0]["ebs"][0].update(encrypted="false"),
            ": not encrypted.",
        ),
        (
            "launch_template",
            lambda v: v["block_device_mappings"][0]["ebs"][0].update(volume_size=1),
            "`project`: more than the 1 GiB of the hosts.",
        ),
    ],
)
def test_what_a_stack_lacks_is_for_a_person_to_accept(review, kind, change, said):
    done, record = review(SPEC, changed(kind, change))
    assert (done.exit_code, said in done.stdout, said in record) == (1, True, True), done.output


PROGRAM = SPEC.replace("imaging.project", "python.script").replace(
    "    inputs:", "    image: imaging\n    with: {script: a.py}\n    inputs:"
)
FEATURES = {
    "own_programs": PROGRAM,
    "foreign_data": SPEC.replace('"{{ data_root }}"', "s3://somebody/s"),
    "special_hosts": f"{SPEC}    resources: {{pool: large}}\n",
}


@pytest.mark.parametrize("pattern", FEATURES)
def test_a_pattern_on_trial_needs_a_person_until_a_platform_approves_it(review, tmp_path, pattern):
    (tmp_path / "a.py").write_text("")
    done, record = review(FEATURES[pattern])
    title = known_patterns()[pattern].title
    assert (done.exit_code, f"pattern   {title}: trial" in done.stdout) == (1, True), done.output
    assert "- [ ] approved by" in record
    (tmp_path / "patterns.yaml").write_text(f"patterns: {{{pattern}: approved}}\n")
    done, _ = review(FEATURES[pattern], None, "--patterns", "patterns.yaml")
    assert done.exit_code == 0, done.output


def test_a_signature_stands_as_long_as_what_was_signed(review, tmp_path):
    spec = SPEC.replace("complete: [well]", "complete: []")
    _, record = review(spec)
    signed = record.replace("- [ ] approved by … on …", "- [x] approved by Ada on 2026-12-01")
    (tmp_path / "docs/reviews/cells.md").write_text(signed)
    assert (review(spec)[0].exit_code, review(spec)[1]) == (0, signed)
    done, record = review(spec.replace("flat/", "even/"))
    assert (done.exit_code, "Ada" in record) == (1, False)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("--terraform", "{}", "is no plan: make it by `terraform show -json plan > given`"),
        ("--patterns", "patterns: {own_program: approved}", "Did you mean `own_programs`?"),
        ("--patterns", "patterns: {split: fine}", "`split` is approved, trial or deprecated, not 'fine'"),
        ("--patterns", "own_programs", "write `patterns: {own_programs: approved}`"),
    ],
)
def test_a_file_that_is_none_is_told(review, tmp_path, name, text, said):
    (tmp_path / "given").write_text(text)
    done, record = review(SPEC, None, name, "given")
    assert (done.exit_code, said in done.stderr, record) == (2, True, ""), done.output


def test_every_shipped_spec_can_be_reviewed(review, tmp_path):
    shutil.copytree(ROOT / "dag_specs", tmp_path / "dag_specs")
    for spec in sorted((tmp_path / "dag_specs").glob("[!_]*.yaml")):
        done = CliRunner().invoke(app, ["review", str(spec), "--data-root", "s", "--workspace-root", "w"])
        assert done.exit_code in (0, 1), done.output
        assert "## Patterns" in (tmp_path / f"docs/reviews/{done.stdout.rpartition('/')[2].strip()}").read_text()


def test_whatever_has_an_answer_is_asked():
    asked = {question.name for pattern in known_patterns().values() for question in pattern.questions}
    assert {*from_spec.BY_QUESTION, *from_stack.BY_QUESTION} <= asked
