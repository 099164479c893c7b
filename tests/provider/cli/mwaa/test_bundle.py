"""`platerunner bundle`: what is in the folder, that it is the same each time, and what is said if there can be none.

uv is played here; scripts/test_bundle.sh makes real bundles and installs them into real Airflows.
"""

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from platerunner.cli import app
from platerunner.cli.mwaa.bundle_requirements import missing
from platerunner.cli.mwaa.bundle_source import BundleError, Checkout
from platerunner.spec.loader import load_pipeline

ROOT = Path(__file__).parents[4]
SPECS = ROOT / "dag_specs"
IMAGE = ["apache-airflow==3.3.1", "boto3==1.43.56", "typing-extensions==4.15.0"]
WHEELS = {
    "airflow-plugin-platerunner": "airflow_plugin_platerunner-0.1.0-py3-none-any.whl",
    "airflow-provider-platerunner": "airflow_provider_platerunner-0.1.0-py3-none-any.whl",
    "platerunner-unit": "platerunner_unit-0.1.0-py3-none-any.whl",
}
OBSTORE = "obstore-0.12.1-cp311-abi3-manylinux_2_17_x86_64.whl"


class PlayedUv:
    """Answers as uv does, and remembers what it was asked."""

    def __init__(self):
        self.calls = []
        self.constraints = ""

    def run(self, _checkout, *args, stdin=None):
        words = [str(arg) for arg in args]
        self.calls.append(words)
        return getattr(self, f"_{words[0]}")(words)

    def _export(self, words):
        assert "--frozen" in words, "the lock is not to change"
        return "boto3==1.40.0\nobstore==0.12.1 ; python_version < '4'\ntyping-extensions==4.16.0\n"

    def _pip(self, words):
        if words[-1].endswith("image.in"):
            return "\n".join(IMAGE)
        self.constraints = Path(words[words.index("--constraints", words.index("--constraints") + 1) + 1]).read_text()
        return "\n".join([*IMAGE, "obstore==0.12.1"])

    def _build(self, words):
        name, folder = words[words.index("--package") + 1], Path(words[-1])
        folder.mkdir(exist_ok=True)
        (folder / WHEELS[name]).write_text(name)
        (folder / ".gitignore").write_text("*")

    def _tool(self, words):
        Path(words[words.index("--dest") + 1], OBSTORE).write_text("obstore")


@pytest.fixture
def uv(monkeypatch, tmp_path):
    played = PlayedUv()
    monkeypatch.setattr(Checkout, "run", lambda self, *args, **more: played.run(self, *args, **more))
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "uv")
    monkeypatch.chdir(tmp_path)
    return played


def bundle(*args, code=0):
    done = CliRunner().invoke(app, ["bundle", *map(str, args)])
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def names_in(archive):
    with zipfile.ZipFile(archive) as plugins:
        return plugins.namelist()


def test_a_bundle_is_what_terraform_uploads(uv, tmp_path):
    said = bundle("--specs", SPECS)
    made = tmp_path / "dist" / "mwaa"
    files = contents(made)
    beside = {f"dags/dag_specs/{path.relative_to(SPECS).as_posix()}" for path in SPECS.rglob("*") if path.is_file()}
    others = {"plugins.zip", "requirements.txt", "startup.sh", "SHA256SUMS"}
    others |= {f"dags/platerunner_{name}.py" for name in ("dags", "broken_specs", "chargeback", "ledger", "retention")}
    assert set(files) == beside | others
    assert names_in(made / "plugins.zip") == sorted([*WHEELS.values(), "constraints.txt"])
    pipelines = ", ".join(sorted(load_pipeline(path).name for path in SPECS.glob("[!_]*.yaml")))
    assert f"Airflow 3.3.1; pipelines {pipelines}; fetches obstore==0.12.1" in said
    assert [path.name for path in made.parent.iterdir()] == ["mwaa"], "nothing else is left behind"


def test_requirements_are_pins_under_the_constraints_and_our_wheels_by_path(uv, tmp_path):
    bundle("--specs", SPECS)
    lines = (tmp_path / "dist" / "mwaa" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "--constraint /usr/local/airflow/plugins/constraints.txt",
        "apache-airflow==3.3.1",
        "obstore==0.12.1",
        *(f"/usr/local/airflow/plugins/{wheel}" for wheel in WHEELS.values()),
    ]


def test_the_constraints_are_those_of_the_version(uv, tmp_path):
    bundle("--specs", SPECS, "--airflow", "3.2.1")
    with zipfile.ZipFile(tmp_path / "dist" / "mwaa" / "plugins.zip") as plugins:
        assert plugins.read("constraints.txt") == (ROOT / "constraints" / "mwaa-3.2.1.txt").read_bytes()


def test_what_the_constraints_do_not_name_is_as_in_the_lock_and_the_rest_is_theirs(uv):
    assert missing(Checkout.find(), "3.3.1") == ["obstore==0.12.1"]
    assert uv.constraints.splitlines() == ["apache-airflow==3.3.1", "obstore==0.12.1"]


def test_offline_asks_no_index_and_brings_every_wheel(uv, tmp_path):
    assert "brings obstore==0.12.1" in bundle("--specs", SPECS, "--offline")
    made = tmp_path / "dist" / "mwaa"
    text = (made / "requirements.txt").read_text()
    assert "--no-index\n--find-links /usr/local/airflow/plugins\n" in text
    assert OBSTORE in names_in(made / "plugins.zip")


def test_the_same_input_makes_the_same_bytes(uv, tmp_path):
    """Whatever the files' dates, and wherever the bundle goes; an older bundle is replaced."""
    specs = shutil.copytree(SPECS, tmp_path / "specs", copy_function=shutil.copyfile)
    bundle("--specs", SPECS, "--out", "one")
    (tmp_path / "one" / "dags" / "old.py").write_text("gone after the next")
    bundle("--specs", SPECS, "--out", "one")
    bundle("--specs", specs, "--out", "elsewhere/two")
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two")


def test_checksums_are_of_every_file_as_sha256sum_reads_them(uv, tmp_path):
    bundle("--specs", SPECS)
    files = contents(tmp_path / "dist" / "mwaa")
    sums = dict(reversed(line.split("  ")) for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_hidden_files_and_pythons_leftovers_stay_at_home(uv, tmp_path):
    specs = shutil.copytree(SPECS, tmp_path / "specs")
    (specs / ".env").write_text("TOKEN=1")
    (specs / "__pycache__").mkdir()
    (specs / "__pycache__" / "x.pyc").write_text("")
    bundle("--specs", specs)
    made = contents(tmp_path / "dist" / "mwaa")
    assert not [name for name in made if ".env" in name or "pycache" in name]


def test_the_startup_script_sets_what_every_deployment_needs(uv, tmp_path):
    bundle("--specs", SPECS)
    text = (tmp_path / "dist" / "mwaa" / "startup.sh").read_text()
    assert "export AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL=1\n" in text


def test_a_labs_own_catalog_goes_along_and_is_named(uv, tmp_path, monkeypatch):
    monkeypatch.setenv("PLATERUNNER_CATALOG", "")  # the command sets it for itself
    assert CliRunner().invoke(app, ["new", "lab", str(tmp_path / "lab")]).exit_code == 0
    bundle("--specs", tmp_path / "lab/dag_specs")
    made = tmp_path / "dist" / "mwaa"
    place = "/usr/local/airflow/dags/dag_specs/catalog"
    assert f"export PLATERUNNER_CATALOG={place}\n" in (made / "startup.sh").read_text()
    assert (made / "dags/dag_specs/catalog/lab.yaml").is_file()


def test_unknown_versions_are_refused_with_those_that_there_are(uv):
    said = bundle("--specs", SPECS, "--airflow", "3.0.6", code=2)
    assert said == "--airflow 3.0.6: MWAA's constraints are here for 3.2.1 and 3.3.1; name one of them.\n"


def test_without_specs_there_is_no_bundle(uv, tmp_path):
    assert "there is no such folder; name the one" in bundle(code=2)
    (tmp_path / "dag_specs").mkdir()
    assert "no spec there; write one" in bundle(code=2)
    assert not (tmp_path / "dist" / "mwaa").exists()


def test_a_broken_spec_is_not_shipped(uv, tmp_path):
    specs = shutil.copytree(SPECS, tmp_path / "specs")
    (specs / "demo.yaml").write_text("version: 1\npipelin: demo\n")
    assert "demo.yaml:2" in bundle("--specs", specs, code=2)


def test_two_pipelines_of_one_name_are_not_shipped(uv, tmp_path):
    specs = shutil.copytree(SPECS, tmp_path / "specs")
    shutil.copy(specs / "demo.yaml", specs / "demo2.yaml")
    assert "two pipelines are called demo; give one another name" in bundle("--specs", specs, code=2)


def test_files_that_do_not_go_along_are_missed_before_mwaa_misses_them(uv, tmp_path):
    specs = shutil.copytree(SPECS, tmp_path / "specs")
    shutil.move(specs / "pipelines", specs / ".pipelines")
    for spec in specs.glob("*.yaml"):
        spec.write_text(spec.read_text().replace("pipelines/", ".pipelines/"))
    said = bundle("--specs", specs, code=2)
    assert said.startswith(f"A spec names files that do not go along: move them into {specs}")
    assert ".pipelines/demo_illum_calc.cppipe" in said


def test_what_is_no_bundle_is_never_replaced(uv, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("three years")
    said = bundle("--specs", SPECS, "--out", "thesis", code=2)
    assert "what is there is no bundle, and stays" in said
    assert (tmp_path / "thesis" / "chapter.txt").exists()
    assert not uv.calls


def test_an_installed_copy_says_that_it_needs_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "platerunner.cli.mwaa.bundle_source.__file__", str(tmp_path / "site-packages/platerunner/cli/x.py")
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BundleError, match="run the command in a checkout of the repository"):
        Checkout.find()


def test_uv_in_the_checkouts_tools_is_found_and_its_absence_told(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name, path=None: path and f"{path}/uv")
    assert Checkout.find().uv == str(ROOT / ".tools" / "bin" / "uv")
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(BundleError, match="run `make bundle`, which fetches it"):
        Checkout.find()


def test_uvs_own_last_words_are_shown(tmp_path):
    broken = tmp_path / "uv"
    broken.write_text("#!/bin/sh\necho 'no solution: boto3>=9' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(BundleError, match=r"`uv pip compile` failed; .*\nno solution: boto3>=9"):
        Checkout(ROOT, str(broken)).run("pip", "compile")
