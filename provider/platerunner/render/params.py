"""The trigger form: a spec's params as Airflow's."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Param

from platerunner.spec.run_params import RUN_PARAMS


def airflow_params(declared: Mapping[str, Mapping[str, Any]]) -> dict[str, Param]:
    """Params with their types, so that the form and the API refuse what does not fit; those of every run come last.

    :param declared: name to JSON Schema with ``default`` and ``description``; one without a default has to be given.
    """
    return {name: _param(schema) for name, schema in (*declared.items(), *RUN_PARAMS.items())}


def _param(schema: Mapping[str, Any]) -> Param:
    rules = {key: value for key, value in schema.items() if key not in ("default", "description", "required")}
    given = {"default": schema["default"]} if "default" in schema else {}
    return Param(description=schema.get("description"), schema=rules, **given)
