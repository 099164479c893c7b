"""The id of the default connection; apart from the hook, which is slow to import."""

CONN_ID = "platerunner"
