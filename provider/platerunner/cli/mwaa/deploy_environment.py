"""Points an MWAA environment to a bundle, and tells whether the environment took it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from platerunner.cli.mwaa.bundle_source import BundleError

if TYPE_CHECKING:
    from mypy_boto3_mwaa import MWAAClient

KINDS = ("Plugins", "Requirements", "StartupScript")
LOOK_S = 30.0
"""Between two looks at an environment that changes: an update takes 20 to 40 minutes."""
READY = frozenset({"AVAILABLE", "MAINTENANCE"})
BROKEN = frozenset({"CREATE_FAILED", "UPDATE_FAILED", "DELETING", "DELETED", "UNAVAILABLE"})
NEEDED = "airflow:GetEnvironment and airflow:UpdateEnvironment"
Environment = Mapping[str, Any]


def tell(
    name: str, bucket: str, wanted: Mapping[str, str], wait_s: float, say: Callable[[str], None], *, offline: bool
) -> bool:
    """Tell an environment of the uploaded files, and wait until it runs with them.

    :param name: of the environment.
    :param bucket: that the files are in.
    :param wanted: UpdateEnvironment's ``PluginsS3Path``, ``PluginsS3ObjectVersion`` and so on.
    :param wait_s: seconds to wait at most.
    :param say: gets a line for each change of its status.
    :param offline: whether all wheels are in the bundle.
    :returns: whether there was anything to tell.
    :raises BundleError: if it did not take them; the message is what MWAA says.
    """
    with _told(name):
        import boto3  # slow, and few commands need it

        mwaa = boto3.client("mwaa")
        before = _get(mwaa, name)
        _check(name, bucket, before, offline=offline)
        if not _differences(before, wanted):
            return False
        # As Terraform does it: workers finish what they run before they are replaced.
        mwaa.update_environment(Name=name, WorkerReplacementStrategy="GRACEFUL", **cast("Any", wanted))
        after = _settled(mwaa, name, _updated_at(before), wait_s, say)
    _judge(name, after, wanted)
    return True


def _get(mwaa: "MWAAClient", name: str) -> Environment:
    return mwaa.get_environment(Name=name)["Environment"]


def _check(name: str, bucket: str, environment: Environment, *, offline: bool) -> None:
    own = environment["SourceBucketArn"].rpartition(":")[2]
    if own != bucket:
        raise BundleError(f"--environment {name}: it runs from the bucket {own}, not {bucket}: name --bucket {own}.")
    # Else MWAA waits for PyPI, and ends with the bundle before.
    # Source: https://docs.aws.amazon.com/mwaa/latest/userguide/configuring-networking.html
    if environment.get("WebserverAccessMode") == "PRIVATE_ONLY" and not offline:
        raise BundleError(
            f"--environment {name}: its web server is private and reaches no package index: make the bundle by"
            " `platerunner bundle --offline`, which brings all wheels, and deploy that."
        )
    if environment["Status"] not in READY:
        raise BundleError(
            f"--environment {name}: it is {environment['Status']} and takes no update now: wait until it is AVAILABLE,"
            " and run this again."
        )


def _settled(mwaa: "MWAAClient", name: str, before: object, wait_s: float, say: Callable[[str], None]) -> Environment:
    """The environment when its update is over, whichever way."""
    deadline, said = time.monotonic() + wait_s, ""
    while True:
        environment = _get(mwaa, name)
        status = environment["Status"]
        if status != said:
            said = status
            say(f"{name} is {status}")
        # AVAILABLE alone may be the state before; and after a failure it is the old version that is available.
        begun = _updated_at(environment) != before
        over = environment.get("LastUpdate", {}).get("Status") in ("SUCCESS", "FAILED")
        if status in BROKEN or (begun and over and status in READY):
            return environment
        if time.monotonic() > deadline:
            raise BundleError(
                f"--environment {name}: after {wait_s / 60:.0f} minutes it is still {status}: look at its page in the"
                " MWAA console, or run this again to go on waiting."
            )
        time.sleep(LOOK_S)


def _updated_at(environment: Environment) -> object:
    return environment.get("LastUpdate", {}).get("CreatedAt")


def _judge(name: str, environment: Environment, wanted: Mapping[str, str]) -> None:
    """Say whether the bundle is what now runs."""
    update = environment.get("LastUpdate", {})
    if update.get("Status") != "SUCCESS" or environment["Status"] in BROKEN:
        error = update.get("Error", {})
        why = " ".join(str(error.get("ErrorMessage") or error.get("ErrorCode") or "MWAA gives no reason").split())
        raise BundleError(
            f"--environment {name}: MWAA did not take the bundle and is {environment['Status']} with the one before"
            f" ({why.rstrip('.')}): look at the scheduler's requirements_install log, fix the bundle, deploy again."
        )
    if other := _differences(environment, wanted):
        raise BundleError(
            f"--environment {name}: the update succeeded, yet {', '.join(other)} is of another version, so somebody"
            " else deployed meanwhile: agree who does, and deploy again."
        )


def _differences(environment: Environment, wanted: Mapping[str, str]) -> list[str]:
    """Files, by MWAA's names for them, that the environment has otherwise."""
    return [
        kind.lower()
        for kind in KINDS
        if any(environment.get(key) != value for key, value in wanted.items() if key.startswith(kind))
    ]


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Say what AWS refused in a sentence."""
    try:
        yield
    except ClientError as error:
        why = error.response["Error"].get("Message") or error.response["Error"]["Code"]
        raise BundleError(f"--environment {name}: {why}: correct the name, or be granted {NEEDED}.") from None
    except BotoCoreError as error:
        raise BundleError(f"--environment {name}: {error}: set AWS_PROFILE, or sign in (`aws sso login`).") from None
