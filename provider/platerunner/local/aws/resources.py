"""What an account needs before the first job: roles, compute environments, queues, a log group, a bucket, images."""

import json
from dataclasses import dataclass
from typing import Any

from moto.batch.models import batch_backends
from moto.ec2.models import ec2_backends
from moto.ecr.models import ecr_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from platerunner.local.aws.images import LocalImages
from platerunner.local.aws.names import ARRIVALS, BUCKET, LOG_GROUP, QUEUES, ROLES, Account
from platerunner.local.jobs.scheduler import Capacity

TRUSTED = {"service": "batch.amazonaws.com", "job": "ecs-tasks.amazonaws.com", "execution": "ecs-tasks.amazonaws.com"}
PURPOSE = {"spot": "SPOT", "on_demand": "EC2"}


@dataclass(frozen=True, slots=True)
class Resources(Account):
    """All that an account has."""

    def create(self, capacity: Capacity, images: LocalImages) -> None:
        """Make everything.

        :param capacity: of the machine.
        """
        self._create_roles()
        self._create_queues(capacity)
        logs_backends[self.id][self.region].ensure_log_group(LOG_GROUP)
        s3_backends[self.id]["aws"].create_bucket(BUCKET, self.region)
        self._create_arrivals()
        self._push(images)

    def _create_roles(self) -> None:
        iam = iam_backends[self.id]["aws"]
        for purpose, name in ROLES.items():
            iam.create_role(name, _trust(TRUSTED[purpose]), "/", None, "", [], "3600")
        iam.create_instance_profile("platerunner-instance", "/", [], [])

    def _create_arrivals(self) -> None:
        sqs = sqs_backends[self.id][self.region]
        dead = sqs.create_queue(f"{ARRIVALS}-dead")
        policy = {"deadLetterTargetArn": dead.queue_arn, "maxReceiveCount": 100}
        sqs.create_queue(ARRIVALS, RedrivePolicy=json.dumps(policy))

    def _create_queues(self, capacity: Capacity) -> None:
        batch = batch_backends[self.id][self.region]
        ec2 = ec2_backends[self.id][self.region]
        subnets = list(ec2.get_default_subnets().values())
        group = ec2.get_security_group_from_name("default", subnets[0].vpc_id)
        for kind, name in QUEUES.items():
            resources: dict[str, Any] = {
                "type": PURPOSE[kind],
                "minvCpus": 0,
                "maxvCpus": int(capacity.vcpus),
                "desiredvCpus": 0,
                "instanceTypes": ["optimal"],
                "instanceRole": "platerunner-instance",
                "subnets": [subnet.id for subnet in subnets],
                "securityGroupIds": [group.id] if group else [],
            }
            environment = batch.create_compute_environment(name, "MANAGED", "ENABLED", resources, self.role("service"))
            order: list[dict[str, Any]] = [{"order": 1, "computeEnvironment": environment.arn}]
            batch.create_job_queue(name, 1, None, "ENABLED", order)  # type: ignore[arg-type]

    def _push(self, images: LocalImages) -> None:
        ecr = ecr_backends[self.id][self.region]
        for image in images.all:
            repository = f"platerunner/{image.name}"
            if repository not in ecr.repositories:
                ecr.create_repository(repository, None, {"encryptionType": "AES256"}, None, "MUTABLE", [])
            ecr.put_image(repository, image.manifest, image.tag, digest=image.digest)


def _trust(service: str) -> str:
    """A trust policy that lets a service of AWS take the role."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
