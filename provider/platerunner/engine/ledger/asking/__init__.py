"""Named questions to a ledger: the same SQL for DuckDB on a laptop and for Athena on AWS."""
