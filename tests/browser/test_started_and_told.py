"""What starts pipelines by itself, and who gets messages: real scheduler, triggerer, mail server; moto's S3 and SQS."""

import json
from typing import Any

import boto3
import httpx
from tests.browser.conftest import Site, trigger, wait_for
from tests.smtp_receiver import Receiver, text

BUCKET = "arriving"


def test_an_upload_starts_one_run_and_that_the_pipeline_that_follows(
    api: httpx.Client, site: Site, mails: Receiver
) -> None:
    folder = site.data / "uploaded"
    folder.mkdir(parents=True, exist_ok=True)
    for well in ("A01", "A02"):
        (folder / f"{well}.txt").write_text(well)
    s3 = client(site, "s3")
    tell_of_arrivals(site, s3)
    for number in range(12):
        s3.put_object(Bucket=BUCKET, Key=f"P1/{number}.tiff", Body=b"pixels")
    s3.put_object(Bucket=BUCKET, Key="P2/1.tiff", Body=b"pixels")

    (run,) = wait_for(lambda: ended(api, "uploaded"), 180)
    assert (run["state"], run["run_type"]) == ("success", "asset_triggered")
    (event,) = api.get(f"dags/uploaded/dagRuns/{run['dag_run_id']}/upstreamAssetEvents").json()["asset_events"]
    payload = event["extra"]["payload"]
    assert (payload["prefix"], payload["files"]) == ("s3://arriving/P1/", 12)

    (run,) = wait_for(lambda: ended(api, "follows"), 180)
    assert (run["state"], run["run_type"]) == ("success", "asset_triggered")
    assert sorted(path.name for path in (site.results / "follows/again").iterdir()) == ["A01.txt", "A02.txt"]
    (mail,) = wait_for(lambda: mails.about("follows: the run has ended in success"), 60)
    assert mail["to"] == "done@lab.example"
    assert run["dag_run_id"] in text(mail)
    assert len(ended(api, "uploaded")) == 1, "twelve files are one run"


def test_each_plate_that_is_done_starts_a_run_of_what_follows_while_others_still_run(
    api: httpx.Client, site: Site
) -> None:
    """By the partition keys of a real scheduler: P1 is profiled before P2 has ended, and P3, which fails, never."""
    for plate, script in (
        ("P1", "echo $0"),
        ("P2", f"until [ -e {site.data}/screened/go ]; do sleep 1; done"),
        ("P3", "exit 3"),
    ):
        folder = site.data / "screened" / plate
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "A01.sh").write_text(f'{script}\necho {plate} > "$1"\n')
    run = trigger(api, "screened")
    (first,) = wait_for(lambda: ended(api, "profiled"), 180)
    assert (first["state"], first["conf"]) == ("success", {"plate": "P1"})
    assert api.get(run).json()["state"] == "running", "P2 goes on"
    (site.data / "screened/go").touch()
    assert wait_for(lambda: api.get(run).json()["state"] in ("failed", "success") and api.get(run).json(), 180)
    runs = wait_for(lambda: len(found := ended(api, "profiled")) > 1 and found, 180)
    assert sorted(each["conf"]["plate"] for each in runs) == ["P1", "P2"]
    assert sorted(path.name for path in (site.results / "profiled/profiles").iterdir()) == ["P1.txt", "P2.txt"]


def test_what_fails_is_told_with_its_digest_and_what_is_late_too(
    api: httpx.Client, site: Site, mails: Receiver
) -> None:
    folder = site.data / "told"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "A01.sh").write_text("sleep 45; exit 3\n")
    run = trigger(api, "told")
    (late,) = wait_for(lambda: mails.about("told: the run is late"), 120)
    assert late["to"] == "late@lab.example"
    assert "It should have ended by" in text(late)
    (failed,) = wait_for(lambda: mails.about("told: fails has failed"), 180)
    assert failed["to"] == "oncall@lab.example"
    assert "1 of 1 units failed" in text(failed)
    assert "What to do:" in text(failed), "the digest"
    assert f"{site.address}/dags/told/runs/" in text(failed)
    assert wait_for(lambda: api.get(run).json()["state"] in ("failed", "success") and api.get(run).json()["state"], 60)
    assert "could not be sent by email" in log_of(api, run, "fails"), "a wrong connection is an error in the log"


def test_a_gate_that_asks_is_told(api: httpx.Client, site: Site, mails: Receiver) -> None:
    folder = site.data / "told"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "A01.sh").write_text('echo done > "$1"\n')
    trigger(api, "told")
    (mail,) = wait_for(lambda: mails.about("told: asks waits for an answer"), 180)
    assert "Shall it end?" in text(mail)


def client(site: Site, service: str) -> Any:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, "us-east-1", endpoint_url=site.cloud, **keys)


def tell_of_arrivals(site: Site, s3: Any, bucket: str = BUCKET) -> None:
    """As terraform/modules/events wires it: S3, EventBridge, the queue that the connection names."""
    s3.create_bucket(Bucket=bucket)
    on = {"EventBridgeConfiguration": {}}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=on)
    events = client(site, "events")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    arn = "arn:aws:sqs:us-east-1:123456789012:platerunner-arrivals"
    events.put_targets(Rule=bucket, Targets=[{"Id": "arrivals", "Arn": arn}])


def ended(api: httpx.Client, dag: str) -> list[dict[str, Any]]:
    runs = api.get(f"dags/{dag}/dagRuns").json()["dag_runs"]
    return runs if runs and all(run["state"] in ("success", "failed") for run in runs) else []


def log_of(api: httpx.Client, run: str, task: str) -> str:
    return "".join(api.get(f"{run}/taskInstances/{task}/logs/{n}", params={"full_content": True}).text for n in (1, 2))
