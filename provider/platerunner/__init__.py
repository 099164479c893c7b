"""Platerunner: plate-scale microscopy pipelines on AWS Batch, from a YAML spec, in Apache Airflow."""

__version__ = "0.1.0"
