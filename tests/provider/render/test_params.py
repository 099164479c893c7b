"""The trigger form refuses what no step could ask for."""

import pytest
from airflow.sdk.exceptions import ParamValidationError

from platerunner.render.params import airflow_params


def test_resources_that_a_step_can_ask_for_are_taken():
    param = airflow_params({})["resources"]
    assert param.resolve({"analysis": {"memory": "32 GiB", "timeout": "2 h", "capacity": "on_demand"}})
    assert param.resolve(None) is None


@pytest.mark.parametrize("layer", [{"memory": "lots"}, {"mem": "1 GiB"}, {"capacity": "cheap"}, {"timeout": "soon"}])
def test_resources_that_no_step_can_ask_for_are_refused(layer):
    with pytest.raises(ParamValidationError):
        airflow_params({})["resources"].resolve({"analysis": layer})
