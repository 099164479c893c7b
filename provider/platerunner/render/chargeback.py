"""The DAG that writes what owners and tags owe for the month before."""

from typing import Any

from airflow.sdk import DAG, BaseOperator, Context
from airflow.sdk.exceptions import AirflowSkipException

from platerunner.hooks.connection_id import CONN_ID

DAG_ID = "platerunner_chargeback"
SECOND_OF_MONTH = "0 6 2 * *"
"""A step that ran into the first of a month has collected by then."""


class ChargebackOperator(BaseOperator):
    """Writes the chargeback of a month beside the ledger of a connection.

    :param month: such as ``2026-11`` (templated).
    :param conn_id: connection of type ``platerunner``.
    """

    template_fields = ("month",)

    def __init__(self, *, month: str, conn_id: str = CONN_ID, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.month = month
        self.conn_id = conn_id

    def execute(self, context: Context) -> str:  # noqa: ARG002
        """Write it; the URL of the file.

        :raises AirflowSkipException: if the connection names no shared ledger.
        """
        from platerunner.engine.ledger.chargeback import write_chargeback
        from platerunner.engine.ledger.files import Ledger
        from platerunner.hooks.platerunner import PlaterunnerHook
        from platerunner.operators.common import plain_errors

        hook = PlaterunnerHook(self.conn_id)
        with plain_errors():
            if not hook.settings.ledger:
                raise AirflowSkipException(f"connection {self.conn_id} names no `ledger` that pipelines share")
            url = write_chargeback(Ledger(hook.storage(hook.settings.ledger)), self.month)
        self.log.info("%s", url)
        return url


def chargeback_dag() -> DAG:
    """A DAG that runs on the second of each month, for the month before; `month` in its form asks for another."""
    before = "{{ params.month or (dag_run.run_after.replace(day=1) - macros.timedelta(days=1)).strftime('%Y-%m') }}"
    with DAG(
        dag_id=DAG_ID,
        description="What owners and tags owe for a month, as CSV beside the ledger",
        schedule=SECOND_OF_MONTH,
        catchup=False,
        tags=["platerunner"],
        params={"month": ""},
    ) as dag:
        ChargebackOperator(task_id="write", month=before)
    return dag
