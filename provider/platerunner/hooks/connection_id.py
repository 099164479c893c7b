"""The connection that everything uses unless told otherwise; apart from the hook, which is slow to import."""

CONN_ID = "platerunner"
