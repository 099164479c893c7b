"""A whole run of a pipeline in one process, without Airflow: what `platerunner run` does on a laptop."""
