import json

import pytest

from platerunner.engine.connection import ConnectionProblem
from platerunner.hooks.platerunner import PlaterunnerHook

EXTRA = {"queues": {"spot": "pr-spot"}, "region": "eu-west-1", "data_root": "s3://raw", "workspace_root": "s3://out"}


@pytest.fixture
def connection(monkeypatch):
    def set_connection(extra, conn_type="platerunner"):
        monkeypatch.setenv("AIRFLOW_CONN_PLATERUNNER", json.dumps({"conn_type": conn_type, "extra": extra}))

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("PLATERUNNER_DATA_ROOT", "PLATERUNNER_WORKSPACE_ROOT", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return set_connection


def test_a_connection_from_the_environment(connection):
    connection(EXTRA)
    hook = PlaterunnerHook()
    assert hook.settings.queue("spot") == "pr-spot"
    assert hook.region == "eu-west-1"
    assert hook.batch.meta.config.retries["mode"] == "adaptive"
    assert (hook.logs.meta.service_model.service_name, hook.ecr.meta.service_model.service_name) == ("logs", "ecr")


def test_roots_of_the_environment_go_first(connection, monkeypatch):
    connection(EXTRA)
    monkeypatch.setenv("PLATERUNNER_DATA_ROOT", "/plates")
    assert PlaterunnerHook().settings.data_root == "/plates"
    assert PlaterunnerHook().settings.workspace_root == "s3://out"


def test_a_missing_connection_says_how_to_make_one(monkeypatch):
    with pytest.raises(ConnectionProblem, match=r"there is no connection 'nowhere'; .*AIRFLOW_CONN_NOWHERE"):
        _ = PlaterunnerHook("nowhere").settings


def test_a_connection_of_another_type_is_refused(connection):
    connection(EXTRA, conn_type="aws")
    with pytest.raises(ConnectionProblem, match="of type 'aws'"):
        _ = PlaterunnerHook().settings


def test_credentials_of_an_aws_connection_are_used_by_both_apis(connection, monkeypatch):
    connection({**EXTRA, "aws_conn_id": "lab_aws"})
    aws = {"conn_type": "aws", "login": "AKIALAB", "password": "lab", "extra": {"endpoint_url": "http://127.0.0.1:8"}}
    monkeypatch.setenv("AIRFLOW_CONN_LAB_AWS", json.dumps(aws))
    hook = PlaterunnerHook()
    assert hook.session.get_credentials().access_key == "AKIALAB"
    assert hook.batch.meta.endpoint_url == "http://127.0.0.1:8"
    assert hook._storage_config()["access_key_id"] == "AKIALAB"
    assert hook._storage_config()["endpoint"] == "http://127.0.0.1:8"


def test_a_folder_needs_no_credentials(connection, tmp_path):
    connection(EXTRA)
    assert PlaterunnerHook().storage(str(tmp_path)).local == tmp_path
