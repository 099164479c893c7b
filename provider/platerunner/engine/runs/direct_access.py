"""A connection whose settings are at hand, as commands have it: Airflow is not asked."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from platerunner.engine.access import Access
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_ecr import ECRClient


class DirectAccess(Access):
    """Clients and storages by the credentials of this process's environment.

    :param extras: of the connection, with its roots.
    :param conn_id: its name, for messages.
    :param ecr: what answers in ECR's place where the cloud is an embedded one of this process; None to ask AWS.
    """

    def __init__(self, extras: Mapping[str, Any], conn_id: str = "platerunner", ecr: Any = None) -> None:
        self._ecr = ecr
        self.own_cloud = ecr is not None
        self.conn_id = conn_id
        self._extras = extras

    @cached_property
    def settings(self) -> ConnectionSettings:
        """The connection's settings.

        :raises ConnectionProblem: if it cannot be used.
        """
        settings = ConnectionSettings.from_extra(self.conn_id, self._extras)
        if settings.aws_conn_id is not None:
            raise ConnectionProblem(
                f"connection {self.conn_id!r} takes its credentials from Airflow's connection"
                f" {settings.aws_conn_id!r}, which Airflow alone can read: add --airflow"
            )
        return settings

    @cached_property
    def ecr(self) -> "ECRClient":
        """Client for the container registry."""
        return self._ecr or super().ecr

    @cached_property
    def session(self) -> "boto3.Session":
        """A boto3 session of the environment's credentials."""
        import boto3  # a run that has nothing to do may need no client

        return boto3.Session(region_name=self.settings.region)
