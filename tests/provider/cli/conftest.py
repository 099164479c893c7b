"""A bundle, and the bucket that it goes to."""

import boto3
import pytest
from moto import mock_aws

from platerunner.cli.mwaa.bundle_files import write_sums

FILES = {
    "plugins.zip": "zip",
    "requirements.txt": "obstore==0.12.1",
    "startup.sh": "export A=1",
    "dags/platerunner_dags.py": "load_dags()",
    "dags/dag_specs/demo.yaml": "pipeline: demo",
    "dags/dag_specs/pipelines/a.cppipe": "CellProfiler",
}


@pytest.fixture
def s3(monkeypatch):
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="airflow")
        client.put_bucket_versioning(Bucket="airflow", VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def made(tmp_path):
    for name, content in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    write_sums(tmp_path)
    return tmp_path
