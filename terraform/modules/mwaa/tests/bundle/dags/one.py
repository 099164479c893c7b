"""A DAG file that a test uploads."""
