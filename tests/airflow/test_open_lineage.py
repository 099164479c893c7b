"""Airflow's provider for OpenLineage takes what a step tells it; the stages of each Airflow install it."""

from airflow.providers.openlineage.extractors.base import OperatorLineage
from tests.lab import GOOD, Lab

from platerunner.operators.open_lineage import facets_of


def test_the_provider_takes_what_a_step_read_and_wrote(lab: Lab) -> None:
    lab.write(A01=GOOD)
    told = facets_of(lab.run())
    assert isinstance(told, OperatorLineage)
    assert [(each.namespace, each.name) for each in told.inputs] == [("file", str(lab.folder / "data"))]
    assert [(each.namespace, each.name) for each in told.outputs] == [("file", str(lab.folder / "workspace/made"))]
