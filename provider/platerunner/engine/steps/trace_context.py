"""The trace of a DAG run, handed to the containers of its units, so that a collector shows them under it."""

from collections.abc import Mapping

SAMPLED = "01"


def trace_variables(carrier: Mapping[str, str], *, tracing: bool) -> dict[str, str]:
    """``TRACEPARENT`` and ``TRACESTATE`` of a task, as W3C trace context names them.

    :param carrier: Airflow's for the task instance; every run has one, whether Airflow traces or not.
    :param tracing: whether Airflow itself does (``[traces] otel_on``). If not, its decision not to sample says nothing
        about the units: they still share the run's trace.
    """
    parent = carrier.get("traceparent", "")
    if not parent:
        return {}
    if not tracing:
        return {"TRACEPARENT": f"{parent.rpartition('-')[0]}-{SAMPLED}"}
    state = carrier.get("tracestate")
    return {"TRACEPARENT": parent, **({"TRACESTATE": state} if state else {})}
