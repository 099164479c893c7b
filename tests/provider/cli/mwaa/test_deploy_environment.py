"""`platerunner deploy --environment`: MWAA is updated, waited for, and asked whether it took the bundle."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import boto3
import pytest
from botocore.stub import Stubber
from tests.provider.cli.mwaa.test_deploy import deploy, version

from platerunner.cli.mwaa import deploy_environment
from platerunner.cli.mwaa.bundle_files import write_sums

START = datetime(2026, 11, 1, tzinfo=UTC)
NAME = "lab"


@pytest.fixture
def mwaa(monkeypatch, s3):
    """MWAA as botocore checks it; moto has none."""
    client = boto3.client("mwaa")
    real = boto3.client
    monkeypatch.setattr(boto3, "client", lambda service, **options: client if service == "mwaa" else real(service))
    monkeypatch.setattr(deploy_environment, "LOOK_S", 0.0)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def environment(status="AVAILABLE", minutes=0, update="SUCCESS", error=None, **files):
    last = {"Status": update, "CreatedAt": START + timedelta(minutes=minutes)}
    if error:
        last["Error"] = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": error}
    own = {"Name": NAME, "Status": status, "SourceBucketArn": "arn:aws:s3:::airflow", "LastUpdate": last}
    return {"Environment": own | files}


def seen(mwaa, *answers):
    for answer in answers:
        mwaa.add_response("get_environment", answer, {"Name": NAME})


def files(s3):
    names = {"Plugins": "plugins.zip", "Requirements": "requirements.txt", "StartupScript": "startup.sh"}
    found = {}
    for kind, name in names.items():
        found |= {f"{kind}S3Path": name, f"{kind}S3ObjectVersion": version(s3, name)}
    return found


def told(mwaa, wanted):
    asked = {"Name": NAME, "WorkerReplacementStrategy": "GRACEFUL", **wanted}
    mwaa.add_response("update_environment", {"Arn": "arn:aws:airflow:us-east-1:1:environment/lab"}, asked)


def test_it_is_told_the_versions_and_waited_for_until_it_runs_with_them(mwaa, s3, made):
    deploy(made)
    wanted = files(s3)
    seen(mwaa, environment())
    told(mwaa, wanted)
    # The first look may come before MWAA has begun: AVAILABLE, with the update before.
    seen(mwaa, environment(), environment("UPDATING", 5, "PENDING"), environment("UPDATING", 5, "PENDING"))
    seen(mwaa, environment("AVAILABLE", 5, **wanted))
    said = deploy(made, "--environment", NAME)
    assert said.endswith("lab is AVAILABLE\nlab is UPDATING\nlab is AVAILABLE\n\nlab took the bundle.\n")


@pytest.mark.parametrize(
    ("access", "more", "refused"),
    [("PRIVATE_ONLY", "", True), ("PRIVATE_ONLY", "\n--no-index\n", False), ("PUBLIC_ONLY", "", False)],
)
def test_a_private_web_server_gets_no_bundle_that_asks_an_index(mwaa, s3, made, access, more, refused):
    requirements = made / "requirements.txt"
    requirements.write_text(requirements.read_text() + more)
    write_sums(made)
    deploy(made)
    seen(mwaa, environment(WebserverAccessMode=access, **files(s3)))
    said = deploy(made, "--environment", NAME, code=2 if refused else 0)
    private = (
        "its web server is private and reaches no package index: make the bundle by `platerunner bundle --offline`"
    )
    assert (private in said) == refused


def test_an_environment_that_has_the_versions_is_not_told_again(mwaa, s3, made):
    deploy(made)
    seen(mwaa, environment(**files(s3)))
    assert "lab has these versions already; it takes dags/ by itself." in deploy(made, "--environment", NAME)


def test_a_bundle_that_does_not_install_is_told_in_mwaas_words(mwaa, s3, made):
    deploy(made)
    seen(mwaa, environment())
    told(mwaa, files(s3))
    seen(mwaa, environment("ROLLING_BACK", 5, "FAILED"))
    seen(mwaa, environment("AVAILABLE", 5, "FAILED", error="No matching distribution\n for obstore==9."))
    said = deploy(made, "--environment", NAME, code=2)
    assert said == (
        "--environment lab: MWAA did not take the bundle and is AVAILABLE with the one before (No matching distribution"
        " for obstore==9): look at the scheduler's requirements_install log, fix the bundle, deploy again.\n"
    )


def test_versions_that_somebody_else_changed_meanwhile_are_named(mwaa, s3, made):
    deploy(made)
    wanted = files(s3)
    seen(mwaa, environment())
    told(mwaa, wanted)
    seen(mwaa, environment("AVAILABLE", 5, **wanted | {"PluginsS3ObjectVersion": "theirs"}))
    said = deploy(made, "--environment", NAME, code=2)
    assert "the update succeeded, yet plugins is of another version, so somebody else deployed meanwhile" in said


def test_waiting_has_an_end(mwaa, s3, made, monkeypatch):
    deploy(made)
    seen(mwaa, environment())
    told(mwaa, files(s3))
    seen(mwaa, environment("UPDATING", 5, "PENDING"), environment("UPDATING", 5, "PENDING"))
    clock = iter([0.0, 10.0, 61.0])
    slow = SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _: None)
    monkeypatch.setattr(deploy_environment, "time", slow)
    said = deploy(made, "--environment", NAME, "--wait", "1", code=2)
    assert "after 1 minutes it is still UPDATING" in said


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (environment("UPDATING"), "it is UPDATING and takes no update now: wait until it is AVAILABLE"),
        (
            environment(SourceBucketArn="arn:aws:s3:::other"),
            "it runs from the bucket other, not airflow: name --b",
        ),
    ],
)
def test_what_cannot_be_told_now_says_so(mwaa, made, answer, said):
    seen(mwaa, answer)
    assert said in deploy(made, "--environment", NAME, code=2)


@pytest.mark.slow
def test_an_environment_that_does_not_exist_is_one_sentence(mwaa, made):
    mwaa.add_client_error("get_environment", "ResourceNotFoundException", "Environment lab does not exist")
    said = deploy(made, "--environment", NAME, code=2)
    assert said.startswith(
        "--environment lab: Environment lab does not exist: correct the name, or be granted airflow:"
    )
    assert said.count("\n") == 1
