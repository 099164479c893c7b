"""The embedded cloud for tests: boto3 against it, and real processes behind it."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from platerunner.local.aws.faults import Faults
from platerunner.local.cloud import Cloud

TIMEOUT_S = 120.0
"""Long, since the gate's lanes share two cores: only a test that fails waits for it."""


@dataclass
class Account:
    """A cloud, its clients, and short ways to what tests do all the time."""

    cloud: Cloud
    batch: Any
    logs: Any
    ecr: Any

    @cached_property
    def session(self) -> boto3.Session:
        """One for all who ask often: to make it takes ten times as long as to make a client of it."""
        return boto3.Session("testing", "testing", region_name="us-east-1")

    @property
    def spot(self) -> str:
        return self.cloud.connection()["queues"]["spot"]

    @property
    def on_demand(self) -> str:
        return self.cloud.connection()["queues"]["on_demand"]

    def client(self, service: str, **options: Any) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(service, region_name="us-east-1", endpoint_url=self.cloud.endpoint, **keys, **options)

    def define(self, name: str = "definition", image: str = "base:latest", **properties: Any) -> str:
        container = {
            "image": image,
            "command": ["true"],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}],
            **properties.pop("container", {}),
        }
        answer = self.batch.register_job_definition(
            jobDefinitionName=name, type="container", containerProperties=container, **properties
        )
        return answer["jobDefinitionArn"]

    def submit(self, command: Sequence[str] = (), *, size: int | None = None, **options: Any) -> str:
        overrides = {"command": list(command)} if command else {}
        overrides |= options.pop("overrides", {})
        if size is not None:
            options["arrayProperties"] = {"size": size}
        options.setdefault("jobQueue", self.spot)
        options.setdefault("jobName", "job")
        if "jobDefinition" not in options:
            options["jobDefinition"] = self.define()
        return self.batch.submit_job(containerOverrides=overrides, **options)["jobId"]

    def job(self, job_id: str) -> dict[str, Any]:
        return self.batch.describe_jobs(jobs=[job_id])["jobs"][0]

    def wait(self, job_id: str, *statuses: str) -> dict[str, Any]:
        """Wait for one of the statuses, or for the end."""
        wanted = statuses or ("SUCCEEDED", "FAILED")
        return wait_for(lambda: (job := self.job(job_id))["status"] in wanted and job)

    def run(self, command: Sequence[str] = (), **options: Any) -> dict[str, Any]:
        return self.wait(self.submit(command, **options))

    def log(self, job: dict[str, Any]) -> list[str]:
        answer = self.logs.get_log_events(
            logGroupName="/aws/batch/job", logStreamName=job["container"]["logStreamName"], startFromHead=True
        )
        return [event["message"] for event in answer["events"]]


def wait_for(condition: Callable[[], Any], timeout: float = TIMEOUT_S, pause: float = 0.03) -> Any:
    """The condition's first true value; ``pause`` is the time between two looks, in seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(pause)
    raise AssertionError(f"not true within {timeout} s: {condition}")


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def embedded(**options: Any) -> Iterator[Account]:
    """A running cloud with short timeouts allowed."""
    before = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AWS_")}
    try:
        with Cloud(**{"cores": 4, "min_timeout": 1, "faults": Faults(), **options}) as cloud:
            account = Account(cloud, None, None, None)
            plain = Config(retries={"mode": "standard", "total_max_attempts": 1})
            account.batch = account.client("batch", config=plain)
            account.logs, account.ecr = account.client("logs"), account.client("ecr")
            yield account
    finally:
        os.environ.update(before)
