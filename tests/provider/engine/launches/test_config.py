"""What a file may ask for, and all that is said of one that asks for something else."""

import json
from pathlib import Path

import pytest

from platerunner.engine.launches.config import INVALID, MISSING, InvalidLaunchError, read_config
from platerunner.spec.loader import load_text

SPEC = """
version: 1
pipeline: cells
workspace: "{{ workspace_root }}/cells"
schedule: {on_config: "s3://lab-launches/cells/"}
params:
  plate: {type: string, required: true}
  data: {type: string, default: "s3://lab/raw"}
  sigma: {type: number, default: 2, minimum: 0}
  cycles: {type: array, items: {type: integer}, default: []}
dataset:
  root: "{{ params.data }}"
  files: {raw: "{plate}/{well}.tif"}
  where: {plate: "{{ params.plate }}"}
steps:
  work:
    module: command
    image: base:latest
    foreach: [plate, well]
    inputs: {raw: dataset.raw}
    with: {argv: [cp, "{inputs.raw}", "{outputs.made}"]}
    outputs: {made: "made/{plate}/{well}.tif"}
"""
PIPELINE = load_text(SPEC, Path("cells.yaml"))


def read(text: str | bytes):
    content = text.encode() if isinstance(text, str) else text
    return read_config(content, "a.json", PIPELINE, ("spot", "large"))


def refused(text: str | bytes) -> InvalidLaunchError:
    with pytest.raises(InvalidLaunchError) as raised:
        read(text)
    assert all(problem.message and problem.remedy.endswith((".", "?")) for problem in raised.value.problems)
    return raised.value


def test_json_and_yaml_say_the_same():
    yaml = (
        "launch: b7\npipeline: cells\ndata: s3://other/raw\n"
        "params:\n  plate: 0512\n  cycles: [1, 2]\nonly: work:plate=0512\n"
    )
    text = json.dumps({
        "launch": "b7", "pipeline": "cells", "data": "s3://other/raw", "params": {"plate": "0512", "cycles": [1, 2]},
        "only": ["work:plate=0512"],
    }, indent="\t")  # fmt: skip
    assert read(yaml) == read(text)
    assert read(yaml).params == {
        "plate": "0512", "cycles": [1, 2], "data": "s3://other/raw", "only": ["work:plate=0512"],
    }  # fmt: skip


def test_what_is_null_was_not_filled_in():
    assert read(f'{{{GOOD}, "only": null, "compute": null, "data": null}}') == read(GOOD.join("{}"))


def test_compute_is_the_pool_of_every_step():
    found = read('{"launch": "b7", "pipeline": "cells", "params": {"plate": "P1"}, "compute": "large"}')
    assert found.params["resources"] == {"work": {"pool": "large"}}


def test_all_that_is_missing_or_wrong_is_told_at_once_with_its_line():
    error = refused("pipeline: cell\nparams:\n  sgma: 3\n  sigma: -1\n  cycles: [1, x]\ncompute: huge\ncolour: red\n")
    assert (error.kind, error.launch, error.missing) == (MISSING, "", ("launch", "plate"))
    assert [(problem.line, problem.message.partition(":")[0]) for problem in error.problems] == [
        (1, "`launch` is missing"),
        (1, "files here start `cells`, and not `cell`"),
        (2, "the param `plate` is missing, and has no default"),
        (3, "unknown param `sgma`"),
        (4, "`-1` is no value for the param `sigma`"),
        (5, '`[1, "x"]` is no value for the param `cycles`'),
        (6, "the connection has no queue for the pool `huge`"),
        (7, "unknown key `colour`"),
    ]


GOOD = '"launch": "b7", "pipeline": "cells", "params": {"plate": "P1"}'


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the file is empty"),
        ("[1]", 1, "the file holds a list"),
        ("launch: b7\n\tpipeline: cells\n", 2, ""),
        (b"\xff\xfe\x00", 1, "not UTF-8 text"),
        ("launch: a\nlaunch: b\npipeline: cells\nparams: {plate: P1}\n", 2, "the key `launch` is there twice"),
        (GOOD.replace("b7", "../../etc").join("{}"), 1, "cannot be the name of a launch"),
        (GOOD.replace("b7", "a..b").join("{}"), 1, "cannot be the name of a launch"),
        (GOOD.replace("b7", "a/b").join("{}"), 1, "cannot be the name of a launch"),
        (GOOD.replace("b7", "b" * 81).join("{}"), 1, "cannot be the name of a launch"),
        (GOOD.replace('"b7"', '["b7"]').join("{}"), 1, "cannot be the name of a launch"),
        (GOOD.replace('{"plate": "P1"}', "7").join("{}"), 1, "`params` is no mapping"),
        (f'{{{GOOD}, "only": "wrk:plate=P1"}}', 1, "`wrk:plate=P1`"),
        (f'{{{GOOD}, "compute": 7}}', 1, "no queue for the pool `7`"),
        (f'{{{GOOD}, "compute": ["spot"]}}', 1, 'no queue for the pool `["spot"]`'),
        (f'{{{GOOD}, "only": [["a"]]}}', 1, '`["a"]` names no units'),
        (GOOD.replace('"cells"', '["cells"]').join("{}"), 1, 'and not `["cells"]`'),
        (GOOD.replace('"P1"', "null").join("{}"), 1, "`null` is no value for the param `plate`"),
        ("launch:\npipeline: cells\nparams: {plate: P1}\n", 1, "`launch` is missing"),
        ("launch: a\npipeline: cells\nparams:\n", 3, "the param `plate` is missing"),
        ("!!python/object:os.system {launch: b7}", 1, ""),
    ],
)  # fmt: skip
def test_bad_files_are_told_with_their_line(text, line, said):
    error = refused(text)
    assert (error.problems[0].line, error.kind) in ((line, INVALID), (line, MISSING))
    assert any(said in problem.message for problem in error.problems)


def test_data_for_a_pipeline_without_such_a_param_is_refused():
    other = load_text(
        SPEC.replace('  data: {type: string, default: "s3://lab/raw"}\n', "").replace("{{ params.data }}", "x"),
        Path("cells.yaml"),
    )
    with pytest.raises(InvalidLaunchError, match="has no param `data`"):
        read_config(f'{{{GOOD}, "data": "s3://x"}}'.encode(), "a.json", other, ())
