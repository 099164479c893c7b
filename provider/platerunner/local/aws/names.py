"""What the embedded cloud's account and its resources are called; known before there is a cloud."""

from dataclasses import dataclass

LOG_GROUP = "/aws/batch/job"
BUCKET = "platerunner"
ARRIVALS = "platerunner-arrivals"
QUEUES = {"spot": "platerunner-spot", "on_demand": "platerunner-on-demand"}
ROLES = {"service": "platerunner-batch", "job": "platerunner-job", "execution": "platerunner-execution"}
ACCOUNT = "123456789012"
"""moto's own."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where the resources are.

    :param region: AWS region.
    """

    region: str
    id: str = ACCOUNT

    @property
    def registry(self) -> str:
        """The registry and the prefix of all images."""
        return f"{self.id}.dkr.ecr.{self.region}.amazonaws.com/platerunner"

    def role(self, purpose: str) -> str:
        """ARN of a role.

        :param purpose: ``service``, ``job`` or ``execution``.
        """
        return f"arn:aws:iam::{self.id}:role/{ROLES[purpose]}"

    def connection(self, endpoint: str) -> dict[str, object]:
        """Extras of the connection ``platerunner``: the names of what jobs need.

        :param endpoint: the cloud's address.
        """
        return {
            "endpoint_url": endpoint,
            "region": self.region,
            "queues": dict(QUEUES),
            "registry": self.registry,
            "log_group": LOG_GROUP,
            "bucket": BUCKET,
            "upload_queue": f"{endpoint}/{self.id}/{ARRIVALS}",
            "job_role": self.role("job"),
            "execution_role": self.role("execution"),
        }
