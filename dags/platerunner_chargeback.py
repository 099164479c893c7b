"""A DAG that writes each month's chargeback beside the connection's shared ledger. Copy it to where you want that."""

from platerunner.render.chargeback import chargeback_dag

dag = chargeback_dag()
