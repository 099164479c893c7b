"""The way to AWS and to the storages, with or without Airflow's connection."""

import os
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

from botocore.exceptions import BotoCoreError

from platerunner.batch.calls import S3_CONNECTIONS, client_config
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings
from platerunner_unit.contract.storage import Storage
from platerunner_unit.contract.stores.buckets import ANONYMOUS, config_for, role_of

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_batch import BatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_logs import CloudWatchLogsClient

_MAKING = threading.Lock()
"""A session makes one client at a time; clients themselves may be shared by threads."""
Service = Literal["batch", "logs", "ecr", "sts", "iam", "sqs", "s3", "ecs", "ec2", "pricing", "sns", "fsx", "efs"]
_FOR_PRICES = frozenset({"ecs", "ec2", "pricing"})
"""Services that a private network may not reach: no step waits long for a price."""
PRICE_LISTS = ("us-east-1", "eu-central-1", "ap-south-1")
"""Regions in which the Price List answers, for all regions.

Source: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-query-api.html
"""


class Access:
    """Clients and storages of one connection; Airflow's hook is one of its kinds."""

    conn_id: str
    own_cloud = False
    """Whether Batch is an embedded cloud that began and ends with this process: a job that it does not know is over."""

    @cached_property
    def settings(self) -> ConnectionSettings:
        """The connection's settings.

        :raises ConnectionProblem: if there is no such connection or it cannot be used.
        """
        raise NotImplementedError

    @cached_property
    def session(self) -> "boto3.Session":
        """A boto3 session with the connection's credentials and region."""
        raise NotImplementedError

    @cached_property
    def batch(self) -> "BatchClient":
        """Client for AWS Batch."""
        return cast("BatchClient", self._client("batch"))

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """Client for CloudWatch Logs."""
        return cast("CloudWatchLogsClient", self._client("logs"))

    @cached_property
    def ecr(self) -> "ECRClient":
        """Client for the container registry."""
        return cast("ECRClient", self._client("ecr"))

    @cached_property
    def sts(self) -> Any:
        """Client that says whose the credentials are."""
        return self._client("sts")

    @cached_property
    def iam(self) -> Any:
        """Client for roles."""
        return self._client("iam")

    @cached_property
    def sqs(self) -> Any:
        """Client for the queue of uploads."""
        return self._client("sqs")

    @cached_property
    def s3(self) -> Any:
        """Client for what a :class:`Storage` does not know of S3: which objects are archived."""
        return self._client("s3")

    @cached_property
    def ecs(self) -> Any:
        """Client that tells on which instances jobs ran."""
        return self._client("ecs")

    @cached_property
    def ec2(self) -> Any:
        """Client for the history of spot prices."""
        return self._client("ec2")

    @cached_property
    def fsx(self) -> Any:
        """Client for file systems of the kind ``fsx``."""
        return self._client("fsx")

    @cached_property
    def efs(self) -> Any:
        """Client for file systems of the kind ``efs``."""
        return self._client("efs")

    @cached_property
    def pricing(self) -> Any:
        """Client for AWS's Price List."""
        return self._client("pricing", self.region if self.region in PRICE_LISTS else PRICE_LISTS[0])

    @property
    def region(self) -> str:
        """The region that the clients talk to."""
        return str(self.batch.meta.region_name)

    def storage(self, url: str) -> Storage:
        """A data root or a workspace, reached with the connection's credentials.

        :param url: ``s3://bucket/prefix`` or a folder.
        """
        if not url.startswith("s3://"):
            return Storage(url)
        own = self.settings.buckets.get(url.removeprefix("s3://").partition("/")[0])
        config = {} if own and own.get("access") == ANONYMOUS else self._storage_config()
        return Storage(url, config_for(own, config), role_of(own, config, os.environ)) if own else Storage(url, config)

    def new_batch_client(self) -> "BatchClient":
        """A further client for AWS Batch, which asks for credentials again; looks no connection up again."""
        return cast("BatchClient", self._client("batch"))

    def new_sqs_client(self) -> Any:
        """A further client for the queue of uploads, with credentials asked for again."""
        return self._client("sqs")

    def new_sns_client(self, region: str) -> Any:
        """A client for topics.

        :param region: of the topic.
        """
        return self._client("sns", region)

    def _client(self, service: Service, region: str | None = None) -> Any:
        connections = S3_CONNECTIONS if service == "s3" else 10
        config = client_config(patient=service not in _FOR_PRICES, connections=connections)
        address = self._endpoint(service)
        try:
            with _MAKING:
                return self.session.client(service, region, config=config, endpoint_url=address)
        except BotoCoreError as error:
            raise ConnectionProblem(
                f'connection {self.conn_id!r}: {error}; add "region" to its extras or set AWS_DEFAULT_REGION'
            ) from error

    def _endpoint(self, service: str) -> str | None:  # noqa: ARG002
        """Address of a service that is not at its usual place; None for the usual one."""
        return self.settings.endpoint_url

    def _storage_config(self) -> dict[str, Any]:
        config: dict[str, Any] = {"region": self.session.region_name} if self.session.region_name else {}
        if (credentials := self.session.get_credentials()) is not None:
            frozen = credentials.get_frozen_credentials()
            config |= {"access_key_id": frozen.access_key, "secret_access_key": frozen.secret_key}
            config |= {"token": frozen.token} if frozen.token else {}
        endpoint = self._endpoint("s3")
        return config | ({"endpoint": endpoint} if endpoint else {})
