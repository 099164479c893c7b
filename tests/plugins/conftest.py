"""The pages' app within Airflow's own API app: its login, its auth manager, a database of its own."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow import settings
from airflow.api_fastapi.app import create_app, get_auth_manager, purge_cached_app
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.configuration import conf
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.models.dagbundle import DagBundleModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.tasklog import LogTemplate
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from airflow.utils.types import DagRunTriggeredByType, DagRunType
from fastapi.testclient import TestClient
from sqlalchemy import select

from platerunner.render import build_dag
from platerunner.spec.loader import load_text
from platerunner_pages.known.workspaces import _hook

SECRET = "a secret of these tests, long enough for HMAC and what Airflow asks of it, 0123456789abcdef"
HIDDEN = "hidden"
"""A DAG that only admins may see."""


class OneDagForAdmins(SimpleAuthManager):
    """Airflow's simple auth manager, which knows no permissions per DAG, with one."""

    def is_authorized_dag(self, *, method: Any, user: Any, access_entity: Any = None, details: Any = None) -> bool:
        if details is not None and details.id == HIDDEN and not self._is_admin(user):
            return False
        return super().is_authorized_dag(method=method, user=user, access_entity=access_entity, details=details)


@dataclass
class Site:
    """The app, and what it shows."""

    app: Any
    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def client(self, role: str | None = "admin", name: str = "ada") -> TestClient:
        """A browser whose user is logged in by cookie, as Airflow's login does; None for nobody."""
        client = TestClient(self.app, base_url="http://airflow.test", follow_redirects=False)
        if role is not None:
            client.cookies.set(
                "_token", get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role.upper()))
            )
        return client

    def add(self, spec: str) -> str:
        """A pipeline as the DAG processor stores it; its id."""
        dag = build_dag(load_text(spec, self.folder / "spec.yaml"))
        with create_session() as session:
            session.merge(DagBundleModel(name="tests"))
            session.flush()
            lazy = LazyDeserializedDAG(data=DagSerialization.to_dict(dag))
            SerializedDAG.bulk_write_to_db("tests", None, [lazy], session=session)
            SerializedDagModel.write_dag(lazy, "tests", session=session)
        return dag.dag_id

    def start(self, dag_id: str, run_id: str = "run-1", conf: dict[str, Any] | None = None, **states: str) -> str:
        """A run whose tasks stand as given."""
        with create_session() as session:
            dag = SerializedDagModel.get_dag(dag_id, session=session)
            run = dag.create_dagrun(
                run_id=run_id, run_after=datetime.now(UTC), run_type=DagRunType.MANUAL, state=DagRunState.FAILED,
                triggered_by=DagRunTriggeredByType.TEST, conf=conf or {}, session=session,
            )  # fmt: skip
            for ti in run.get_task_instances(session=session):
                ti.state = states.get(ti.task_id)
        return run_id

    def expand(self, dag_id: str, task_id: str, states: Sequence[str]) -> None:
        """Tasks of a run's mapped task, as its scheduler makes them of a list."""
        with create_session() as session:
            [first] = session.scalars(select(TaskInstance).where(TaskInstance.task_id == task_id))
            task = SerializedDagModel.get_dag(dag_id, session=session).get_task(task_id)
            for index, state in enumerate(states[1:], 1):
                session.add(TaskInstance(task, first.dag_version_id, first.run_id, state, index))
            first.map_index, first.state = 0, states[0]


@pytest.fixture(scope="package")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Airflow's API app on an empty database."""
    folder = tmp_path_factory.mktemp("ui")
    database = f"sqlite:///{folder}/airflow.db"
    wanted = {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__CORE__AUTH_MANAGER": f"{__name__}.OneDagForAdmins",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__API_AUTH__JWT_SECRET": SECRET,
        "AIRFLOW__API__SECRET_KEY": SECRET,
    }
    with _environment(wanted):
        _connect()
        import_all_models()
        Base.metadata.create_all(settings.engine)
        # Airflow imports an auth manager by name; this module has one that it cannot find by it.
        getimport = conf.getimport
        conf.getimport = lambda section, key, **more: (
            OneDagForAdmins if key == "auth_manager" else getimport(section, key, **more)
        )
        purge_cached_app()
        yield create_app("core")
        conf.getimport = getimport
        purge_cached_app()
    _connect()
    DagSerialization._load_operator_extra_links = True  # Airflow's clearing leaves it off for the whole process


@pytest.fixture
def site(airflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    connection = '{"conn_type": "platerunner", "extra": {"queues": {"spot": "q"}, "region": "us-east-1"}}'
    monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", connection)
    monkeypatch.setenv("PLATERUNNER_DATA_ROOT", str(tmp_path / "data"))
    monkeypatch.setenv("PLATERUNNER_WORKSPACE_ROOT", str(tmp_path / "workspace"))
    _hook.cache_clear()
    _empty()
    yield Site(airflow, tmp_path)
    _hook.cache_clear()


def _connect() -> None:
    settings.dispose_orm()
    settings.configure_vars()
    settings.configure_orm()


def _empty() -> None:
    with create_session() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
        session.add(LogTemplate(filename="log", elasticsearch_id="log"))


@contextlib.contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
