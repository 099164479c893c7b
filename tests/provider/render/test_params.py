"""The trigger form refuses what no step could ask for."""

from pathlib import Path

import pytest
from airflow.sdk.exceptions import ParamValidationError
from hypothesis import given
from hypothesis import strategies as st

from platerunner.engine.planning.context import RunOptions
from platerunner.engine.planning.errors import PlanningError
from platerunner.render.params import airflow_params
from platerunner.spec.loader import load_text

SPEC = """
version: 1
pipeline: lab
workspace: "{{ workspace_root }}"
dataset: {root: "{{ data_root }}", files: {raw: "{plate}/{well}.tif"}}
steps:
  analysis:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{plate}/{well}.tif"}
  split:
    module: command
    image: base:latest
    matrix: {size: [0.5, 2]}
    foreach: [plate]
    inputs: {raw: dataset.raw}
    with: {argv: [ls, "{outputs.made}"]}
    outputs: {made: "split/{matrix.size}/{plate}.tif"}
"""
PIPELINE = load_text(SPEC, Path("lab.yaml"))


def test_resources_that_a_step_can_ask_for_are_taken():
    param = airflow_params({})["resources"]
    assert param.resolve({"analysis": {"memory": "32 GiB", "timeout": "2 h", "capacity": "on_demand"}})
    assert param.resolve(None) is None


@pytest.mark.parametrize("layer", [{"memory": "lots"}, {"mem": "1 GiB"}, {"capacity": "cheap"}, {"timeout": "soon"}])
def test_resources_that_no_step_can_ask_for_are_refused(layer):
    with pytest.raises(ParamValidationError):
        airflow_params({})["resources"].resolve({"analysis": layer})


@pytest.mark.parametrize("name", ["only", "rerun"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "analysis",
        "split-size-0.5",
        "analysis:",
        "analysis:all",
        "analysis:plate=P1/*",
        " well=A0? ",
        "plate=P 1/well=A*",
    ],
)
def test_units_that_can_be_meant_are_taken(name, text):
    assert airflow_params({})[name].resolve([text]) == [text]
    RunOptions.of({"only": [text]}, PIPELINE)


@pytest.mark.parametrize("name", ["only", "rerun"])
@pytest.mark.parametrize("text", ["plate=", "=P1", "analysis:P1", "plate P1", "analysis:plate:P1", "P1/A01", "{}"])
def test_units_that_nothing_can_be_are_refused(name, text):
    with pytest.raises(ParamValidationError):
        airflow_params({})[name].resolve([text])
    with pytest.raises(PlanningError):
        RunOptions.of({"only": [text]}, PIPELINE)


@given(st.text(alphabet="analysis:plte=P1/*? -0.5\n", max_size=30))
def test_the_form_takes_whatever_a_run_takes(text):
    try:
        RunOptions.of({"only": [text]}, PIPELINE)
    except PlanningError:
        return
    assert airflow_params({})["only"].resolve([text]) == [text]
