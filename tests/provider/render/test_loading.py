import gc
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow import settings
from airflow.dag_processing.collection import update_dag_parsing_results_in_db
from airflow.dag_processing.dagbag import BundleDagBag, DagBag
from airflow.dag_processing.manager import DagFileInfo, DagFileProcessorManager
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.errors import ParseImportError
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.file import list_py_file_paths
from airflow.utils.session import create_session
from sqlalchemy import select
from tests.embedded import TIMEOUT_S

from platerunner.documents import reader
from platerunner.render import BrokenSpecsError, load_dags, show_broken_specs

SPECS = Path(__file__).parents[3] / "dag_specs"
DAGS = Path(__file__).parents[3] / "dags"
DAG_FILE, BROKEN_FILE = DAGS / "platerunner_dags.py", DAGS / "platerunner_broken_specs.py"
SPEC = """
version: 1
pipeline: {name}
title: A pipeline
owner: tests
workspace: "{{{{ workspace_root }}}}/{name}"
dataset: {{root: "{{{{ data_root }}}}", files: {{raw: "{{well}}.txt"}}}}
steps:
  copy:
    module: command
    image: base:latest
    foreach: [well]
    inputs: {{raw: dataset.raw}}
    {key}: {{argv: [cp, "{{inputs.raw}}", "{{outputs.copy}}"]}}
    outputs: {{copy: "copy/{{well}}.txt"}}
"""


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two good specs, and one with a misspelt key on its last line but one."""
    folder = tmp_path / "dag_specs"
    folder.mkdir()
    for name, key in (("first", "with"), ("broken", "wiht"), ("second", "with")):
        (folder / f"{name}.yaml").write_text(SPEC.format(name=name, key=key).lstrip())
    monkeypatch.setenv("PLATERUNNER_DAG_SPECS", str(folder))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.delenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", raising=False)
    return folder


def test_a_broken_spec_hides_only_itself(specs):
    namespace = {}
    load_dags(specs, namespace)
    assert sorted(dag.dag_id for dag in namespace.values()) == ["first", "second"]
    assert gc.isenabled(), "the collector is off while specs are read, and only then"


def test_its_lines_are_the_import_error_of_a_file_that_has_no_dag(specs):
    assert sorted((bag := DagBag(DAG_FILE)).dag_ids) == ["first", "second"]
    assert bag.import_errors == {}
    bag = DagBag(BROKEN_FILE)
    assert bag.dag_ids == []
    [(file, message)] = bag.import_errors.items()
    assert file.endswith("platerunner_broken_specs.py")
    assert message.startswith(
        "platerunner.render.BrokenSpecsError: 1 of 3 specs is broken; the others load.\n\ndag_specs/broken.yaml\n"
    )
    assert "broken.yaml:13:5" in message
    assert "wiht" in message
    assert "Did you mean `with`?" in message
    assert "Traceback" not in message


def test_a_dag_file_without_that_file_beside_it_says_what_to_write(specs, tmp_path, caplog):
    lonely = tmp_path / "platerunner_dags.py"
    lonely.write_text(DAG_FILE.read_text())
    bag = DagBag(lonely)
    assert sorted(bag.dag_ids) == ["first", "second"]
    assert bag.import_errors == {}, "Airflow would take the other DAGs of the file for broken"
    assert "broken.yaml:13:5" in caplog.text
    assert f"write {tmp_path}/platerunner_broken_specs.py, which calls show_broken_specs" in caplog.text
    shutil.copy(BROKEN_FILE, tmp_path)
    caplog.clear()
    DagBag(lonely)
    assert "broken.yaml:13:5" in caplog.text
    assert "show_broken_specs" not in caplog.text


@pytest.mark.slow
def test_what_is_broken_is_said_where_airflow_collects_nothing(specs):
    with pytest.raises(BrokenSpecsError, match=r"dag_specs/broken\.yaml"):
        show_broken_specs(specs)
    run = subprocess.run([sys.executable, BROKEN_FILE], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "broken.yaml:13:5" in run.stderr


def test_nothing_is_said_when_nothing_is_broken(specs):
    (specs / "broken.yaml").unlink()
    assert DagBag(BROKEN_FILE).import_errors == {}


@pytest.mark.parametrize(
    "schedule", ['{on_upload: "s3://lab-in/{well}.txt"}', '{on_config: "s3://lab-in/"}', "{asset: made, by: well}"]
)
def test_the_dag_that_starts_a_specs_runs_comes_with_it(specs, schedule):
    head = f"params: {{well: {{type: string, required: true}}}}\nschedule: {schedule}\ndataset:"
    text = SPEC.format(name="third", key="with").lstrip().replace("dataset:", head)
    (specs / "broken.yaml").write_text(text)
    load_dags(specs, namespace := {})
    assert {"third", "third.launches"} <= {dag.dag_id for dag in namespace.values()}


def test_two_specs_of_one_name_are_an_error_of_the_second(specs):
    (specs / "third.yaml").write_text(SPEC.format(name="first", key="with").lstrip())
    assert sorted(DagBag(DAG_FILE).dag_ids) == ["first", "second"]
    [message] = DagBag(BROKEN_FILE).import_errors.values()
    assert "2 of 4 specs are broken" in message
    assert "pipeline `first` is also in dag_specs/first.yaml" in message


def test_it_stays_until_it_is_fixed_whatever_airflow_refreshes(specs, tmp_path, database):
    """Parse, refresh, parse, refresh, ... as the DAG processor does, with its own functions and database."""
    bundle = tmp_path / "dags"
    shutil.copytree(DAGS, bundle, ignore=shutil.ignore_patterns("__pycache__", "*chargeback*"))
    looks = []
    for moment in range(4):
        if moment == 3:
            (specs / "broken.yaml").write_text(SPEC.format(name="broken", key="with").lstrip())
        for file in sorted(bundle.glob("*.py")):
            parse(file, bundle)
            looks.append(seen())
        refresh(bundle)
        looks.append(seen())
    error = {"platerunner_broken_specs.py"}
    a_round = len(looks) // 4
    assert looks == [*[error] * 3 * a_round, *[set()] * a_round]
    with create_session() as session:
        dags = {dag.dag_id: (dag.is_stale, dag.has_import_errors) for dag in session.scalars(select(DagModel))}
    assert dags == dict.fromkeys(("first", "second", "broken"), (False, False))


def parse(file: Path, bundle: Path) -> None:
    """What the processor keeps of a parsed file."""
    bag = BundleDagBag(dag_folder=str(file), bundle_path=bundle, bundle_name="lab")
    dags = [LazyDeserializedDAG(data=DagSerialization.to_dict(dag)) for dag in bag.dags.values()]
    errors = {("lab", name): text for name, text in bag.import_errors.items()}
    with create_session() as session:
        update_dag_parsing_results_in_db(
            "lab", None, dags, errors, 0.0, set(), session, files_parsed={("lab", file.name)}
        )


def refresh(bundle: Path) -> None:
    """What the processor does with a bundle from time to time: it forgets errors of files that are none."""
    found = {
        DagFileInfo(rel_path=Path(each).relative_to(bundle), bundle_name="lab", bundle_path=bundle)
        for each in list_py_file_paths(bundle, safe_mode=True)
    }
    manager = DagFileProcessorManager(max_runs=1)
    with create_session() as session:
        manager.clear_orphaned_import_errors("lab", manager._get_observed_filelocs(found), session=session)


def seen() -> set[str]:
    with create_session() as session:
        return set(session.scalars(select(ParseImportError.filename)))


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database of Airflow's own, with a bundle."""
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{tmp_path}/airflow.db")
    connect()
    import_all_models()
    Base.metadata.create_all(settings.engine)
    with create_session() as session:
        session.add(DagBundleModel(name="lab"))
    yield
    monkeypatch.undo()
    connect()


def connect() -> None:
    settings.dispose_orm()
    settings.configure_vars()
    settings.configure_orm()


def test_a_task_reads_only_the_spec_of_its_dag(specs, monkeypatch):
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "second")
    namespace = {}
    load_dags(specs, namespace)
    assert [dag.dag_id for dag in namespace.values()] == ["second"]


def test_a_name_that_no_quick_look_finds_is_found_by_reading_all(specs, monkeypatch):
    text = (specs / "second.yaml").read_text()
    (specs / "second.yaml").write_text(text.replace("pipeline: second", "? pipeline\n: second"))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "second")
    namespace = {}
    load_dags(specs, namespace)
    assert "second" in {dag.dag_id for dag in namespace.values()}


def test_a_part_is_no_dag_and_a_task_reads_only_its_spec_and_the_parts_of_that(specs, monkeypatch):
    for name in ("first", "second"):
        text = (specs / f"{name}.yaml").read_text().replace("owner: tests", f"include: [_{name}.yaml]")
        (specs / f"{name}.yaml").write_text(text)
        (specs / f"_{name}.yaml").write_text(f"owner: {name}-lab\n")
    namespace = {}
    load_dags(specs, namespace)
    assert sorted(dag.dag_id for dag in namespace.values()) == ["first", "second"]
    read, opened = reader.read, []
    monkeypatch.setattr(reader, "read", lambda path: opened.append(path.name) or read(path))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "second")
    namespace = {}
    load_dags(specs, namespace)
    assert [dag.owner for dag in namespace.values()] == ["second-lab"]
    assert opened == ["second.yaml", "_second.yaml"]


def test_the_shipped_specs_load_without_any_error(monkeypatch):
    monkeypatch.delenv("PLATERUNNER_DAG_SPECS", raising=False)
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    bag = DagBag(DAG_FILE)
    assert bag.import_errors == {}
    assert {"demo", "illumination"} <= set(bag.dag_ids)


@pytest.mark.slow
@pytest.mark.airflow
def test_the_dag_processor_files_it_where_the_ui_and_the_command_look(specs, tmp_path):
    home = tmp_path / "airflow"
    # Without what tests before this one have set for an Airflow of their own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")} | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAG_FILE.parent),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }

    def airflow(*args: str) -> None:
        argv = [sys.executable, "-m", "airflow", *args]
        subprocess.run(argv, env=environment, check=True, capture_output=True, timeout=240)

    airflow("db", "migrate")
    airflow("dag-processor", "-n", "1")
    with sqlite3.connect(home / "airflow.db") as database:
        dags = database.execute("select dag_id, is_stale, has_import_errors from dag order by dag_id").fetchall()
        errors = database.execute("select filename, stacktrace from import_error").fetchall()
    assert dags == [("first", 0, 0), ("second", 0, 0)]
    [(name, message)] = errors
    assert name == "platerunner_broken_specs.py"
    assert "broken.yaml:13:5" in message


@pytest.mark.slow
@pytest.mark.parametrize("dag_id", ["", "second"])
def test_what_is_no_small_file_is_refused_before_it_is_read(specs, dag_id):
    """In a process of its own, which would wait forever for what a pipe has to say."""
    os.mkfifo(specs / "a_pipe.yaml")
    (specs / "a_device.yaml").symlink_to("/dev/zero")
    (specs / "a_folder.yaml").mkdir()
    (specs / "a_link.yaml").symlink_to("nowhere")
    with (specs / "a_large_file.yaml").open("wb") as large:
        large.truncate(100 << 20)
    code = (
        "import sys; from platerunner.render import load_dags; found = {}; load_dags(sys.argv[1], found); print(*found)"
    )
    environment = {**os.environ, "_AIRFLOW_PARSING_CONTEXT_DAG_ID": dag_id, "_AIRFLOW_PARSING_CONTEXT_TASK_ID": dag_id}
    done = subprocess.run(
        [sys.executable, "-c", code, specs],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    assert done.stdout.split()[-1] == "dag_second"
    if not dag_id:
        said = done.stdout + done.stderr
        assert "this is no regular file" in said
        assert "larger than 1 MiB" in said
