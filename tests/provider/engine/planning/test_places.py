"""What is wrong with a spec and shows only when it is planned names file and line."""

import re

import pytest
from tests.provider.engine.planning.lab import SPEC, Lab

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.find_branches import find_branches
from platerunner.spec.problems import PlacedError
from platerunner_unit.contract.storage import Storage

ROOT, WHERE = 'root: "{{ data_root }}"', 'where: {well: "{{ params.wells }}"}'


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.shoot()
    return lab


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("_{channel}.tif", "_{channel}.TIF", "nothing under"),
        (ROOT, 'root: "{{ data_root }}/no"', "does not exist"),
        (ROOT, 'root: "{{ params.nuclei.x.y }}"', "template `"),
        (WHERE, "where: {plate: P9}", "has the values P1"),
        ("workspace: \"{{ workspace_root }}", "workspace: \"{{ params.nuclei.x.y }}", "template `"),
        ('with: {nuclei: "{{ params.nuclei }}"}', "with: {nuclei: Hoechst}", "is channel `Hoechst`"),
        ('with: {nuclei: "{{ params.nuclei }}"}', 'with: {nuclei: "{{ params.nuclei.x.y }}"}', "template `"),
        ("with: {nuclei: ", 'when: "{{ params.nuclei.x.y }}"\n    with: {nuclei: ', "template `"),
    ],
)  # fmt: skip
def test_an_error_begins_with_file_and_line_of_what_is_wrong(lab, old, new, said):
    assert old in SPEC
    lab.spec = SPEC.replace(old, new, 1)
    line = SPEC[: SPEC.index(old)].count("\n") + 1
    with pytest.raises(PlacedError, match=re.escape(said)) as raised:
        lab.plan_all()
    assert re.match(rf"\S+\.yaml:{line}: ", str(raised.value)), raised.value
    assert str(raised.value).count(".yaml") == 1


def test_a_note_on_what_is_not_there_names_its_line(lab):
    lab.spec = SPEC.replace(WHERE, "where: {plate: [P1, P9]}", 1)
    line = lab.spec[: lab.spec.index("where:")].count("\n") + 1
    notes = [note for plan in lab.plan_all().values() for note in plan.notes]
    assert any(re.search(rf"`where` \(line {line} of \S+\.yaml\) asks for plate P9", note) for note in notes), notes


def test_a_plan_says_that_everything_is_excluded(lab):
    lab.spec = SPEC.replace(ROOT, f"{ROOT}\n  exclude: [{{plate: P1, because: out of focus}}]", 1)
    notes = [note for plan in lab.plan_all().values() for note in plan.notes]
    assert any("leaves out all" in note and "out of focus" in note for note in notes), notes


def test_the_first_task_of_a_split_pipeline_names_the_line_too(lab):
    lab.spec = SPEC.replace("version: 1\n", "version: 1\nsplit: plate\n").replace("_{channel}.tif", "_{channel}.TIF", 1)
    pipeline = lab.pipeline
    with pytest.raises(PlacedError, match=r"\.yaml:\d+: dataset\.raw: nothing under"):
        find_branches(pipeline, lab.context(), Storage(str(lab.images)))


def test_the_catalog_names_a_wildcard_where_a_parameter_is_a_value_of_one():
    assert load_catalog()["imaging.segment-measure"].parameters["nuclei"].values_of == "channel"
