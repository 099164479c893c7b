"""A step whose raw files come back from an archive: what is asked for, once, what is waited for, what is refused."""

import logging
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_api import state_manager
from moto.s3.models import FakeKey
from tests.lab import GOOD
from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.engine import restores
from platerunner.engine.gates.answers import decide, take
from platerunner.engine.gates.budget_run import run_of_gate
from platerunner.engine.planning.archived import ArchivedFile
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.model import UnitState
from platerunner.engine.planning.restore_prices import price_of, restore_notes
from platerunner.engine.records.plans import recorded_plan
from platerunner.engine.records.restores import RestoreFile
from platerunner.engine.restores import RestoreRefusedError, request
from platerunner.engine.steps import restoring
from platerunner.engine.steps.endings import AwaitJobs, AwaitRestore, FailedError
from platerunner.engine.steps.stay import StepStay
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner.spec.build_steps import RESTORE_GATE
from platerunner.spec.dataset import Restore
from platerunner.spec.loader import load_text
from platerunner_unit.contract.storage import Storage

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
dataset:
  root: "{{ data_root }}"
  files: {raw: "{plate}/{well}.sh"}
  restore: RESTORE
steps:
  work:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [sh, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{plate}/{well}.txt"}
"""
log = logging.getLogger(__name__)
MANY = 120  # more than get a HEAD where nothing is restored


class Archive:
    """Raw files in a bucket that moto serves, in an archive whose restores end when the test says so."""

    def __init__(self, lab, bucket: str):
        self.lab, self.bucket, self.s3 = lab, bucket, boto3.client("s3")
        self.restore, self.asked = "{tier: bulk}", []
        self.s3.meta.events.register(
            "before-call.s3.RestoreObject", lambda params, **_: self.asked.append(params["url_path"])
        )

    def put(self, *wells: str, kind: str = "GLACIER") -> None:
        def one(well: str) -> None:
            self.s3.put_object(Bucket=self.bucket, Key=f"P1/{well}.sh", Body=GOOD.encode(), StorageClass=kind)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, wells))

    def run(self, run_id: str = "run-1") -> StepRun:
        pipeline = load_text(SPEC.replace("RESTORE", self.restore), self.lab.folder / "lab.yaml")
        roots = {"data_root": f"s3://{self.bucket}", "workspace_root": str(self.lab.folder / "workspace")}
        hook = PlaterunnerHook()
        hook.session = self.lab.aws.session
        return StepRun(hook, pipeline, "work", RunContext({}, **roots, run_id=run_id))

    def start(self, run_id: str = "run-1"):
        return StepStay(self.run(run_id), log, lambda _: {}).start()

    def arrive(self) -> None:
        state_manager.set_transition("s3::keyrestore", {"progression": "immediate"})


@pytest.fixture
def archive(lab, monkeypatch):
    with s3_bucket() as bucket:
        made = Archive(lab, bucket)
        monkeypatch.setattr(PlaterunnerHook, "s3", made.s3)
        monkeypatch.setattr(PlaterunnerHook, "storage", lambda _self, url: Storage(url))
        original = FakeKey.restore

        def begin(key: FakeKey, days: int) -> None:
            original(key, days)
            key.status = "IN_PROGRESS"

        monkeypatch.setattr(FakeKey, "restore", begin)
        state_manager.set_transition("s3::keyrestore", {"progression": "manual", "times": 10**9})  # until it arrives
        yield made
        state_manager.unset_transition("s3::keyrestore")


@pytest.mark.slow
def test_objects_are_asked_for_once_waited_for_and_read(archive, caplog):
    caplog.set_level(logging.INFO, log.name)
    archive.put(*(f"W{n:02}" for n in range(MANY)))
    first = archive.start()
    assert isinstance(first, AwaitRestore)
    assert (first.seconds, len(first.sample), len(archive.asked)) == (600.0, restoring.SAMPLE, MANY)
    assert not restores.are_there(archive.s3, first.sample)
    assert "WAITING for 120 archived objects" in caplog.text
    plan = recorded_plan(archive.run().scope.workspace, "run-1", "work")
    assert {str(unit.state) for unit in plan} == {"waiting"}
    assert isinstance(archive.start(), AwaitRestore)  # as when the task is cleared while it waits
    assert isinstance(archive.start("run-2"), AwaitRestore)  # and as another run
    assert len(archive.asked) == MANY
    archive.arrive()
    assert restores.are_there(archive.s3, first.sample)
    scope = archive.run().scope
    assert restoring.Restoring(scope, scope.pipeline.dataset.restore, log).look() is None
    assert "READY: what was archived is restored" in caplog.text
    assert scope.find_archived(scope.plan().of(UnitState.PENDING)) == {}
    kept = RestoreFile(scope.workspace, "run-1", "work").load()
    assert (len(kept), kept.tier) == (MANY, "bulk")


@pytest.mark.slow
def test_one_that_is_archived_among_others_is_enough_to_wait_and_then_all_run(archive):
    archive.put("A01", "A02", kind="STANDARD")
    archive.put("A03")
    assert isinstance(archive.start(), AwaitRestore)
    assert len(archive.asked) == 1
    archive.arrive()
    assert isinstance(archive.start(), AwaitJobs)
    assert sum(len(each.units) for each in archive.run().scope.state_file.load().submissions) == 3
    archive.run().jobs.stop("the test is over")


@pytest.mark.slow
def test_a_price_above_what_may_be_paid_is_asked_about_once(archive):
    archive.restore = "{tier: expedited, ask_above: 0.02 USD}"
    archive.put("A01", kind="GLACIER")
    run = archive.run()
    assert run.scope.step.needs == (RESTORE_GATE,)

    def gate():
        return run_of_gate(run.scope.hook, run.scope.pipeline, RESTORE_GATE, run.scope.context)

    assert "to restore 1 objects" in gate().passed()
    assert "0.01 USD of 0.02 USD" in gate().passed()
    archive.restore = "{tier: expedited, ask_above: 0.005 USD}"
    run = archive.run()
    assert gate().passed() == ""
    assert gate().ask().numbers["objects"] == 1
    answered = decide(gate(), "1", "ada", approved=True, comment="it is worth it", at="2026-11-30T10:00:00+00:00")
    assert take(gate(), answered) == ""
    assert gate().approval() is not None
    assert isinstance(archive.start(), AwaitRestore)
    assert gate().passed() == "nothing has to be restored from an archive"


def test_deep_archive_has_nothing_expedited(archive):
    archive.restore = "{tier: expedited}"
    archive.put("A01", kind="DEEP_ARCHIVE")
    with pytest.raises(FailedError, match="DEEP_ARCHIVE, which has no `tier: expedited`: write `tier: standard`"):
        archive.start()
    assert archive.asked == []


def test_what_takes_too_long_fails_and_a_cleared_task_waits_again_without_asking(archive, monkeypatch):
    archive.put("A01")
    archive.start()
    later = restoring.time.time() + 4 * 86400
    with monkeypatch.context() as patch:
        patch.setattr(restoring, "time", SimpleNamespace(time=lambda: later))
        with pytest.raises(FailedError, match="1 objects are still archived when `timeout`"):
            archive.start()
    assert isinstance(archive.start(), AwaitRestore)
    assert len(archive.asked) == 1


def test_what_was_archived_again_before_it_was_read_says_so_and_is_asked_for_again(archive):
    archive.put("A01")
    scope = archive.run().scope
    kept = RestoreFile(scope.workspace, "run-1", "work")
    kept.begin("bulk")
    kept.add([f"s3://{archive.bucket}/P1/A01.sh"])
    with pytest.raises(FailedError, match=r"archived again before they were read.*raise `days` \(7\)"):
        archive.start()
    assert isinstance(archive.start(), AwaitRestore)
    assert len(archive.asked) == 1


def refusing(*codes: str):
    """A client that refuses with one code after the other, and then takes the request."""
    left, asked = list(codes), []

    def restore_object(**options):
        asked.append(options)
        if left:
            raise ClientError({"Error": {"Code": left.pop(0), "Message": "no"}}, "RestoreObject")

    return SimpleNamespace(restore_object=restore_object, asked=asked)


FILE = ArchivedFile("s3://lab/P1/A01.tif", 10, "GLACIER")


@pytest.mark.parametrize("code", ["SlowDown", "ServiceUnavailable", "503", "InternalError"])
def test_a_busy_s3_is_asked_again(code, monkeypatch):
    monkeypatch.setattr(restores, "PAUSE_S", (0.0, 0.0))
    client = refusing(code, code)
    assert list(request(client, [FILE], Restore("bulk", 7, 60.0))) == [[FILE.url]]
    assert len(client.asked) == 3


@pytest.mark.parametrize("code", sorted(restores.FINE))
def test_what_somebody_asked_for_before_is_fine(code):
    assert list(request(refusing(code), [FILE], Restore("bulk", 7, 60.0))) == [[FILE.url]]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "let the role of the connection call s3:RestoreObject"),
        ("GlacierExpeditedRetrievalNotAvailable", "no capacity for `tier: expedited` now"),
        ("MethodNotAllowed", "cannot be restored"),
    ],
)
def test_what_s3_refuses_for_good_says_what_to_do(code, said):
    with pytest.raises(RestoreRefusedError, match=said):
        list(request(refusing(code), [FILE], Restore("expedited", 7, 60.0)))


def test_the_archive_tiers_of_intelligent_tiering_come_back_for_good():
    client = refusing()
    list(request(client, [ArchivedFile("s3://lab/a", 10, "ARCHIVE_ACCESS"), FILE], Restore("standard", 7, 60.0)))
    tiers = {asked["Key"]: asked["RestoreRequest"] for asked in client.asked}
    assert tiers["a"] == {"GlacierJobParameters": {"Tier": "Standard"}}
    assert tiers["P1/A01.tif"] == {"GlacierJobParameters": {"Tier": "Standard"}, "Days": 7}


def test_prices_are_the_lists():
    files = [ArchivedFile(f"s3://lab/{n}", 10**9, "DEEP_ARCHIVE") for n in range(1000)]
    # 1,000 requests, 1,000 GB, and 1,000 GB for 3 of 30 days.
    assert price_of(files, Restore("bulk", 3, 0.0)) == pytest.approx(0.025 + 2.5 + 2.3)
    (told,) = restore_notes("work", files, None)
    assert told.startswith(
        "work: to restore 1,000 GB for 7 days would take and cost, by the list price of us-east-1, as of "
    )
    assert "bulk 48 h and 7.89 USD; standard 12 h and 25.47 USD. Write `restore: {tier: bulk" in told
