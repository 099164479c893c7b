"""The door to AWS and to the storages, with the settings of a connection of type `platerunner`."""

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException
from botocore.exceptions import BotoCoreError, ClientError

from platerunner.batch.calls import client_config
from platerunner.engine.access import Access
from platerunner.engine.connection import ConnectionProblem, ConnectionSettings
from platerunner.hooks.connection_id import CONN_ID

if TYPE_CHECKING:
    import boto3

DATA_ROOT = "PLATERUNNER_DATA_ROOT"
WORKSPACE_ROOT = "PLATERUNNER_WORKSPACE_ROOT"


class PlaterunnerHook(Access, BaseHook):
    """Clients and storages for one connection.

    :param conn_id: id of a connection of type ``platerunner``.
    """

    conn_name_attr = "conn_id"
    default_conn_name = CONN_ID
    conn_type = "platerunner"
    hook_name = "Platerunner"

    def __init__(self, conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.conn_id = conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Hide the fields that mean nothing here; the rest of the form is in the provider's ``conn-fields``."""
        return {"hidden_fields": ["host", "schema", "login", "password", "port"], "relabeling": {}, "placeholders": {}}

    @cached_property
    def settings(self) -> ConnectionSettings:
        """The connection's settings; the roots of the environment, where set, go before the connection's.

        :raises ConnectionProblem: if there is no such connection or it cannot be used.
        """
        extra = dict(_extras(self.conn_id))
        for variable, key in ((DATA_ROOT, "data_root"), (WORKSPACE_ROOT, "workspace_root")):
            if root := os.environ.get(variable):
                extra[key] = root
        return ConnectionSettings.from_extra(self.conn_id, extra)

    @cached_property
    def session(self) -> "boto3.Session":
        """A boto3 session with the connection's credentials and region."""
        if self._aws is None:
            import boto3  # takes longer than all of ours, and a DAG file does not need it

            return boto3.Session(region_name=self.settings.region)
        return cast("boto3.Session", self._aws.get_session(region_name=self.settings.region))

    def test_connection(self) -> tuple[bool, str]:
        """Whether the queues can be seen, for the form's test button."""
        try:
            names = sorted(set(self.settings.queues.values()))
            found = self.batch.describe_job_queues(jobQueues=names)["jobQueues"]
        except (ConnectionProblem, BotoCoreError, ClientError) as error:
            return False, str(error)
        seen = {name for queue in found for name in (queue["jobQueueName"], queue["jobQueueArn"])}
        if missing := [name for name in names if name not in seen]:
            return False, f"region {self.region} has no job queue {', '.join(missing)}"
        closed = [q["jobQueueName"] for q in found if q["state"] != "ENABLED"]
        return not closed, f"disabled: {', '.join(closed)}" if closed else f"{len(names)} job queues seen"

    @cached_property
    def _aws(self) -> Any:
        """The amazon provider's hook for the connection's ``aws_conn_id``; None without one."""
        if self.settings.aws_conn_id is None:
            return None
        # Imported late: it costs half a second that connections without `aws_conn_id` need not pay.
        from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

        return AwsBaseHook(
            aws_conn_id=self.settings.aws_conn_id,
            region_name=self.settings.region,
            client_type="batch",
            config=client_config(),
        )

    def _endpoint(self, service: str) -> str | None:
        if self.settings.endpoint_url is not None or self._aws is None:
            return self.settings.endpoint_url
        endpoint: str | None = self._aws.conn_config.get_service_endpoint_url(service_name=service)
        return endpoint


def _extras(conn_id: str) -> dict[str, Any]:
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    remedy = f'add one of type platerunner, or set {variable} to {{"conn_type": "platerunner", "extra": {{...}}}}'
    try:
        connection = BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        if variable in os.environ:
            raise ConnectionProblem(f"{variable} cannot be read as a connection; write it as JSON; {remedy}") from error
        raise ConnectionProblem(f"there is no connection {conn_id!r}; {remedy}") from error
    if connection.conn_type != PlaterunnerHook.conn_type:
        raise ConnectionProblem(f"connection {conn_id!r} is of type {connection.conn_type!r}; {remedy}")
    return cast("dict[str, Any]", connection.extra_dejson)
