"""A step whose raw files lie partly in an archive of S3."""

import boto3
import pytest
from tests.lab import GOOD
from tests.provider.engine.planning.s3 import s3_bucket

from platerunner.engine.planning.context import RunContext
from platerunner.engine.steps.digest import digest
from platerunner.engine.steps.stay import preview
from platerunner.engine.steps.step_run import StepRun
from platerunner.hooks.platerunner import PlaterunnerHook
from platerunner_unit.contract.category import Category
from platerunner_unit.contract.storage import Storage

A01 = "plate=P1/well=A01"


@pytest.fixture
def run_on_s3(lab, monkeypatch):
    """Makes the step's run, with its raw files in a bucket that moto serves and all else as it is."""
    with s3_bucket() as bucket:
        session = boto3.Session()
        s3 = session.client("s3")
        monkeypatch.setattr(PlaterunnerHook, "s3", s3)
        monkeypatch.setattr(PlaterunnerHook, "storage", lambda _self, url: Storage(url))

        def run() -> StepRun:
            made = lab.run()
            roots = {"data_root": f"s3://{bucket}", "workspace_root": str(lab.folder / "workspace")}
            return StepRun(made.scope.hook, made.scope.pipeline, "work", RunContext({}, **roots, run_id="run-1"))

        run.put = lambda well, kind: s3.put_object(
            Bucket=bucket, Key=f"P1/{well}.sh", Body=GOOD.encode(), StorageClass=kind
        )
        run.restore = lambda well: s3.restore_object(Bucket=bucket, Key=f"P1/{well}.sh", RestoreRequest={"Days": 1})
        run.bucket = bucket
        yield run


def submitted(run: StepRun) -> list[str]:
    return [str(unit) for submission in run.scope.state_file.load().submissions for unit in submission.units]


def test_units_whose_inputs_are_archived_fail_before_any_job_and_the_others_run(run_on_s3, caplog):
    run_on_s3.put("A01", "GLACIER")
    run_on_s3.put("A02", "STANDARD")
    run_on_s3().start()
    assert submitted(run_on_s3()) == ["plate=P1/well=A02"]
    result, failed = run_on_s3().finish()
    url = f"s3://{run_on_s3.bucket}/P1/A01.sh ({len(GOOD)} bytes) is archived (GLACIER): restore it"
    failed = [each for each in failed if each.unit == A01]  # the other's job runs on
    assert [each.category for each in failed] == [Category.INPUT_ARCHIVED]
    assert url in failed[0].sentence
    assert url in caplog.text
    said = "\n".join(digest(result, failed, ""))
    assert "1 x input_archived (scientist): Restore the objects named" in said
    run_on_s3().jobs.stop("the test is over")


@pytest.mark.slow
def test_if_all_is_archived_no_job_is_made_and_a_restored_file_runs_when_the_task_is_cleared(lab, run_on_s3):
    run_on_s3.put("A01", "DEEP_ARCHIVE")
    before = lab.aws.cloud.calls["batch.submitjob"]
    run_on_s3().start()
    assert run_on_s3().waiting_for() == []
    assert run_on_s3().collect() is False
    assert lab.aws.cloud.calls["batch.submitjob"] == before
    _, [failure] = run_on_s3().finish()
    assert (failure.category, failure.job_id) == (Category.INPUT_ARCHIVED, None)
    run_on_s3.restore("A01")
    run_on_s3().start()
    assert submitted(run_on_s3()) == [A01]
    assert run_on_s3().scope.state_file.load().made == {A01: 1}  # so that the job's outcome is the second attempt's
    run_on_s3().jobs.stop("the test is over")


def test_a_dry_run_tells_it_too(run_on_s3):
    run_on_s3.put("A01", "GLACIER")
    [unit] = preview(run_on_s3().scope)[0].units
    assert "is archived (GLACIER)" in str(unit.reason)
