"""Who a unit is: image, host, ECS task."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from tests.unit.telemetry.conftest import DIGEST, STEP, UNIT

from platerunner_unit.telemetry.ecs import ENDPOINT, task_attributes
from platerunner_unit.telemetry.resource import LONGEST, UnitNames, metric_attributes, resource_attributes

# As the documentation of the endpoint shows them, shortened.
CONTAINER = {
    "DockerId": "ea32192c8553fbff06c9340478a2ff089b2bb5646fb718b4ee206641c9086d66",
    "ImageID": "sha256:d691691e9652791a60114e67b365688d20d19940dde7c4736ea30e660d8d3553",
    "ContainerARN": "arn:aws:ecs:us-west-2:111122223333:container/0206b271-b33f-47ab-86c6-a0ba208a70a9",
    "LogDriver": "awslogs",
    "LogOptions": {
        "awslogs-group": "/aws/batch/job",
        "awslogs-region": "us-west-2",
        "awslogs-stream": "m/default/158d",
    },
}
TASK = {
    "Cluster": "default",
    "TaskARN": "arn:aws:ecs:us-west-2:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c",
    "Family": "measure",
    "Revision": "26",
    "AvailabilityZone": "us-west-2d",
    "LaunchType": "EC2",
}


@contextlib.contextmanager
def ecs_agent(**answers: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answers["task" if self.path.endswith("/task") else "container"]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class names it so)
            """Keep the test's output clean."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v4/ea32"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("image", "name", "tags"),
    [
        ("cellprofiler:4.2.8", "cellprofiler", ["4.2.8"]),
        ("registry.example:5000/lab/cp", "registry.example:5000/lab/cp", None),
        ("registry.example:5000/lab/cp:1", "registry.example:5000/lab/cp", ["1"]),
        (f"lab/cp:1@{DIGEST}", "lab/cp", ["1"]),
        ("", None, None),
    ],
)
def test_images_are_named_by_the_conventions(image: str, name: str | None, tags: list[str] | None) -> None:
    found = resource_attributes(UnitNames(replace(STEP, image=image, digest=None), UNIT, 1, None), {})
    assert (found.get("container.image.name"), found.get("container.image.tags")) == (name, tags)
    assert "oci.manifest.digest" not in found
    assert "platerunner.job_id" not in found


def test_a_plate_whose_name_is_long_does_not_swell_each_series() -> None:
    names = UnitNames(STEP, replace(UNIT, values={"plate": "P" * 10_000}), 1, None)
    assert {len(value) for value in metric_attributes(names, {}).values() if value[0] == "P"} == {LONGEST}


def test_two_attempts_are_two_instances() -> None:
    ids = {resource_attributes(UnitNames(STEP, UNIT, n, "j"), {})["service.instance.id"] for n in (1, 2)}
    assert len(ids) == 2


def test_the_ecs_task_is_described() -> None:
    with ecs_agent(container=CONTAINER, task=TASK) as url:
        found = task_attributes({ENDPOINT: url})
    assert found == {
        "cloud.provider": "aws",
        "cloud.platform": "aws_ecs",
        "cloud.region": "us-west-2",
        "cloud.account.id": "111122223333",
        "cloud.availability_zone": "us-west-2d",
        "cloud.resource_id": CONTAINER["ContainerARN"],
        "container.id": CONTAINER["DockerId"],
        "container.image.id": CONTAINER["ImageID"],
        "aws.ecs.cluster.arn": "arn:aws:ecs:us-west-2:111122223333:cluster/default",
        "aws.ecs.container.arn": CONTAINER["ContainerARN"],
        "aws.ecs.launchtype": "ec2",
        "aws.ecs.task.arn": TASK["TaskARN"],
        "aws.ecs.task.id": "158d1c8083dd49d6b527399fd6414f5c",
        "aws.ecs.task.family": "measure",
        "aws.ecs.task.revision": "26",
        "aws.log.group.names": ["/aws/batch/job"],
        "aws.log.stream.names": ["m/default/158d"],
    }


@pytest.mark.parametrize("answer", [[], {}, "text"])
def test_an_agent_that_answers_nonsense_costs_only_its_attributes(answer: Any) -> None:
    with ecs_agent(container=answer, task=answer) as url:
        assert task_attributes({ENDPOINT: url}) == {"cloud.provider": "aws", "cloud.platform": "aws_ecs"}


@pytest.mark.parametrize("environ", [{}, {ENDPOINT: ""}, {ENDPOINT: "file:///etc/passwd"}])
def test_outside_ecs_nothing_is_asked(environ: dict[str, str]) -> None:
    assert task_attributes(environ) == {}
