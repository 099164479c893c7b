"""What an attempt's evidence means: one function, for the runner in a container and for Airflow alike."""

from platerunner_unit.judge.rules import judge

__all__ = ["judge"]
