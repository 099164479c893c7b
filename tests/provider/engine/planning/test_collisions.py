"""One key, one meaning: no two units, no two steps write one file, and nothing is written that is read as raw."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platerunner.catalog.loader import load_catalog
from platerunner.engine.planning.context import RunContext
from platerunner.engine.planning.errors import PlanningError
from platerunner.engine.planning.prepare import plan_one, plan_pipeline
from platerunner.engine.planning.units.expected import follows
from platerunner.spec.loader import load_text
from platerunner.spec.meeting import may_meet, typed
from platerunner_unit.contract.patterns import Pattern
from platerunner_unit.contract.storage import Storage

SPEC = """
version: 1
pipeline: coll
workspace: "{workspace}"
dataset:
  root: "{{{{ data_root }}}}"
  files: {{raw: "{raw}"}}
defaults: {{image: base:latest}}
steps:
  count:
    module: command
    foreach: [plate, well]
    inputs: {{images: dataset.raw}}
    with: {{argv: [cp, "{{inputs.images}}", "{{outputs.table}}"]}}
    outputs: {{table: "{count}"}}
  gather:
    module: command
    foreach: [plate]
    inputs: {{tables: count.table}}
    with: {{argv: [cp, "{{inputs.tables}}", "{{outputs.all}}"]}}
    outputs: {{all: "{gather}"}}
"""
GOOD = {
    "workspace": "{{ workspace_root }}",
    "raw": "{plate}/{well}.txt",
    "count": "count/{plate}/{well}.csv",
    "gather": "sum/{plate}.csv",
}


def _plan(tmp_path, keys=("P1/A01.txt", "P1/A02.txt"), step=None, **parts):
    data = Storage(str(tmp_path / "data"))
    for key in keys:
        data.put(key, b"x")
    pipeline = load_text(SPEC.format(**(GOOD | parts)), tmp_path / "coll.yaml")
    context = RunContext({}, str(tmp_path / "data"), str(tmp_path / "data/results"), "run-1")
    if step is None:
        return plan_pipeline(pipeline, load_catalog(), context, Storage, {})
    root = context.data_root if "data_root" in parts.get("workspace", "") else context.workspace_root
    workspace = Storage(root)
    return plan_one(pipeline, step, load_catalog(), context, data=data, workspace=workspace, digests=lambda _: None)


def test_what_is_written_once_is_planned(tmp_path):
    assert [len(plan.units) for plan in _plan(tmp_path)] == [2, 1]
    assert [len(plan.units) for plan in _plan(tmp_path, gather="count/{plate}/sum.csv")] == [2, 1]


@pytest.mark.parametrize("gather", ["count/{plate}/A01.csv", "count/{plate}/A0{plate}.csv"])
def test_two_steps_that_write_one_file_are_named(tmp_path, gather):
    keys = ("P1/A01.txt", "P1/A02.txt", "1/A01.txt")
    said = "gather.all of plate=.* and count.table of plate=.*/well=A01 would both write `count/.*/A01.csv`"
    with pytest.raises(PlanningError, match=said):
        _plan(tmp_path, keys, gather=gather)


@pytest.mark.parametrize("step", ["count", "gather"])
def test_a_step_of_a_run_knows_what_another_one_writes(tmp_path, step):
    for well in ("A01", "A02"):  # as count left them
        Storage(str(tmp_path / "data/results")).put(f"count/P1/{well}.csv", b"x")
    with pytest.raises(PlanningError, match=r"gather.all of plate=P1 and count.table of .*`count/P1/A01.csv`"):
        _plan(tmp_path, step=step, gather="count/{plate}/A01.csv")
    assert len(_plan(tmp_path, step=step, gather="count/{plate}/B01.csv").units) == (2 if step == "count" else 1)


def test_the_first_step_of_a_run_tells_what_a_later_one_would_do_to_raw_files(tmp_path):
    with pytest.raises(PlanningError, match=r"gather.all writes `P1/sum.txt`, which"):
        _plan(tmp_path, step="count", workspace="{{ data_root }}", gather="{plate}/sum.txt")


@pytest.mark.parametrize(
    ("parts", "extra"),
    [
        ({}, 0),
        ({"raw": "{plate}/{well:well96}.txt", "gather": "count/{plate}/sum.csv"}, 0),
        ({"gather": "count/{plate}/sum.csv"}, 1),
    ],
)
def test_only_patterns_that_may_meet_cost_a_list(tmp_path, monkeypatch, parts, extra):
    listed, real = [], Storage.list

    def watched(storage, prefix="", after=""):
        listed.append(prefix)
        return real(storage, prefix, after)

    monkeypatch.setattr(Storage, "list", watched)
    _plan(tmp_path, step="count", **parts)
    assert [prefix for prefix in listed if prefix.endswith("/gather/")] == ["_platerunner/outcomes/gather/"] * extra
    assert len(listed) == (4 if extra else 2)


def test_two_units_that_write_one_file_are_named(tmp_path):
    with pytest.raises(PlanningError) as raised:
        _plan(tmp_path, ("P1/1A.txt", "P11/A.txt"), count="count/{plate}{well}.csv", gather="sum/{plate}.csv")
    said = "units plate=P1/well=1A and plate=P11/well=A would both write `count/P11A.csv`"
    assert said in str(raised.value)
    with pytest.raises(PlanningError, match=re.escape(said)):
        _plan(tmp_path, (), step="count", count="count/{plate}{well}.csv")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"workspace": "{{ data_root }}", "gather": "{plate}/sum.txt"}, "gather.all writes `P1/sum.txt`, which"),
        ({"raw": "**/{plate}/{well}.txt", "count": "{plate}/{well}.txt"}, "count.table writes `P1/A01.txt`, which"),
        ({"raw": "{plate}/{well}.txt", "count": "{plate}_{well}.txt"}, "count.table writes `P1_A01.txt`, which"),
    ],
)  # fmt: skip
def test_what_the_dataset_would_read_again_is_refused(tmp_path, parts, said):
    with pytest.raises(PlanningError, match=re.escape(said)):
        _plan(tmp_path, **parts)
    step = said.split(".")[0]
    if step == "count":
        with pytest.raises(PlanningError, match=re.escape(said)):
            _plan(tmp_path, (), step=step, **parts)


@given(
    st.sampled_from(["{w:well96}", "{n:int}", "{w:well96}_{n:int}", "x{n:digits}", "{t:alpha}_1"]),
    st.sampled_from(["a", "A1", "a01", "sum", "x01", "1", "A01_3", "b_1", "{u}", "{u}_1", "x{u}"]),
    st.text("aA01_x3", min_size=1, max_size=4),
)
def test_what_is_known_of_values_hides_no_key_in_common(one, other, key):
    first, second = Pattern.parse(one), Pattern.parse(other)
    if first.match(key) is not None and second.match(key) is not None:
        assert may_meet(first, second)
        assert may_meet(typed(Pattern.parse(one), first.types), second)


TEXTS = ["{a}", "{b}", "{c:int}", "{a}", "x", "_", "/", "/", "y_", "1"]
VALUES = st.fixed_dictionaries(
    {
        "a": st.text("a1_x", min_size=1, max_size=3),
        "b": st.text("b1_y", min_size=1, max_size=3),
        "c": st.integers(0, 12),
    }
)


@settings(deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8), st.lists(VALUES, min_size=2, max_size=12))
def test_values_that_follow_from_keys_make_different_keys(parts, rows):
    text = re.sub(r"/+", "/", "".join(parts)).strip("/")
    if not text:
        return
    pattern = Pattern.parse(text)
    if not follows(pattern, {"a": "text", "b": "text", "c": "int"}):
        return
    values = {tuple(row[name] for name in pattern.wildcards) for row in rows}
    keys = Counter(pattern.format(dict(zip(pattern.wildcards, row, strict=True))) for row in values)
    assert not [key for key, count in keys.items() if count > 1]


@settings(deadline=None)
@given(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=8), st.lists(VALUES, min_size=2, max_size=12))
def test_what_values_there_are_tells_more_than_their_types(parts, rows):
    text = re.sub(r"/+", "/", "".join(parts)).strip("/")
    if not text:
        return
    pattern = Pattern.parse(text)
    types = dict.fromkeys("abc", "text")
    if not follows(pattern, types, lambda name, character: any(character in str(row[name]) for row in rows)):
        assert not follows(pattern, types)
        return
    values = {tuple(str(row[name]) for name in pattern.wildcards) for row in rows}
    keys = Counter(pattern.format(dict(zip(pattern.wildcards, row, strict=True))) for row in values)
    assert not [key for key, count in keys.items() if count > 1]


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("corrected/{plate}/{well}/{plate}_{well}_s{site}_Corr{channel}.tiff", True),
        ("{plate}_{well}.csv", True),
        ("{plate}{well}.csv", False),
        ("{plate}_{channel}.csv", False),
        ("{plate}/{site:digits}.csv", False),
    ],
)
def test_only_doubtful_patterns_are_watched(text, sure):
    types = {"plate": "text", "well": "well96", "site": "int", "channel": "text"}
    assert follows(Pattern.parse(text), types) is sure


@given(st.sampled_from(["{a}/x_{b}.csv", "x/{b}.csv", "{a}/{b}.tif", "{a}", "**/{b}.csv"]),
       st.sampled_from(["{c}/x.csv", "y/{c}_1.csv", "{c}.csv", "y/z/{c}.csv", "{c}"]),
       st.text("xyz_1", min_size=1, max_size=3), st.text("xyz_1", min_size=1, max_size=3))  # fmt: skip
def test_patterns_with_a_key_in_common_may_meet(one, other, a, b):
    first, second = Pattern.parse(one), Pattern.parse(other)
    key = second.format({"c": a + b})
    if first.match(key) is not None:
        assert may_meet(first, second)
        assert may_meet(second, first)
