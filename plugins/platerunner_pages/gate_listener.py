"""Hears, in the API server, that somebody marked a gate as success there."""

from typing import Any

from airflow.listeners import hookimpl

from platerunner.engine.gates.asked import OPERATOR

ROW = "airflow.models.taskinstance"
"""Module of a task as the API server has it; a task that succeeds by itself reports it in its own process."""


class GateListener:
    """A listener of Airflow's."""

    @hookimpl
    def on_task_instance_success(self, task_instance: Any) -> None:
        """Record it if it is a gate."""
        if type(task_instance).__module__ == ROW and task_instance.operator == OPERATOR:
            # Workers load this listener as well, and need no models of Airflow's database.
            from platerunner_pages.findings.marks import record_mark

            record_mark(task_instance)
