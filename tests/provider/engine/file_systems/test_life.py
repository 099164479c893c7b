"""A run's file system on moto, which lacks links to buckets and the states of FSx; those come from here."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import botocore.client
import pytest
from moto import mock_aws

from platerunner.batch.model import PACE, BatchError
from platerunner.cli.aws import doctor_file_systems
from platerunner.cli.aws.doctor_checks import State
from platerunner.engine.connection import ConnectionProblem
from platerunner.engine.file_systems import life
from platerunner.engine.file_systems.life import RunStorage, services_of, wait_for
from platerunner.engine.planning.context import RunContext, RunOptions
from platerunner.engine.records.file_systems import load_file_system
from platerunner.engine.runs.direct import DirectRun
from platerunner.engine.runs.direct_access import DirectAccess
from platerunner.spec.loader import load_text
from platerunner.spec.model import Pipeline

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
params: {go: {type: boolean, default: true}}
storage: {kind: KIND, data: "{{ data_root }}/geno"}
dataset: {root: FOLDER, files: {raw: "{plate}.sh"}}
defaults: {image: "example.org/base@sha256:DIGEST"}
steps:
  work:
    module: command
    when: "{{ params.go }}"
    foreach: [plate]
    inputs: {tool: dataset.raw}
    with: {argv: [sh, "{inputs.tool}"]}
    outputs: {made: "{plate}.txt"}
""".replace("DIGEST", "0" * 64)
KINDS = ("fsx", "efs")


class Lab:
    """A network, a workspace, and what AWS says of Lustre."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.link, self.waits, self.links = folder, "AVAILABLE", 0, list[dict[str, Any]]()
        self.made = dict[str, datetime]()
        (folder / "data").mkdir()
        (folder / "data/P1.sh").write_text("true\n")
        ec2 = boto3.client("ec2", "us-east-1")
        network = ec2.describe_subnets()["Subnets"][:2]
        groups = [group["GroupId"] for group in ec2.describe_security_groups()["SecurityGroups"][:1]]
        self.extras: dict[str, Any] = {
            "queues": {"spot": "spot"}, "region": "us-east-1", "data_root": "s3://lab", "workspace_root": str(folder),
            "storage": {"subnets": [each["SubnetId"] for each in network], "security_groups": groups},
        }  # fmt: skip
        self._call = botocore.client.BaseClient._make_api_call
        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", lambda *args: self._answer(*args))

    def _answer(self, client: Any, operation: str, asked: dict[str, Any]) -> Any:
        if operation == "CreateDataRepositoryAssociation":
            self.links.append(asked)
            return {}
        if operation == "DescribeDataRepositoryAssociations":
            return {"Associations": [{"Lifecycle": self.link} for _ in self.links]}
        answer = self._call(client, operation, asked)
        if operation == "DescribeFileSystems":
            for each in answer["FileSystems"]:
                each.setdefault("LustreConfiguration", {})["MountName"] = "abc"
                each["CreationTime"] = self.made.setdefault(each["FileSystemId"], datetime.now(UTC))
        return answer

    def access(self, **changed: Any) -> DirectAccess:
        return DirectAccess({**self.extras, **changed})

    def pipeline(self, kind: str) -> Pipeline:
        return load_text(SPEC.replace("KIND", kind).replace("FOLDER", str(self.folder / "data")), Path("lab.yaml"))

    def storage(
        self, kind: str, access: DirectAccess | None = None, *, run: str = "r1", dry: bool = False, go: bool = True
    ) -> RunStorage:
        return RunStorage(access or self.access(), self.pipeline(kind), self.context(run, dry=dry, go=go))

    def context(self, run: str, *, dry: bool = False, go: bool = True) -> RunContext:
        return RunContext({"go": go}, "s3://lab", str(self.folder), run, "", options=RunOptions(dry_run=dry))

    def left(self, kind: str) -> list[str]:
        return [made.id for made in services_of(self.access())[kind].all()]

    def count(self, _seconds: float) -> None:
        self.waits += 1


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Lab(tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_made_once_mounted_and_deleted_with_nothing_left(lab, kind):
    storage = lab.storage(kind)
    wait_for(storage.set_up, lab.count)
    assert lab.waits >= 1, "AWS takes its time"
    (made,) = lab.left(kind)
    found = load_file_system(lab.access().storage(str(lab.folder)), "r1")
    assert (found.kind, found.id, found.data) == (kind, made, "s3://lab/geno")
    assert found.source == f"/fsx/{made}.abc" if kind == "fsx" else found.source.startswith("fsap-")
    wait_for(lab.storage(kind).set_up, lab.count)
    wait_for(lab.storage(kind, run="r2").set_up, lab.count)
    assert len(lab.left(kind)) == 2, "each run has one, and a task that is cleared none more"

    wait_for(storage.tear_down, lab.count)
    assert made not in lab.left(kind)
    assert len(lab.left(kind)) == 1, "another run's stays"
    assert load_file_system(lab.access().storage(str(lab.folder)), "r1") is None
    wait_for(storage.tear_down, lab.count)


@pytest.mark.slow
def test_the_bucket_is_linked_once_and_one_that_cannot_be_linked_is_deleted(lab):
    wait_for(lab.storage("fsx").set_up, lab.count)
    (link,) = lab.links
    assert (link["FileSystemPath"], link["DataRepositoryPath"]) == ("/data", "s3://lab/geno")
    lab.link = "MISCONFIGURED"
    with pytest.raises(BatchError, match="to s3://lab/geno is misconfigured"):
        wait_for(lab.storage("fsx", run="r2").set_up, lab.count)
    assert len(lab.left("fsx")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_has_no_use_for_one_makes_none(lab, kind, caplog):
    caplog.set_level("INFO", "platerunner")
    here = lab.access(endpoint_url="http://127.0.0.1:1")
    for storage in (lab.storage(kind, dry=True), lab.storage(kind, here)):
        assert (storage.set_up(), storage.tear_down()) == (None, None)
    lab.storage(kind, go=False).set_up()
    assert "nothing has to run" in caplog.text
    with pytest.raises(ConnectionProblem, match="fast_storage = true"):
        lab.storage(kind, lab.access(storage={})).set_up()
    assert lab.left(kind) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_fails_deletes_it_and_what_a_killed_one_left_is_found_and_deleted(lab, kind, monkeypatch, capsys):
    monkeypatch.setattr(life, "LOOK_S", 0.0)
    seen = list[int]()
    run = DirectRun(lab.access(), lab.pipeline(kind), lab.context("r1"), PACE)
    for event in run.events():
        if event["event"] == "failure":
            seen.append(len(lab.left(kind)))
    assert (event["state"], seen) == ("failed", [1]), (
        "there is no queue, so that its step fails while the file system is there"
    )
    assert lab.left(kind) == []

    wait_for(lab.storage(kind, run="r2").set_up, lab.count)
    monkeypatch.setattr(doctor_file_systems, "OLD_HOURS", -1.0)
    (warning,) = [f for check in doctor_file_systems.CHECKS for f in check.look(lab.access()) if f.state is State.WARN]
    assert f"of the run r2 in {lab.folder}" in warning.message
    monkeypatch.setattr(doctor_file_systems, "PAUSE_S", 0.0)
    doctor_file_systems.delete(lab.access(), warning.message.split()[-1])
    assert "is being deleted" in capsys.readouterr().out
    assert lab.left(kind) == []


@pytest.mark.slow
@pytest.mark.parametrize(("choice", "made"), [("Approve", [0, 1]), ("Reject", [0, 0])])
def test_none_is_made_before_somebody_has_approved_the_price_of_the_run(lab, choice, made, monkeypatch):
    monkeypatch.setattr(life, "LOOK_S", 0.0)
    spec = SPEC.replace("KIND", "efs").replace("FOLDER", str(lab.folder / "data"))
    pipeline = load_text(f"{spec}\nbudget: {{per_run: 5 USD}}\n", Path("lab.yaml"))
    run, seen = DirectRun(lab.access(), pipeline, lab.context("r1"), PACE), list[int]()
    for event in run.events():
        if event.get("states", {}).get("within-budget", {}).get("-1") == "awaiting_input" and not seen:
            seen.append(len(lab.left("efs")))
            run.answer("within-budget", -1, choice, "so be it")
        if event["event"] == "failure":
            seen.append(len(lab.left("efs")))
    assert seen[:2] == made
    assert lab.left("efs") == []
