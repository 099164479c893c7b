"""`platerunner new lab`: a repository whose checks pass, and a newer template taken into one that people changed."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from platerunner.cli import app, lab

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = ROOT / ".github" / "workflows"
IDENTITY = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")


def invoke(*args):
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs") / "lab"
    done = invoke("new", "lab", folder, "--answer", "owner=imaging", "--answer", "repository=acme/platerunner")
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def repository(made, tmp_path):
    return shutil.copytree(made, tmp_path / "lab")


@pytest.fixture
def newer(monkeypatch, tmp_path):
    """The template of a later version: one file more, one less, and another first line in each of the others."""
    template = shutil.copytree(lab.TEMPLATE, tmp_path / "template")
    monkeypatch.setattr(lab, "TEMPLATE", template)
    files = template / "files"
    for path in (files / "Makefile", files / "README.md.jinja"):
        path.write_text("# Newer\n" + path.read_text().partition("\n")[2])
    (files / "new.txt.jinja").write_text("of [[ owner ]]\n")
    (files / ".vscode/extensions.json").unlink()
    return template


@pytest.mark.slow
def test_its_specs_and_modules_are_right(made, monkeypatch):
    monkeypatch.setenv("PLATERUNNER_CATALOG", str(made / "dag_specs/catalog"))
    done = invoke("validate", made / "dag_specs")
    assert (done.exit_code, done.stderr) == (0, "")


def test_no_question_is_left_in_a_file(made):
    texts = {
        path: path.read_text() for path in made.rglob("*") if path.is_file() and path.suffix not in (".tif", ".json")
    }
    assert [path for path, text in texts.items() if "[[ " in text or "[% " in text or path.suffix == ".jinja"] == []
    assert "owner: imaging" in texts[made / "dag_specs/hello.yaml"]


def test_its_workflow_calls_ours_with_the_inputs_that_they_take(made):
    jobs = yaml.safe_load((made / ".github/workflows/pipelines.yml").read_text())["jobs"]
    for job in jobs.values():
        name, _, tag = job["uses"].removeprefix("acme/platerunner/.github/workflows/").partition("@")
        assert tag == f"v{lab.version('airflow-provider-platerunner')}"
        called = yaml.safe_load((WORKFLOWS / name).read_text())
        taken = (called[True]["workflow_call"] or {}).get("inputs", {})  # YAML 1.1 reads `on` as true
        assert set(job.get("with", {})) == set(taken)
        needed = {key: value for each in called["jobs"].values() for key, value in each["permissions"].items()}
        assert needed == job["permissions"]
    assert [jobs["plan"]["needs"], jobs["dev"]["needs"], jobs["prod"]["needs"]] == ["check", "check", "dev"]


def test_reviews_are_made_where_the_lab_wants_them(made, repository):
    def asked():
        return yaml.safe_load((repository / ".github/workflows/pipelines.yml").read_text())["jobs"]["plan"]["with"][
            "review"
        ]

    assert (asked(), "--reviews" in (repository / "README.md").read_text()) == (False, False)
    assert invoke("new", "--update", repository, "--answer", "review=yes").exit_code == 0
    assert (asked(), "--reviews docs/reviews" in (repository / "README.md").read_text()) == (True, True)


def test_the_schemas_of_the_editor_are_there(made):
    settings = json.loads((made / ".vscode/settings.json").read_text())
    for path in settings["yaml.schemas"]:
        assert json.loads((made / path).read_text())["$schema"]


def test_a_folder_that_is_there_is_left_alone(made):
    before = {path: path.read_bytes() for path in made.rglob("*") if path.is_file()}
    done = invoke("new", "lab", made)
    assert (done.exit_code, "is there already" in done.stderr) == (2, True)
    assert {path: path.read_bytes() for path in made.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("owner", "write KEY=VALUE, where KEY is one of owner, repository, airflow, region, review"),
        ("team=x", "KEY is one of owner"),
        ("owner=two words", "Write a word of letters"),
        ("repository=acme", "Write ORGANISATION/NAME"),
        ("airflow=2.10.0", "airflow"),
        ("region=Frankfurt", "such as eu-central-1"),
        ("review=maybe", "review"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_nothing_is_written(tmp_path, answer, said):
    done = invoke("new", "lab", tmp_path / "lab", "--answer", answer)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
    assert not (tmp_path / "lab").exists()


def test_an_update_keeps_what_people_did_and_takes_what_is_new(repository, newer):
    spec, makefile = repository / "dag_specs/hello.yaml", repository / "Makefile"
    spec.write_text(spec.read_text().replace("min_area", "min_area") + "# ours\n")
    makefile.write_text(makefile.read_text() + "\nours:\n")
    (repository / ".pre-commit-config.yaml").unlink()
    done = invoke("new", "--update", repository)
    assert done.exit_code == 0, done.output
    assert spec.read_text().endswith("# ours\n")
    assert makefile.read_text().startswith("# Newer\n")
    assert makefile.read_text().endswith("\nours:\n")
    assert (repository / "README.md").read_text().startswith("# Newer\n")
    assert (repository / "new.txt").read_text() == "of imaging\n"
    assert not (repository / ".vscode/extensions.json").exists()
    assert not (repository / ".pre-commit-config.yaml").exists()
    again = invoke("new", "--update", repository)
    assert (again.exit_code, re.findall("^  ", again.stdout)) == (0, [])


def test_lines_that_both_changed_are_left_to_people(repository, newer):
    makefile = repository / "Makefile"
    makefile.write_text("# Ours\n" + makefile.read_text().partition("\n")[2])
    done = invoke("new", "lab", repository, "--update")
    assert (done.exit_code, "template changed Makefile: look for `<<<<<<<`" in done.stderr) == (1, True)
    assert makefile.read_text().startswith("<<<<<<< yours\n# Ours\n=======\n# Newer\n>>>>>>> template\n")


def test_a_file_that_is_not_the_templates_any_more_stays_where_people_changed_it(repository, newer):
    (repository / ".vscode/extensions.json").write_text("{}")
    assert invoke("new", "--update", repository).exit_code == 0
    assert (repository / ".vscode/extensions.json").read_text() == "{}"


def test_an_answer_can_be_changed_later(repository):
    assert invoke("new", "--update", repository, "--answer", "region=us-east-1").exit_code == 0
    assert "region: us-east-1" in (repository / ".github/workflows/pipelines.yml").read_text()
    assert "acme/platerunner" in (repository / ".github/workflows/pipelines.yml").read_text()


def test_an_update_that_was_killed_is_made_again(repository, newer, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(lab, "_put_record", die)
        invoke("new", "--update", repository)
    done = invoke("new", "--update", repository)
    assert done.exit_code == 0, done.output
    assert (repository / "Makefile").read_text().startswith("# Newer\n")


def test_changes_that_are_not_committed_are_not_mixed_with_the_templates(repository, newer):
    def git(*words):
        subprocess.run(["git", "-C", str(repository), *IDENTITY, *words], check=True, capture_output=True)

    git("init")
    git("add", "-A")
    git("commit", "-m", "first")
    (repository / "Makefile").write_text("ours:\n")
    done = invoke("new", "--update", repository)
    assert (done.exit_code, "commit or stash them" in done.stderr) == (2, True)
    assert (repository / "Makefile").read_text() == "ours:\n"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (None, "is not from the template"),
        ("{", "is damaged"),
        ('{"format": 1}', "is damaged"),
        ('{"format": 2, "version": "9.0"}', "written by Platerunner 9.0: install that or a newer one"),
    ],
)
def test_a_record_that_cannot_be_used_is_told_with_what_to_do(repository, record, said):
    path = repository / lab.RECORD
    path.unlink() if record is None else path.write_text(record)
    done = invoke("new", "--update", repository)
    assert (done.exit_code, said in done.stderr) == (2, True), done.output
