"""The keys of a task's asset events, as Airflow gets them."""

import logging

import pytest
from airflow.sdk import Asset, BaseOperator
from airflow.sdk.execution_time.context import OutletEventAccessors

from platerunner.operators.assets import LONGEST_KEY, add_keys, can_have_keys, outlet_of, update_nothing
from platerunner.spec.steps import StepAsset

PLAIN, KEYED = StepAsset("features"), StepAsset("s3://lab/plates", "plate")

pytestmark = pytest.mark.skipif(not can_have_keys(), reason="this Airflow takes no keys of a task's asset events")


def told(*values: str) -> tuple[BaseOperator, set[str]]:
    """The task afterwards, and the keys that its events have."""
    operator = BaseOperator(task_id="measure", outlets=[outlet_of(PLAIN), outlet_of(KEYED)])
    events = OutletEventAccessors()
    add_keys(operator, {"outlet_events": events}, (PLAIN, KEYED), {"plate": values}.__getitem__)
    return operator, set(events[outlet_of(KEYED)].partition_keys)


def test_each_value_is_the_key_of_an_event():
    operator, keys = told("0512", "Plate 3 & Co")
    assert keys == {"0512", "Plate 3 & Co"}
    assert operator.outlets == [Asset(name="features", group="platerunner"), Asset("s3://lab/plates")]


@pytest.mark.parametrize("values", [(), ("",), (" ",)])
def test_without_a_value_the_asset_is_not_updated(values):
    operator, keys = told(*values)
    assert (operator.outlets, keys) == ([outlet_of(PLAIN)], set())


def test_a_key_too_long_for_airflow_is_left_out_and_told(caplog):
    caplog.set_level(logging.WARNING)
    _, keys = told("P1", "x" * (LONGEST_KEY + 1))
    assert keys == {"P1"}
    assert "s3://lab/plates gets no event for xxx" in caplog.text


def test_a_dry_run_updates_nothing():
    operator = BaseOperator(task_id="measure", outlets=[outlet_of(PLAIN)])
    update_nothing(operator)
    assert operator.outlets == []
